// Small policies made of the input's bytes: what prove() says holds against every request over a few hosts, ports,
// methods, paths, keys and fields; and a rule that the check says can never match, never does.
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/check.h"
#include "rules/compiled_policy.h"
#include "rules/coverage.h"
#include "rules/explain.h"
#include "rules/place_pattern.h"
#include "rules/prove.h"
#include "rules/rules_only.h"

namespace {

using namespace sallyport;
using namespace sallyport::rules;

class Bytes {
public:
    Bytes(const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}

    unsigned below(unsigned bound) { return at_ < size_ ? data_[at_++] % bound : 0; }
    bool is_set() { return below(2) == 1; }
    bool is_empty() const { return at_ >= size_; }
    template <std::size_t Count>
    std::string pick(const std::array<const char*, Count>& from) {
        return from[below(Count)];
    }

private:
    const std::uint8_t* data_;
    std::size_t size_;
    std::size_t at_ = 0;
};

// A pattern over few characters.
std::string pattern(Bytes& bytes, std::string text) {
    constexpr std::array<const char*, 7> kParts{"a", "b", "/", "*", "**", ".", "%20"};
    for (unsigned i = bytes.below(5); i > 0; --i) text += bytes.pick(kParts);
    return '"' + text + '"';
}

std::string rule(Bytes& bytes) {
    constexpr std::array<const char*, 6> kHosts{"acme.example",    "x.acme.example",   "*.acme.example",
                                                "**.acme.example", "*.x.acme.example", "y.x.acme.example"};
    constexpr std::array<const char*, 4> kPorts{"443", "8443", "[443, 8443]", "[80, 8443]"};
    constexpr std::array<const char*, 3> kMethods{"GET", "PUT", "GET, PUT"};
    std::string text = "{ host: \"" + bytes.pick(kHosts) + '"';
    const unsigned kind = bytes.below(8);
    if (bytes.is_set()) text += ", port: " + bytes.pick(kPorts);
    if (kind == 0) return text + ", scheme: https, tls: passthrough }";
    if (bytes.is_set()) text += ", methods: [" + bytes.pick(kMethods) + "]";
    if (bytes.is_set()) text += ", paths: [" + pattern(bytes, "/") + ", " + pattern(bytes, "/") + "]";
    if (bytes.is_set()) text += ", query: { q: " + pattern(bytes, "") + " }";
    if (bytes.is_set()) text += ", headers: { h: " + pattern(bytes, "") + " }";
    if (kind <= 2) return text + ", deny: true }";
    if (kind <= 5) text += ", credential: one";
    if (kind == 5) text += ", upstream: \"https://x.acme.example:8443\"";
    return text + " }";
}

std::string place(Bytes& bytes) {
    constexpr std::array<const char*, 5> kPlaces{"x.acme.example", "*.acme.example", "**.acme.example",
                                                 "x.acme.example:8443", "acme.example"};
    std::string text = bytes.pick(kPlaces);
    if (!bytes.is_set()) return text;
    const std::string path = pattern(bytes, "/");
    return text + path.substr(1, path.size() - 2);
}

const std::vector<AskedRequest>& all_requests() {
    static const std::vector<AskedRequest> kAll = [] {
        std::vector<AskedRequest> all;
        for (const std::string host :
             {"acme.example", "x.acme.example", "z.acme.example", "y.x.acme.example", "z.z.acme.example"}) {
            for (const std::string port : {"", ":8443"}) {
                for (const std::string path :
                     {"/", "/a", "/b", "/a/", "/a/b", "/ab", "/c/c", "/a%20", "/a.", "/a//b"}) {
                    for (const std::string query : {"", "?q=a", "?q=ab", "?q=c&q=a"}) {
                        for (const std::string header : {"", "a", "c"}) {
                            Question question{
                                path == "/b" ? "PUT" : "GET", "https://" + host + port + path + query, {}};
                            if (!header.empty()) question.headers.emplace_back("h", header);
                            all.push_back(ask(question).value());
                        }
                    }
                }
            }
        }
        return all;
    }();
    return kAll;
}

bool is_outside(const std::vector<PlacePattern>& places, const AskedRequest& asked, const Explanation& explanation) {
    const http::Authority& to = asked.request.authority;
    Origin origin{asked.request.scheme, to.host, false, to.port};
    if (!explanation.upstream.empty()) origin = {http::Scheme::https, "x.acme.example", false, 8443};
    for (const PlacePattern& each : places) {
        if (!each.holds(origin)) continue;
        const auto& target = asked.request.target;
        if (!each.path || (target.path != "*" && !target.ambiguous && each.path->matches(target.path))) return false;
    }
    return true;
}

bool leaks(const PolicySnapshot& snapshot, const AskedRequest& asked, const std::vector<PlacePattern>& places) {
    // Secrets are missing: what has a credential is denied for that reason alone.
    if (snapshot.decide(asked.request, asked.headers).error != ErrorCode::secret_unavailable) return false;
    const Explanation explanation = explain(snapshot, asked);
    return explanation.error == "secret_unavailable" && is_outside(places, asked, explanation);
}

void check_coverage(const CompiledPolicy& policy) {
    const Coverage coverage(policy);
    for (std::uint32_t i = 0; i < policy.rules.size(); ++i) {
        if (policy.rules[i].deny) continue;
        Budget budget(200'000);
        const Covered covered = coverage.of(i, budget);
        if (covered.outcome != Search::none) continue;
        for (const AskedRequest& asked : all_requests()) {
            const auto found = look_up(policy, asked.request, asked.headers);
            const auto connection = look_up_endpoint(policy, Traffic::https, asked.request.authority.host, false,
                                                     asked.request.authority.port);
            const bool is_intercepted =
                connection.denying == nullptr && connection.matching != nullptr && !connection.matching->passthrough;
            SALLYPORT_CHECK(found.denying != nullptr || !is_intercepted || found.matching != &policy.rules[i] ||
                            found.is_path_ambiguous);
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Bytes bytes(data, size);
    std::vector<std::string> texts;
    std::vector<PlacePattern> places;
    for (unsigned i = bytes.below(3); i > 0; --i) {
        const std::string text = place(bytes);
        const auto parsed = parse_place_pattern(text);
        if (!parsed) continue;
        texts.push_back(text);
        places.push_back(*parsed);
    }
    std::string text =
        "version: 1\nsecrets: { s: { env: S } }\ncredentials: { one: { type: bearer, secret: s } }\npolicies:\n  p:\n  "
        "  rules:\n";
    for (unsigned i = 0; i < 6 && (i == 0 || !bytes.is_empty()); ++i) text += "      - " + rule(bytes) + '\n';
    const auto file = parse_policy_file(text, "fuzz.yaml").file;
    if (file == nullptr) return 0;
    const auto& policy = file->policies.at("p");
    check_coverage(*policy);
    const auto snapshot = snapshot_of_rules(policy, nullptr, {});
    const Proof proof = prove(*file, {"one", texts, "", nullptr}).value();
    if (proof.outcome == ProofOutcome::refuted) {
        const auto asked = ask(proof.counterexample);
        SALLYPORT_CHECK(asked.has_value() && leaks(*snapshot, *asked, places));
    } else if (proof.outcome == ProofOutcome::proved) {
        for (const AskedRequest& asked : all_requests()) SALLYPORT_CHECK(!leaks(*snapshot, asked, places));
    }
    return 0;
}
