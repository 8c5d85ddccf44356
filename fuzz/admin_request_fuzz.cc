// What comes over a connection of the admin API, before and after the door. The first byte says who calls and how the rest
// is cut. Whatever comes: the same answers however it is cut; each answer is well-formed HTTP of a status that the API
// knows, JSON in printable ASCII; who is not let in reaches nothing; a tenant gets nothing done to another's sandbox.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "admin/json_text.h"
#include "base/check.h"
#include "tests/admin/dialogue.h"

namespace sallyport::admin {
namespace {

constexpr char kToken[] = "0123456789abcdef";

Peer peer_of(unsigned kind) {
    switch (kind) {
        case 0: return local_operator();
        case 1: return local_tenant("tenant-a");
        case 2: return {"uid 9", std::nullopt, false, true};
        default: return {"127.0.0.1:9", std::nullopt, true, false};
    }
}

// The methods of the requests that our own parser sees in `input`, to read the answers by.
std::vector<std::string> methods_in(std::string_view input) {
    struct Sink final : http::RequestSink {
        std::vector<std::string> methods;
        http::Next on_request_head(http::RequestHead& head) override {
            methods.push_back(head.method);
            return http::Next::go;
        }
        http::Next on_body(std::string_view) override { return http::Next::go; }
        http::Next on_message_end(http::HeaderMap&) override { return http::Next::go; }
    } sink;
    http::Http1RequestParser parser(sink, {});
    while (!input.empty()) {
        const auto taken = parser.feed(input);
        if (!taken) break;
        input.remove_prefix(*taken);
    }
    return std::move(sink.methods);
}

void check_answer(const Seen& seen) {
    SALLYPORT_CHECK(seen.status >= 200 && seen.status < 600);
    SALLYPORT_CHECK(seen.header("Access-Control-Allow-Origin").empty());
    if (seen.status >= 400 && !seen.body.empty()) SALLYPORT_CHECK(!seen.code().empty());
    if (seen.header("Content-Type") != "application/json") return;
    for (const char c : seen.body) SALLYPORT_CHECK(c >= 0x20 && c < 0x7f);
}

void check_effects(const FakeApi& api, unsigned kind) {
    if (kind == 2) SALLYPORT_CHECK(api.calls.empty());
    if (kind != 1) return;
    SALLYPORT_CHECK(api.policies.size() == 1);
    SALLYPORT_CHECK(api.sandboxes.contains("tenant-b-1") && api.connections.contains("c2"));
    for (const std::string& call : api.calls) {
        SALLYPORT_CHECK(!call.ends_with("_policy") && call.find("tenant-b") == std::string::npos);
    }
}

std::string run(std::string_view input, unsigned kind, std::size_t step, bool checks) {
    FakeApi api;
    std::vector<TokenCaller> tokens;
    tokens.push_back({SecretString(kToken), {"token ci", {}}});
    Dialogue dialogue(api, peer_of(kind), std::move(tokens));
    std::string out;
    for (std::size_t at = 0; at < input.size(); at += step) {
        dialogue.session().feed(input.substr(at, step));
        for (std::size_t before = 1; before != out.size();) {
            before = out.size();
            out += dialogue.take();
        }
    }
    check_effects(api, kind);
    const auto seen = read_answers(out, methods_in(input));
    std::string transcript;
    for (const Seen& each : seen) {
        if (checks) check_answer(each);
        transcript += std::to_string(each.status) + " " + each.header("ETag") + " " + each.body + "\n";
    }
    return transcript;
}

}  // namespace
}  // namespace sallyport::admin

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sallyport::admin;
    if (size == 0) return 0;
    const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
    const unsigned kind = data[0] & 3;
    const std::string whole = run(input, kind, input.size() + 1, true);
    SALLYPORT_CHECK(run(input, kind, 1, false) == whole);
    SALLYPORT_CHECK(run(input, kind, 1 + (data[0] >> 2), false) == whole);
    if (sallyport::admin::check_json(input)) {
        const std::string safe = printable_json(std::string(input));
        SALLYPORT_CHECK(nlohmann::json::parse(safe) == nlohmann::json::parse(input));
        SALLYPORT_CHECK(printable_json(safe) == safe);
    }
    return 0;
}
