// What the admin API says, as JSON. Names, sources and ages; never a value of a secret.
#pragma once

#include <chrono>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "cli/deployment.h"
#include "proxy/live.h"
#include "rules/explain.h"
#include "secrets/refresher.h"

namespace sallyport::cli {

class Gate;

// One line, ASCII only: nothing in it can break a line or colour a terminal.
std::string dump(const nlohmann::ordered_json& json);

// {"diagnostics": [{"severity", "line", "column", "message"}]}; empty for none.
std::string diagnostics_json(const std::vector<rules::Diagnostic>& diagnostics);

// What is in effect for the sandbox, and beside it what the admin API has set (null for nothing).
std::string describe_egress(const rules::SandboxPolicy& policy, const EgressDocument* document);
// `fetched`: of the secrets of stores.
std::string describe_secrets(const Deployment& deployment, const std::vector<secrets::Refresher::Status>& fetched);
nlohmann::ordered_json describe_connection(const proxy::LiveConnection& connection);
// Prometheus lines about the deployment itself.
std::string gauges_text(Gate& gate);
// And about the secrets of stores.
std::string secret_metrics_text(const std::vector<secrets::Refresher::Status>& fetched,
                                std::chrono::system_clock::time_point now);

// What a client needs to use the explicit proxy: the one thing here that holds a password.
std::string describe_proxy_credential(const std::string& sandbox, const std::string& password,
                                      const std::vector<std::string>& places);

struct ExplainBody {
    std::string sandbox;
    rules::Question question;
};
// {"sandbox", "method", "url", "headers"}; method and headers may be missing.
Planned<ExplainBody> parse_explain_body(std::string_view text);

}  // namespace sallyport::cli
