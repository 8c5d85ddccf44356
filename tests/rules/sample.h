// Files, requests and snapshots for the tests of this folder.
#pragma once

#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "http/path.h"
#include "rules/policy_file.h"
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

inline std::shared_ptr<const PolicySnapshot> snapshot_of(std::string_view text, secrets::Params params = {}) {
    setenv("SALLYPORT_RULES_TEST_TOKEN", std::string(kMarker).c_str(), 1);
    const ParsedFile parsed = parse_policy_file(text, "f.yaml");
    if (!parsed.file) return nullptr;
    const auto secrets = secrets::SecretSnapshot::load(parsed.file->secrets, params);
    auto snapshot = make_snapshot(*parsed.file, {"p", std::move(params)}, secrets, Generation{1});
    return snapshot ? *snapshot : nullptr;
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
inline std::string verdict_of(const std::shared_ptr<const PolicySnapshot>& snapshot, std::string_view request,
                              const std::vector<std::pair<std::string, std::string>>& fields = {}) {
    const Decision decision = decide(snapshot, request, fields);
    const auto what = decision.verdict == Verdict::allow ? std::string_view("allow") : tag(decision.error);
    return std::string(what) + ' ' + std::string(decision.rule);
}

}  // namespace sallyport::rules::sample
