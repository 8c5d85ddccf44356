// A deployment's file of any bytes: it loads or says why, never both and never neither, and what loads can decide.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "http/path.h"
#include "rules/compiled_policy.h"
#include "rules/policy_file.h"
#include "rules/script.h"
#include "rules/snapshot.h"

namespace {

using namespace sallyport;

void decide_some(const rules::PolicySnapshot& snapshot) {
    http::HeaderMap headers;
    headers.add("Accept", "text/html");
    for (const auto* target : {"/", "/repos/acme/x?page=1&sort=up", "/a/../b?x;y=%"}) {
        auto canonical = http::canonical_target(target);
        if (!canonical) continue;
        for (const auto* host : {"a.example", "b.a.example", "10.20.1.1"}) {
            http::CanonicalRequest request{"GET", http::Scheme::https, {host, 443, host[0] == '1'}, *canonical};
            const auto decision = snapshot.decide(request, headers);
            const auto reach = snapshot.reach(request.scheme, host, request.authority.is_address, 443);
            const bool is_allowed = decision.verdict == rules::Verdict::allow;
            // A rule may allow what an earlier one passes through uninspected.
            SALLYPORT_CHECK(!is_allowed || reach != rules::Reach::denied);
            if (!is_allowed || decision.credential_index < 0) continue;
            SALLYPORT_CHECK(!request.authority.is_address);
            http::RequestHead head;
            head.target = target;
            SALLYPORT_CHECK(snapshot.apply_credential(decision, head).has_value());
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto parsed = rules::parse_policy_file(text, "fuzz.yaml");
    bool has_error = false;
    for (const auto& diagnostic : parsed.diagnostics) {
        has_error |= diagnostic.severity == rules::Severity::error;
        for (const char c : rules::to_string(diagnostic)) SALLYPORT_CHECK(c >= ' ' && c <= '~');
    }
    SALLYPORT_CHECK(has_error == (parsed.file == nullptr));
    if (!parsed.file) return 0;
    const auto secrets = secrets::SecretSnapshot::load({}, {});
    rules::PolicyFile file = *parsed.file;
    for (const auto& [name, policy] : file.policies) {
        if (policy->script_file.empty()) continue;
        file.scripts[name] = *rules::Script::create(policy->script_file, "", {{"a.example"}, {"h"}, size % 2 == 0});
    }
    for (const auto& [name, policy] : file.policies) {
        const auto snapshot = rules::make_snapshot(file, {name, {}, nullptr}, secrets, Generation{1});
        SALLYPORT_CHECK(snapshot.has_value());
        decide_some(**snapshot);
    }
    return 0;
}
