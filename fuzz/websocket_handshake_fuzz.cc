// An upgrade as a hostile client asks for it, and the answer of a hostile origin, with a NUL between the two. What is taken for a
// handshake is one, and what is written of it is read again as the same one; and an answer to it is taken only where an implementation
// that is not ours would take it.
#include <openssl/evp.h>
#include <openssl/sha.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/buffer.h"
#include "base/check.h"
#include "http/http1_codec.h"
#include "http/http1_writer.h"
#include "http/validate.h"
#include "proxy/websocket.h"

namespace sallyport::proxy {
namespace {

// The first head of what is fed; nothing behind it.
template <class Base, class Head>
class FirstHead : public Base {
public:
    http::Next on_body(std::string_view) override { return http::Next::pause; }
    http::Next on_message_end(http::HeaderMap&) override { return http::Next::pause; }
    std::optional<Head> head;

protected:
    http::Next take(Head& given) {
        if (!head) head = given;
        return http::Next::pause;
    }
};

class FirstRequest final : public FirstHead<http::RequestSink, http::RequestHead> {
    http::Next on_request_head(http::RequestHead& given) override { return take(given); }
};

class FirstResponse final : public FirstHead<http::ResponseSink, http::ResponseHead> {
    http::Next on_response_head(http::ResponseHead& given) override { return take(given); }
};

std::optional<http::RequestHead> read_request(std::string_view bytes) {
    FirstRequest sink;
    http::Http1RequestParser parser(sink, {});
    (void)parser.feed(bytes);
    return sink.head;
}

std::optional<http::ResponseHead> read_response(std::string_view bytes) {
    FirstResponse sink;
    http::Http1ResponseParser parser(sink, {});
    parser.await_response("GET");
    (void)parser.feed(bytes);
    return sink.head;
}

std::string base64(const unsigned char* bytes, int size) {
    unsigned char text[64];
    return {reinterpret_cast<const char*>(text), static_cast<std::size_t>(EVP_EncodeBlock(text, bytes, size))};
}

// As RFC 6455 sections 4.1 and 4.2.2 say it, by OpenSSL.
bool is_key(const std::string& key) {
    unsigned char nonce[64];
    if (key.size() != 24 || EVP_DecodeBlock(nonce, reinterpret_cast<const unsigned char*>(key.data()), 24) != 18) return false;
    return base64(nonce, 16) == key;
}

std::string accept_of(const std::string& key) {
    const std::string text = key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    unsigned char digest[SHA_DIGEST_LENGTH];
    SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
    return base64(digest, sizeof digest);
}

std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return out;
}

std::string only(const http::HeaderMap& headers, std::string_view name) {
    SALLYPORT_CHECK(headers.count(name) == 1);
    return std::string(*headers.get(name));
}

// The key, of a request that the gate would pass on.
std::optional<std::string> check_request(std::string_view bytes) {
    auto head = read_request(bytes);
    if (!head || !http::validate_request(*head, http::Scheme::http) || !asks_for_websocket(*head)) return std::nullopt;
    SALLYPORT_CHECK(lower(only(head->headers, "Upgrade")) == "websocket" && head->version_minor == 1);
    const auto key = check_websocket_request(*head);
    if (!key) return std::nullopt;
    SALLYPORT_CHECK(is_key(*key) && head->method == "GET" && head->body.kind == http::BodyKind::none);
    if (!http::remove_hop_by_hop(*head)) return std::nullopt;
    add_upgrade_fields(head->headers);
    Buffer out;
    http::write_request_head(out, *head);
    const auto again = read_request(out.view());
    SALLYPORT_CHECK(again && asks_for_websocket(*again) && again->target == head->target);
    const auto same = check_websocket_request(*again);
    SALLYPORT_CHECK(same && *same == *key);
    return *key;
}

void check_response(std::string_view bytes, const std::string& key) {
    auto head = read_response(bytes);
    if (!head || head->status != 101 || !check_websocket_response(*head, key)) return;
    SALLYPORT_CHECK(only(head->headers, "Sec-WebSocket-Accept") == accept_of(key));
    SALLYPORT_CHECK(lower(only(head->headers, "Upgrade")) == "websocket");
    SALLYPORT_CHECK(!check_websocket_response(*head, key == "AAAAAAAAAAAAAAAAAAAAAA==" ? "AAAAAAAAAAAAAAAAAAAAAQ==" : "AAAAAAAAAAAAAAAAAAAAAA=="));
    http::remove_hop_by_hop(*head);
    add_upgrade_fields(head->headers);
    Buffer out;
    http::write_response_head(out, *head);
    const auto again = read_response(out.view());
    SALLYPORT_CHECK(again && again->status == 101 && check_websocket_response(*again, key));
}

}  // namespace
}  // namespace sallyport::proxy

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sallyport::proxy;
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const std::size_t end = std::min(input.find('\0'), size);
    const auto key = check_request(input.substr(0, end));
    // The standard's own key where there is none: both halves are worth a look.
    check_response(input.substr(std::min(end + 1, size)), key.value_or("dGhlIHNhbXBsZSBub25jZQ=="));
    return 0;
}
