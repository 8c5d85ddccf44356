// Files, requests and snapshots for the tests of this folder.
#pragma once

#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/path.h"
#include "rules/compiled_policy.h"
#include "rules/credential_action.h"
#include "rules/policy_file.h"
#include "rules/runtime_rules.h"
#include "rules/script.h"
#include "rules/snapshot.h"

namespace sallyport::rules::sample {

constexpr std::string_view kMarker = "mArKeR-7f3a9c";  // the value of secret "token"

// A file with credentials "one" and "two", whose policy "p" has `rules`, one per line from line 9 on, at column 9.
inline std::string file_with(const std::vector<std::string>& rules, std::string_view default_verdict = "deny") {
    std::string text =
        "version: 1\n"
        "secrets: { token: { env: SALLYPORT_RULES_TEST_TOKEN }, absent: { env: SALLYPORT_RULES_TEST_ABSENT } }\n"
        "credentials: { one: { type: bearer, secret: token }, two: { type: bearer, secret: absent }, three: { type: "
        "header, name: X-Auth-Token, value: \"v ${secrets.token}\" }, "
        "four: { type: basic, username: user, password: \"${secrets.token}\" } }\n"
        "sandboxes: { s: { policy: p } }\n"
        "policies:\n"
        "  p:\n";
    text += "    default: " + std::string(default_verdict) + "\n    rules:\n";
    for (const std::string& rule : rules) text += "      - " + rule + '\n';
    return text;
}

inline std::vector<std::string> all_diagnostics(std::string_view text) {
    std::vector<std::string> messages;
    for (const auto& diagnostic : parse_policy_file(text, "f.yaml").diagnostics)
        messages.push_back(to_string(diagnostic));
    return messages;
}

// Empty for none. Warnings that a credential is not used are not what tests are about.
inline std::string first_diagnostic(std::string_view text) {
    for (const std::string& message : all_diagnostics(text)) {
        if (!message.ends_with("is not used")) return message;
    }
    return {};
}

// Empty for none.
inline std::string first_error(std::string_view text) {
    for (const std::string& message : all_diagnostics(text)) {
        if (message.find(": error: ") != std::string::npos) return message;
    }
    return {};
}

// What make_snapshot takes beside the file.
struct Extras {
    secrets::Identity identity{"s", {}, {}};
    std::string runtime_rules;  // a list, as the admin API takes it; empty for none
    std::map<std::string, HandlerRef, std::less<>> host_handlers = {};
    std::optional<HandlerRef> catch_all = {};
    std::optional<ScriptExports> script = {};  // of handlers/vcs.js
};

// Null where anything does not load.
inline std::shared_ptr<const PolicySnapshot> snapshot_with(std::string_view text, const Extras& extras) {
    setenv("SALLYPORT_RULES_TEST_TOKEN", std::string(kMarker).c_str(), 1);
    const ParsedFile parsed = parse_policy_file(text, "f.yaml");
    if (!parsed.file) return nullptr;
    PolicyFile file = *parsed.file;
    if (extras.script) {
        auto script = Script::create("handlers/vcs.js", "", *extras.script);
        if (!script) return nullptr;
        file.scripts.emplace("p", *script);
    }
    auto runtime = std::make_shared<RuntimeRules>();
    runtime->host_handlers = extras.host_handlers;
    runtime->catch_all = extras.catch_all;
    if (!extras.runtime_rules.empty()) {
        runtime->own = parse_runtime_rules(extras.runtime_rules, "runtime.json", file).rules;
        if (runtime->own == nullptr) return nullptr;
    }
    const auto secrets = secrets::SecretSnapshot::load(file.secrets, extras.identity);
    auto snapshot = make_snapshot(file, {"p", extras.identity, runtime}, secrets, Generation{1});
    return snapshot ? *snapshot : nullptr;
}

inline std::shared_ptr<const PolicySnapshot> snapshot_of(std::string_view text, secrets::Params params = {}) {
    return snapshot_with(text, {{"s", std::move(params), {}}, ""});
}

// From "METHOD scheme://host[:port]/path?query".
inline http::CanonicalRequest request_of(std::string_view text) {
    http::CanonicalRequest request;
    const auto space = text.find(' ');
    request.method = text.substr(0, space);
    text.remove_prefix(space + 1);
    request.scheme = text.starts_with("https:") ? http::Scheme::https : http::Scheme::http;
    text.remove_prefix(text.find("//") + 2);
    const auto slash = text.find('/');
    request.authority = http::parse_authority(text.substr(0, slash), request.scheme).value();
    request.target = http::canonical_target(text.substr(slash)).value();
    return request;
}

inline Decision decide(const std::shared_ptr<const PolicySnapshot>& snapshot, std::string_view request,
                       const std::vector<std::pair<std::string, std::string>>& fields = {}) {
    http::HeaderMap headers;
    for (const auto& [name, value] : fields) headers.add(name, value);
    return snapshot->decide(request_of(request), headers);
}

// "allow RULE" or the error's tag and the rule.
inline std::string to_text(const Decision& decision) {
    const auto what = decision.verdict == Verdict::allow ? std::string_view("allow") : tag(decision.error);
    return std::string(what) + ' ' + std::string(decision.rule);
}

// Puts the decision's credential into a head.
inline Result<void> apply(const PolicySnapshot& snapshot, const Decision& decision, http::RequestHead& head) {
    const http::CanonicalRequest canonical;
    SystemRandom random;
    OutgoingRequest request{head, canonical, std::chrono::system_clock::time_point{}, random};
    return snapshot.apply_credential(decision, request);
}

inline std::string verdict_of(const std::shared_ptr<const PolicySnapshot>& snapshot, std::string_view request,
                              const std::vector<std::pair<std::string, std::string>>& fields = {}) {
    return to_text(decide(snapshot, request, fields));
}

}  // namespace sallyport::rules::sample
