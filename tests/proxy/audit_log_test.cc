#include "proxy/audit_log.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <functional>
#include <thread>

#include "http/header_map.h"
#include "tests/proxy/audit_fixture.h"

namespace sallyport::proxy {
namespace {

using nlohmann::json;

AuditedAct sample_act() {
    AuditedAct act;
    act.caller = "uid 0";
    act.act = "reload";
    act.done = true;
    return act;
}

TEST(AuditLog, OneDecisionIsOneLineOfTheChain) {
    const AuditDirectory directory;
    const auto log = open_log(options_for(directory));
    EXPECT_TRUE(log->record(sample_decision()));
    EXPECT_TRUE(log->record(sample_act()));
    const auto lines = lines_of(directory.log());
    ASSERT_EQ(lines.size(), 2u);
    EXPECT_THAT(
        lines[0],
        testing::MatchesRegex(
            R"(\{"seq":1,"time":"20[0-9-]{8}T[0-9:]{8}\.[0-9]{6}Z","type":"decision",.*,"prev":"0{64}","hash":"[0-9a-f]{64}"\})"));
    EXPECT_EQ(json::parse(lines[1])["prev"], json::parse(lines[0])["hash"]);
    EXPECT_EQ(json::parse(lines[1])["type"], "act");
    EXPECT_EQ(verdict_on({directory.log()}).broken, "");
}

TEST(AuditLog, OneChainGoesThroughAllItsFilesAndStarts) {
    const AuditDirectory directory;
    AuditOptions options = options_for(directory);
    options.rotate_bytes = 3000;
    for (int start = 0; start < 4; ++start) {
        const auto log = open_log(options);
        for (int i = 0; i < 10; ++i) ASSERT_TRUE(log->record(sample_decision()));
    }
    EXPECT_GT(audit_files(directory.log()).size(), 3u);
    const AuditVerdict verdict = verdict_on(audit_files(directory.log()));
    EXPECT_EQ(verdict.broken, "");
    EXPECT_EQ(verdict.first_sequence, 1u);
    EXPECT_EQ(verdict.last_sequence, 40u);
}

TEST(AuditLog, SaysThatAnUnfinishedLineWasCutOff) {
    const AuditDirectory directory;
    ASSERT_TRUE(open_log(options_for(directory))->record(sample_decision()));
    write_text(directory.log(), text_of(directory.log()) + R"({"seq":2,"time":"20)");
    ASSERT_TRUE(open_log(options_for(directory))->record(sample_decision()));
    const auto lines = lines_of(directory.log());
    ASSERT_EQ(lines.size(), 3u);
    EXPECT_EQ(json::parse(lines[1])["type"], "recovered");
    EXPECT_EQ(json::parse(lines[1])["cut_bytes"], 19);
    EXPECT_EQ(verdict_on({directory.log()}).broken, "");
}

TEST(AuditLog, ASecondProcessIsRefused) {
    const AuditDirectory directory;
    const auto log = open_log(options_for(directory));
    const auto second = AuditLog::open(options_for(directory));
    ASSERT_FALSE(second.has_value());
    EXPECT_EQ(second.error().code, ErrorCode::config_invalid);
}

TEST(AuditLog, ThreadsShareOneChain) {
    constexpr int kThreads = 4;
    constexpr int kRecordsEach = 300;
    const AuditDirectory directory;
    AuditOptions options = options_for(directory);
    options.rotate_bytes = 100'000;
    const auto log = open_log(options);
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i) {
        threads.emplace_back([&log, i] {
            for (int n = 0; n < kRecordsEach; ++n) {
                EXPECT_TRUE(n % 100 == i ? log->record(sample_act()) : log->record(sample_decision()));
            }
        });
    }
    for (auto& thread : threads) thread.join();
    const AuditVerdict verdict = verdict_on(audit_files(directory.log()));
    EXPECT_EQ(verdict.broken, "");
    EXPECT_EQ(verdict.lines, std::uint64_t{kThreads * kRecordsEach});
}

// Runs in a child, because the limit is the whole process's.
int with_full_disk(const std::function<int(const std::function<void(bool)>& set_full)>& body) {
    const pid_t child = ::fork();
    if (child == 0) {
        std::signal(SIGXFSZ, SIG_IGN);
        ::_exit(body([](bool full) {
            const rlimit limit{full ? 1000 : RLIM_INFINITY, RLIM_INFINITY};
            ::setrlimit(RLIMIT_FSIZE, &limit);
        }));
    }
    int status = -1;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(AuditLog, AFullDiskIsRefusalUntilThereIsRoomAndIsSaid) {
    const AuditDirectory directory;
    EXPECT_EQ(with_full_disk([&](const auto& set_full) {
                  const auto log = open_log(options_for(directory));
                  set_full(true);
                  int recorded = 0;
                  while (recorded < 100 && log->record(sample_decision())) ++recorded;
                  if (recorded == 0 || recorded == 100) return 1;
                  if (log->record(sample_decision()) || log->record(sample_act())) return 2;
                  set_full(false);
                  return log->record(sample_decision()) ? 0 : 3;
              }),
              0);
    const auto lines = lines_of(directory.log());
    ASSERT_GE(lines.size(), 3u);
    const json resumed = json::parse(lines[lines.size() - 2]);
    EXPECT_EQ(resumed["type"], "resumed");
    EXPECT_EQ(resumed["unrecorded"], 3);
    EXPECT_EQ(verdict_on({directory.log()}).broken, "");
}

// What record() was true for is in the file, whenever the process is killed.
TEST(AuditLog, AKilledProcessLosesNothingThatWasRecorded) {
    const AuditDirectory directory;
    AuditOptions options = options_for(directory);
    options.rotate_bytes = 20'000;
    options.keep = 1000;
    std::uint64_t acknowledged = 0;
    for (int round = 0; round < 10; ++round) {
        int ends[2];
        ASSERT_EQ(::pipe(ends), 0);
        const pid_t child = ::fork();
        if (child == 0) {
            auto log = AuditLog::open(options);
            for (int i = 0; log && i < 1'000'000 && (*log)->record(sample_decision()); ++i) {
                if (::write(ends[1], "+", 1) != 1) break;
            }
            ::_exit(1);
        }
        ::close(ends[1]);
        char byte = 0;
        const int patience = 40 * round + 1;
        for (int i = 0; i < patience && ::read(ends[0], &byte, 1) == 1; ++i) ++acknowledged;
        ::kill(child, SIGKILL);
        while (::read(ends[0], &byte, 1) == 1) ++acknowledged;
        ::close(ends[0]);
        ASSERT_EQ(::waitpid(child, nullptr, 0), child);
    }
    ASSERT_TRUE(open_log(options)->record(sample_decision()));
    const AuditVerdict verdict = verdict_on(audit_files(directory.log()));
    EXPECT_EQ(verdict.broken, "");
    EXPECT_EQ(verdict.first_sequence, 1u);
    EXPECT_GT(verdict.lines, acknowledged);
}

const std::vector<std::string>& hostile_texts() {
    static const std::vector<std::string> texts = {
        "x\r\n{\"seq\":99,\"type\":\"decision\"}\r\n",
        "\n\n\n",
        "\",\"verdict\":\"allow\",\"x\":\"",
        "\\\",\"rule\":\"forged",
        "\\",
        "\x1b[2J\x1b[31mred\x1b]0;title\x07",
        "\xe2\x80\xa8 and \xe2\x80\xa9",
        "\xff\xfe\xc0\xaf\xed\xa0\x80\xf4\x90\x80\x80",
        "\xe2\x80",
        "\x9b"
        "31m",
        std::string("nul\0byte", 8),
        "\x7f\x08\x08\x08",
        "\xf0\x9f\x90\xb4\xe2\x80\xae",
        "\",\"prev\":\"" + std::string(64, '0') + "\",\"hash\":\"" + std::string(64, '0') + "\"}",
        "</script><!--",
    };
    return texts;
}

bool is_printable_ascii(const std::string& text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

void expect_whole_and_unforged(const AuditDirectory& directory, std::size_t records) {
    const auto lines = lines_of(directory.log());
    ASSERT_EQ(lines.size(), records);
    for (std::size_t i = 0; i < lines.size(); ++i) {
        EXPECT_TRUE(is_printable_ascii(lines[i])) << lines[i];
        const json line = json::parse(lines[i]);
        EXPECT_EQ(line["seq"], i + 1);
        EXPECT_EQ(line["verdict"], "deny");
        EXPECT_EQ(line["rule"], "read-acme");
        EXPECT_FALSE(line.contains("x"));
    }
    const AuditVerdict verdict = verdict_on({directory.log()});
    EXPECT_EQ(verdict.broken, "");
    EXPECT_EQ(verdict.lines, records);
}

TEST(AuditLog, X14_NoByteOfAnyFieldFakesOrBreaksARecord) {
    const AuditDirectory directory;
    const auto log = open_log(options_for(directory));
    std::size_t records = 0;
    for (const std::string& text : hostile_texts()) {
        for (auto field : {&AuditedDecision::sandbox, &AuditedDecision::policy, &AuditedDecision::method,
                           &AuditedDecision::scheme, &AuditedDecision::host, &AuditedDecision::target,
                           &AuditedDecision::credential, &AuditedDecision::handler, &AuditedDecision::action}) {
            const Error error{ErrorCode::bad_request, text};
            AuditedDecision decision = sample_decision();
            decision.allowed = false;
            decision.error = &error;
            decision.*field = text;
            ASSERT_TRUE(log->record(decision));
            ++records;
        }
    }
    expect_whole_and_unforged(directory, records);
}

TEST(AuditLog, X14_NoHeaderAndNoTargetBreaksTheReplayMode) {
    const AuditDirectory directory;
    AuditOptions options = options_for(directory);
    options.replay = true;
    const auto log = open_log(options);
    for (const std::string& text : hostile_texts()) {
        http::HeaderMap headers;
        headers.add(text, "value");
        headers.add("name", text);
        http::CanonicalRequest request{
            text, http::Scheme::https, {text, 443, false}, {text, text + "x", text, true, true}};
        AuditedDecision decision = sample_decision();
        decision.allowed = false;
        decision.target = text;
        decision.request = &request;
        decision.headers = &headers;
        ASSERT_TRUE(log->record(decision));
    }
    expect_whole_and_unforged(directory, hostile_texts().size());
    std::size_t seen = 0;
    const auto without = read_decisions({directory.log()}, [&](const rules::RecordedDecision& decision) {
        EXPECT_EQ(decision.headers.at(1).value, hostile_texts()[seen]);
        EXPECT_EQ(decision.request.target.path, hostile_texts()[seen++]);
    });
    EXPECT_EQ(without.value_or(1), 0u);
    EXPECT_EQ(seen, hostile_texts().size());
}

}  // namespace
}  // namespace sallyport::proxy
