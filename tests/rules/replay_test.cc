#include "rules/replay.h"

#include <gtest/gtest.h>

#include "rules/compiled_policy.h"
#include "tests/rules/sample.h"

namespace sallyport::rules {
namespace {

// As the audit log would hold it after it was decided under this file.
RecordedDecision recorded(const std::string& text, const Question& question, const sample::Extras& extras = {}) {
    const auto snapshot = sample::snapshot_with(text, extras);
    const auto asked = ask(question).value();
    const Decision decision = snapshot->decide(asked.request, asked.headers);
    RecordedDecision record{7,
                            "s",
                            "p",
                            asked.request,
                            asked.headers,
                            decision.verdict == Verdict::allow,
                            std::string(decision.rule),
                            std::string(decision.credential),
                            {}};
    if (!record.allowed) record.error = tag(decision.error);
    return record;
}

std::string replayed(const RecordedDecision& record, const std::string& text) {
    const auto file = parse_policy_file(text, "f.yaml").file;
    if (file == nullptr) return sample::first_diagnostic(text);
    const ReplayedDecision result = replay(record, *file);
    EXPECT_EQ(result.sequence, record.sequence);
    EXPECT_EQ(result.sandbox, record.sandbox);
    return (result.changed ? "changed: " : "same: ") + result.before + " | " + result.after;
}

const Question kGet{"GET", "https://a.example/x?q=1", {}};

TEST(Replay, SaysWhatWouldBeDecidedNow) {
    const std::string open = sample::file_with({"{ name: read, host: a.example, credential: one }"});
    const auto record = recorded(open, kGet);
    EXPECT_EQ(replayed(record, open),
              "same: allowed by read with credential one | allowed by read with credential one");
    EXPECT_EQ(replayed(record, sample::file_with({"{ name: read, host: a.example, methods: [PUT] }"})),
              "changed: allowed by read with credential one | denied by default");
    EXPECT_EQ(replayed(record, sample::file_with({"{ name: other, host: a.example, credential: three }"})),
              "changed: allowed by read with credential one | allowed by other with credential three");
    EXPECT_EQ(replayed(record, sample::file_with({"{ name: other, host: a.example, credential: one }"})),
              "same: allowed by read with credential one | allowed by other with credential one");
    EXPECT_EQ(replayed(record, sample::file_with({"{ name: read, host: a.example, credential: one }",
                                                  "{ name: no, host: a.example, deny: true }"})),
              "changed: allowed by read with credential one | denied by no");
    const auto denied = recorded(sample::file_with({"{ host: b.example }"}), kGet);
    EXPECT_EQ(replayed(denied, open), "changed: denied by default (denied) | allowed by read with credential one");
}

TEST(Replay, SecretsCountAsThere) {
    // Two is the credential whose secret is missing.
    const std::string lacking = sample::file_with({"{ name: read, host: a.example, credential: two }"});
    const auto record = recorded(lacking, kGet);
    EXPECT_FALSE(record.allowed);
    EXPECT_EQ(replayed(record, lacking),
              "same: denied by read with credential two (secret_unavailable) | allowed by read with credential two");
}

TEST(Replay, TheFilesEntryForTheSandboxCounts) {
    const std::string text = sample::file_with({"{ host: a.example }"}) + "  q:\n    default: allow\n";
    auto record = recorded(text, kGet);
    record.policy = "q";
    // Sandbox s is under p.
    EXPECT_EQ(replayed(record, text), "same: allowed by rules[0] | allowed by rules[0]");
    record.sandbox = "stranger";
    EXPECT_EQ(replayed(record, text), "same: allowed by rules[0] | allowed by default");
    record.policy = "gone";
    EXPECT_EQ(replayed(record, text), "changed: allowed by rules[0] | denied: the file has no policy for this sandbox");
}

TEST(Replay, WhatAScriptDecidedIsLeftToItUnlessADenyComesFirst) {
    const std::string script = "    script: handlers/vcs.js\n";
    const std::string text = sample::file_with({"{ host: b.example }"}) + script;
    sample::Extras extras;
    extras.script = ScriptExports{{"a.example"}, {}, false};
    const auto record = recorded(text, kGet, extras);
    EXPECT_EQ(replayed(record, text),
              "same: allowed by outboundByHost[a.example] | left to the script: outboundByHost[a.example]");
    EXPECT_EQ(replayed(record, sample::file_with({"{ host: a.example, deny: true }"}) + script),
              "changed: allowed by outboundByHost[a.example] | denied by rules[0]");
    EXPECT_EQ(replayed(record, sample::file_with({"{ host: b.example }"})),
              "changed: allowed by outboundByHost[a.example] | denied by default");
    // With the script at hand, it is asked.
    auto file = *parse_policy_file(text, "f.yaml").file;
    file.scripts.emplace("p", *Script::create("handlers/vcs.js", "", ScriptExports{{"other.example"}, {}, false}));
    EXPECT_EQ(replay(record, file).after, "denied by default");
}

TEST(Replay, OneReplayerDecidesForManySandboxes) {
    const auto file = parse_policy_file(sample::file_with({"{ host: a.example }"}), "f.yaml").file;
    ASSERT_NE(file, nullptr);
    auto record = recorded(sample::file_with({"{ host: a.example }"}), kGet);
    Replayer replayer(*file);
    for (int i = 0; i < 100; ++i) {
        record.sandbox = "agent-" + std::to_string(i % 10);
        EXPECT_FALSE(replayer.replay(record).changed);
    }
    EXPECT_EQ(replayer.replay(record).request, "GET https://a.example/x?q=1");
}

}  // namespace
}  // namespace sallyport::rules
