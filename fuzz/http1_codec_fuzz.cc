// HTTP/1 bytes as a hostile peer would send them. The first byte says what the others are (request, response, response to
// HEAD, or a bare host and target) and how they are cut. Whatever comes: the same events however it is cut, canonical
// forms that are their own, and a request that we write is the request that we read.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/buffer.h"
#include "base/check.h"
#include "http/http1_writer.h"
#include "http/validate.h"
#include "tests/http/transcript.h"

namespace sallyport::http {
namespace {

void check_host(std::string_view text) {
    if (const auto host = canonical_host(text)) {
        SALLYPORT_CHECK(canonical_host(*host) == *host);
        SALLYPORT_CHECK(!canonical_ip_literal(*host));
    }
    if (const auto address = canonical_ip_literal(text)) SALLYPORT_CHECK(canonical_ip_literal(*address) == *address);
    if (const auto authority = parse_authority(text, Scheme::https)) {
        SALLYPORT_CHECK(parse_authority(to_string(*authority, Scheme::https), Scheme::https) == *authority);
    }
}

void check_target(std::string_view text) {
    const auto target = canonical_target(text);
    if (!target) return;
    const auto again = canonical_target(target->path);
    SALLYPORT_CHECK(again && again->path == target->path);
    SALLYPORT_CHECK(target->ambiguous || !again->ambiguous);
}

// What the proxy does with a request that it forwards, read back.
void check_forwarded(RequestHead head) {
    check_target(head.target);
    if (const auto host = head.headers.get("Host")) check_host(*host);
    const auto valid = validate_request(head, Scheme::http);
    if (!valid || !remove_hop_by_hop(head)) return;
    const std::size_t fields = head.headers.size();
    SALLYPORT_CHECK(remove_hop_by_hop(head) && head.headers.size() == fields);
    Buffer out;
    write_request_head(out, head);
    if (head.body.kind == BodyKind::chunked) head.headers.add("Transfer-Encoding", "chunked");
    if (head.body.kind == BodyKind::length) head.headers.add("Content-Length", std::to_string(head.body.length_bytes));
    head.version_minor = 1;
    head.keep_alive = true;
    head.upgrade = false;
    head.expect_continue = head.headers.has("Expect");
    Transcript expected(false);
    expected.on_request_head(head);
    Transcript seen(false);
    Http1Limits limits;
    limits.header_bytes_max *= 2;
    Http1RequestParser parser(seen, limits);
    SALLYPORT_CHECK(parser.feed(out.view()) == out.size());
    SALLYPORT_CHECK(seen.text().starts_with(expected.text()));
}

class Forwarder final : public RequestSink {
public:
    Next on_request_head(RequestHead& head) override {
        check_forwarded(head);
        return Next::go;
    }
    Next on_body(std::string_view) override { return Next::go; }
    Next on_message_end(HeaderMap& trailers) override {
        keep_allowed_trailers(trailers);
        const std::size_t fields = trailers.size();
        keep_allowed_trailers(trailers);
        SALLYPORT_CHECK(trailers.size() == fields);
        return Next::go;
    }
};

void forward(std::string_view input) {
    Forwarder sink;
    Http1RequestParser parser(sink, {});
    while (!input.empty()) {
        const auto taken = parser.feed(input);
        if (!taken) return;
        input.remove_prefix(*taken);
    }
}

template <class Run>
void check_cuts(unsigned seed, Run run) {
    const std::string expected = run(whole());
    Cutting drip = byte_by_byte();
    drip.pauses = seed % 2 == 0;
    SALLYPORT_CHECK(run(drip) == expected);
    SALLYPORT_CHECK(run(at_random(seed, 1 + seed)) == expected);
}

}  // namespace
}  // namespace sallyport::http

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sallyport::http;
    if (size == 0) return 0;
    const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
    const unsigned seed = data[0] >> 2;
    // Small enough for the fuzzer to meet.
    const Http1Limits limits{
        .header_bytes_max = 2048, .header_count_max = 16, .target_bytes_max = 512, .trailer_bytes_max = 256};
    switch (data[0] & 3) {
        case 0:
            check_cuts(seed, [&](const Cutting& cutting) { return request_transcript(input, cutting, limits); });
            forward(input);
            break;
        case 1:
            check_cuts(seed,
                       [&](const Cutting& cutting) { return response_transcript(input, cutting, "GET", limits); });
            break;
        case 2:
            check_cuts(seed,
                       [&](const Cutting& cutting) { return response_transcript(input, cutting, "HEAD", limits); });
            break;
        default:
            check_host(input);
            check_target(input);
            break;
    }
    return 0;
}
