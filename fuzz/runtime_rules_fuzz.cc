// A policy and a list of rules of any bytes, as they come over the admin API: they load or say why, and what loads can
// decide beside the file's own policy. Between the two: a line "---8<---".
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "http/path.h"
#include "rules/compiled_policy.h"
#include "rules/runtime_rules.h"
#include "rules/script.h"
#include "rules/snapshot.h"

namespace {

using namespace sallyport;

constexpr std::string_view kFile = R"(
version: 1
secrets: { token: { env: PATH } }
credentials: { one: { type: bearer, secret: token } }
policies: { p: { rules: [ { host: a.example, credential: one }, { host: "**.deny.example", deny: true } ] } }
)";
constexpr std::string_view kCut = "\n---8<---\n";

void check_diagnostics(const std::vector<rules::Diagnostic>& diagnostics, bool is_loaded) {
    bool has_error = false;
    for (const auto& diagnostic : diagnostics) {
        has_error |= diagnostic.severity == rules::Severity::error;
        for (const char c : rules::to_string(diagnostic)) SALLYPORT_CHECK(c >= ' ' && c <= '~');
    }
    SALLYPORT_CHECK(has_error != is_loaded);
}

void check_decision(const rules::PolicySnapshot& snapshot, const http::CanonicalRequest& request) {
    for (const auto handlers : {rules::Handlers::consult, rules::Handlers::skip}) {
        const auto decision = snapshot.decide(request, {}, handlers);
        const bool is_allowed = decision.verdict == rules::Verdict::allow;
        SALLYPORT_CHECK(!is_allowed || request.authority.host != "x.deny.example");
        SALLYPORT_CHECK(!is_allowed || (decision.action == rules::Action::handler) == (decision.handler != nullptr));
        SALLYPORT_CHECK(handlers == rules::Handlers::consult || decision.handler == nullptr);
        if (decision.credential_index < 0) continue;
        http::RequestHead head;
        head.target = "/";
        SALLYPORT_CHECK(is_allowed && snapshot.apply_credential(decision, head).has_value());
    }
}

void decide_some(const rules::PolicySnapshot& snapshot) {
    const auto target = http::canonical_target("/a/b?c=d");
    for (const auto* host : {"a.example", "b.a.example", "x.deny.example", "10.20.1.1"}) {
        for (const std::uint16_t port : {443, 8443, 22}) {
            const bool is_address = host[0] == '1';
            check_decision(snapshot, {"GET", http::Scheme::https, {host, port, is_address}, *target});
            const auto reach = snapshot.reach(http::Scheme::https, host, is_address, port);
            const auto tunnel = snapshot.decide_tunnel(rules::TunnelKind::passthrough, host, is_address, port);
            SALLYPORT_CHECK(tunnel.verdict == rules::Verdict::deny || reach == rules::Reach::passthrough);
            (void)snapshot.decide_tunnel(rules::TunnelKind::tcp, host, is_address, port);
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const auto kParsed = rules::parse_policy_file(kFile, "file");
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const auto cut = input.find(kCut);
    const auto policy_text = input.substr(0, cut);
    const auto rules_text = cut == input.npos ? input : input.substr(cut + kCut.size());
    rules::PolicyFile file = *kParsed.file;
    const auto policy = rules::parse_policy(policy_text, "p", "PUT", file);
    check_diagnostics(policy.diagnostics, policy.policy != nullptr);
    const auto own = rules::parse_runtime_rules(rules_text, "rules", file);
    check_diagnostics(own.diagnostics, own.rules != nullptr);
    if (policy.policy) {
        file.policies["q"] = policy.policy;
        if (!policy.policy->script_file.empty()) {
            file.scripts["q"] = *rules::Script::create("s.js", "", {{"*.a.example"}, {"h"}, true});
        }
    }
    auto runtime = std::make_shared<rules::RuntimeRules>();
    runtime->own = own.rules;
    if (size % 2 == 1)
        runtime->host_handlers.emplace("a.example", rules::HandlerRef{rules::HandlerKind::named, "h", ""});
    const secrets::Identity identity{"s", {}, {}};
    const auto secrets = secrets::SecretSnapshot::load(file.secrets, identity);
    if (const auto p = rules::make_snapshot(file, {"p", identity, runtime}, secrets, Generation{1})) decide_some(**p);
    const auto q = file.policies.contains("q")
                       ? rules::make_snapshot(file, {"q", identity, nullptr}, secrets, Generation{1})
                       : rules::make_snapshot(file, {"p", identity, nullptr}, secrets, Generation{1});
    SALLYPORT_CHECK(q.has_value());
    // Only the file's own policy has the deny that check_decision() knows.
    if (!file.policies.contains("q")) decide_some(**q);
    return 0;
}
