// One credential as a file has it, put into a request: what the tests of credentials' kinds are made of.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/rules/sample.h"

namespace sallyport::rules::sample {

// Secrets `token` (kMarker), `absent` (which is not there) and `odd` (what must be encoded), the credential "c", and a rule
// for https://a.example.
inline constexpr std::string_view kOdd = "o d/d+&=%;,\"ü";

inline std::string file_with_credential(const std::string& credential, const std::string& rule_keys = {}) {
    setenv("SALLYPORT_RULES_TEST_ODD", std::string(kOdd).c_str(), 1);
    return "version: 1\nsecrets: { token: { env: SALLYPORT_RULES_TEST_TOKEN }, absent: { env: SALLYPORT_RULES_TEST_ABSENT }, "
           "odd: { env: SALLYPORT_RULES_TEST_ODD } }\n"
           "credentials:\n  c: " +
           credential + "\npolicies: { p: { rules: [ { host: a.example, credential: c" + rule_keys + " } ] } }\n";
}

using Fields = std::vector<std::pair<std::string, std::string>>;

struct Sent {
    Result<void> outcome;
    http::RequestHead head;
    // The credential's own answer where it cannot be had: then nothing was applied.
    std::string field(std::string_view name) const { return std::string(head.headers.get(name).value_or("")); }
    std::string why() const { return outcome ? "" : std::string(tag(outcome.error().code)) + ": " + outcome.error().detail; }
};

// What goes out for "GET target" with these fields.
inline Sent send(const std::string& credential, const std::string& target = "/x", const Fields& fields = {},
                 const secrets::Identity& identity = {"s", {}, {}}, const std::string& rule_keys = {}) {
    const auto snapshot = snapshot_with(file_with_credential(credential, rule_keys), {identity, ""});
    if (snapshot == nullptr) return {failure(ErrorCode::config_invalid, "does not load"), {}};
    Sent sent;
    sent.head.method = "GET";
    sent.head.target = target;
    for (const auto& [name, value] : fields) sent.head.headers.add(name, value);
    const Decision decision = decide(snapshot, "GET https://a.example/", fields);
    if (decision.verdict == Verdict::deny) {
        sent.outcome = failure(decision.error, "denied");
    } else {
        sent.outcome = apply(*snapshot, decision, sent.head);
    }
    return sent;
}

// Why the credential cannot be rendered; empty where it can.
inline std::string render_fault(const std::string& credential, const secrets::Identity& identity = {"s", {}, {}}) {
    const auto snapshot = snapshot_with(file_with_credential(credential), {identity, ""});
    if (snapshot == nullptr) return "does not load";
    const auto secrets = secrets::SecretSnapshot::load(
        {{"token", secrets::SourceKind::env, "SALLYPORT_RULES_TEST_TOKEN"}, {"odd", secrets::SourceKind::env, "SALLYPORT_RULES_TEST_ODD"}},
        identity);
    const auto action = render(snapshot->policy().credentials.front(), identity, secrets);
    return action ? "" : action.error().detail;
}

// The first thing that is wrong with a credential's entry: "COLUMN: error: …" in line 4, where the entry begins at column 6.
inline std::string reading_fault(const std::string& credential) {
    const std::string diagnostic = first_diagnostic(
        "version: 1\nsecrets: { token: { env: T }, absent: { env: U } }\ncredentials:\n  c: " + credential + "\n");
    return diagnostic.starts_with("f.yaml:4:") ? diagnostic.substr(9) : diagnostic;
}

}  // namespace sallyport::rules::sample
