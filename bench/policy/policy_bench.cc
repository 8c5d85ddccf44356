// How long a large deployment's file takes to load, and a decision under it: 10,000 rules and 10,000 sandboxes. Time is
// the thread's CPU time, so that a busy machine says the same. `policy_bench [RULES SANDBOXES]`.
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "http/path.h"
#include "rules/compiled_policy.h"
#include "rules/policy_file.h"
#include "rules/shared_credentials.h"
#include "rules/snapshot.h"

namespace {

using namespace sallyport;

double cpu_seconds() {
    timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

struct Size {
    std::size_t rules = 10'000;
    std::size_t sandboxes = 10'000;
};

std::string number(std::size_t n) { return std::to_string(n); }

// Rules as people write them: hosts of their own, some with methods and paths, some with a credential, some wildcards.
std::string rule(std::size_t n) {
    const std::string host = "svc-" + number(n) + ".team-" + number(n % 97) + ".example.com";
    switch (n % 5) {
        case 0: return "{ host: " + host + ", methods: [GET, HEAD], paths: [\"/repos/acme/**\"], credential: github }";
        case 1: return "{ host: " + host + " }";
        case 2: return "{ name: wide-" + number(n) + ", host: \"*." + host + "\", credential: vcs }";
        case 3: return "{ host: \"**." + host + "\", deny: true }";
        default: return "{ host: " + host + ", port: 8443, query: { ref: \"main*\" } }";
    }
}

std::string yaml_file(const Size& size) {
    std::string text =
        "version: 1\n"
        "secrets:\n"
        "  vcs_token: { env: SALLYPORT_BENCH_TOKEN }\n"
        "  github_pat: { env: SALLYPORT_BENCH_TOKEN }\n"
        "  tenant_pat: { env: \"SALLYPORT_BENCH_${params.tenant}\" }\n"
        "credentials:\n"
        "  vcs: { type: header, name: X-Auth-Token, value: \"${secrets.vcs_token}\" }\n"
        "  github: { type: bearer, secret: github_pat }\n"
        "  tenant: { type: bearer, secret: tenant_pat }\n"
        "policies:\n"
        "  coding-agent:\n"
        "    rules:\n"
        "      - { host: tenant.example.com, credential: tenant }\n";
    for (std::size_t i = 1; i < size.rules; ++i) text += "      - " + rule(i) + '\n';
    text += "sandboxes:\n";
    for (std::size_t i = 0; i < size.sandboxes; ++i) {
        text += "  agent-" + number(i) + ": { policy: coding-agent, params: { tenant: t" + number(i % 100) + " } }\n";
    }
    return text;
}

// The same file, as JSON: what is written above with keys and words in quotes.
std::string to_json_text(const std::string& yaml_flow) {
    std::string out;
    for (std::size_t i = 0; i < yaml_flow.size();) {
        const char c = yaml_flow[i];
        if (c == '"') {
            const auto end = yaml_flow.find('"', i + 1);
            out += yaml_flow.substr(i, end + 1 - i);
            i = end + 1;
            continue;
        }
        const auto word_end = std::min(yaml_flow.find_first_of(" ,:[]{}\"", i), yaml_flow.size());
        if (word_end == i) {
            out += c;
            ++i;
            continue;
        }
        const std::string word = yaml_flow.substr(i, word_end - i);
        const bool is_plain = word == "true" || word.find_first_not_of("0123456789") == std::string::npos;
        out += is_plain ? word : '"' + word + '"';
        i = word_end;
    }
    return out;
}

std::string json_file(const Size& size) {
    std::string text =
        "{\"version\": 1,\n\"secrets\": {\"vcs_token\": {\"env\": \"SALLYPORT_BENCH_TOKEN\"}, "
        "\"github_pat\": {\"env\": \"SALLYPORT_BENCH_TOKEN\"}, "
        "\"tenant_pat\": {\"env\": \"SALLYPORT_BENCH_${params.tenant}\"}},\n"
        "\"credentials\": {\"vcs\": {\"type\": \"header\", \"name\": \"X-Auth-Token\", \"value\": "
        "\"${secrets.vcs_token}\"}, \"github\": {\"type\": \"bearer\", \"secret\": \"github_pat\"}, "
        "\"tenant\": {\"type\": \"bearer\", \"secret\": \"tenant_pat\"}},\n"
        "\"policies\": {\"coding-agent\": {\"rules\": [\n"
        "{\"host\": \"tenant.example.com\", \"credential\": \"tenant\"}";
    for (std::size_t i = 1; i < size.rules; ++i) text += ",\n" + to_json_text(rule(i));
    text += "]}},\n\"sandboxes\": {";
    for (std::size_t i = 0; i < size.sandboxes; ++i) {
        text += (i == 0 ? "\n\"agent-" : ",\n\"agent-") + number(i) +
                "\": {\"policy\": \"coding-agent\", \"params\": {\"tenant\": \"t" + number(i % 100) + "\"}}";
    }
    return text + "}}\n";
}

struct Snapshots {
    double seconds = 0;
    std::vector<std::shared_ptr<const rules::PolicySnapshot>> all;
};

Snapshots make_all(const rules::PolicyFile& file) {
    Snapshots snapshots;
    const double start = cpu_seconds();
    const auto common = secrets::SecretSnapshot::load(file.secrets, {});
    rules::SharedCredentials shared;
    for (const auto& [name, sandbox] : file.sandboxes) {
        const secrets::Identity identity{name, sandbox.params, sandbox.labels};
        const auto secrets = secrets::SecretSnapshot::load(file.secrets, identity, common);
        auto snapshot =
            rules::make_snapshot(file, {sandbox.policy, identity, nullptr}, secrets, Generation{1}, &shared);
        if (!snapshot) std::abort();
        snapshots.all.push_back(std::move(*snapshot));
    }
    snapshots.seconds = cpu_seconds() - start;
    return snapshots;
}

std::vector<http::CanonicalRequest> requests_for(std::size_t rules) {
    std::vector<http::CanonicalRequest> requests;
    for (std::size_t n = 0; n < rules; n += 7) {
        const std::string host = "svc-" + number(n) + ".team-" + number(n % 97) + ".example.com";
        for (const std::string name : {host, "a." + host, "b.a." + host, "other-" + number(n) + ".example.org"}) {
            for (const auto* target : {"/repos/acme/x/pulls?ref=main", "/other"}) {
                requests.push_back({"GET", http::Scheme::https, {name, 443, false}, *http::canonical_target(target)});
            }
        }
    }
    return requests;
}

// Seconds for one decision, and how many were allowed, so that no decision can be left out.
std::pair<double, std::size_t> decide_all(const Snapshots& snapshots,
                                          const std::vector<http::CanonicalRequest>& requests) {
    http::HeaderMap headers;
    headers.add("Accept", "application/json");
    headers.add("User-Agent", "bench/1");
    constexpr std::size_t kDecisions = 2'000'000;
    std::size_t allowed = 0;
    const double start = cpu_seconds();
    for (std::size_t i = 0; i < kDecisions; ++i) {
        const auto& snapshot = *snapshots.all[i % snapshots.all.size()];
        allowed += snapshot.decide(requests[i % requests.size()], headers).verdict == rules::Verdict::allow;
    }
    return {(cpu_seconds() - start) / kDecisions, allowed};
}

bool measure(const char* form, const std::string& text, const Size& size) {
    const double start = cpu_seconds();
    const auto parsed = rules::parse_policy_file(text, "bench");
    const double parse_seconds = cpu_seconds() - start;
    for (const auto& diagnostic : parsed.diagnostics) {
        if (diagnostic.severity == rules::Severity::warning) continue;
        std::fprintf(stderr, "%s\n", rules::to_string(diagnostic).c_str());
    }
    if (!parsed.file) return false;
    const Snapshots snapshots = make_all(*parsed.file);
    const auto [seconds, allowed] = decide_all(snapshots, requests_for(size.rules));
    std::printf(
        "%s: %zu rules, %zu sandboxes, %zu KiB: parse %.3f s, snapshots %.3f s, load %.3f s, decide %.0f ns "
        "(%zu allowed)\n",
        form, size.rules, size.sandboxes, text.size() / 1024, parse_seconds, snapshots.seconds,
        parse_seconds + snapshots.seconds, seconds * 1e9, allowed);
    return true;
}

}  // namespace

int main(int argc, char** argv) {
    setenv("SALLYPORT_BENCH_TOKEN", "bench-token", 1);
    for (int i = 0; i < 100; ++i) setenv(("SALLYPORT_BENCH_t" + std::to_string(i)).c_str(), "tenant-token", 1);
    Size size;
    if (argc == 3) size = {std::strtoul(argv[1], nullptr, 10), std::strtoul(argv[2], nullptr, 10)};
    if (size.rules == 0 || size.sandboxes == 0) return 2;
    const bool is_ok = measure("yaml", yaml_file(size), size) && measure("json", json_file(size), size);
    return is_ok ? 0 : 1;
}
