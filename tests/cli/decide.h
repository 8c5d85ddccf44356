// What snapshots say of requests, as text that tests compare.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "rules/credential_action.h"
#include "rules/explain.h"
#include "rules/snapshot.h"

namespace sallyport::cli {

// "allow RULE", "allow RULE with AUTHORIZATION" (the value that would be sent), or "deny RULE" and the error's tag.
inline std::string decide(const rules::PolicySnapshot& snapshot, const std::string& url, const std::string& method = "GET") {
    const auto asked = rules::ask({method, url, {}});
    if (!asked) return std::string(tag(asked.error().code));
    const rules::Decision decision = snapshot.decide(asked->request, asked->headers);
    const std::string rule(decision.rule);
    if (decision.verdict == rules::Verdict::deny) return "deny " + rule + ": " + std::string(tag(decision.error));
    if (decision.action == rules::Action::handler) return "handler " + rule;
    if (decision.credential.empty()) return "allow " + rule;
    http::RequestHead head;
    head.method = method;
    head.target = "/";
    SystemRandom random;
    rules::OutgoingRequest request{head, asked->request, std::chrono::system_clock::time_point{}, random};
    const auto applied = snapshot.apply_credential(decision, request);
    if (!applied) return "deny " + rule + ": " + std::string(tag(applied.error().code));
    return "allow " + rule + " with " + std::string(head.headers.get("Authorization").value_or("nothing"));
}

inline std::string decide(const std::shared_ptr<const rules::PolicySnapshot>& snapshot, const std::string& url,
                          const std::string& method = "GET") {
    return snapshot ? decide(*snapshot, url, method) : "no snapshot";
}

}  // namespace sallyport::cli
