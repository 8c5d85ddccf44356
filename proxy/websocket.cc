#include "proxy/websocket.h"

#include <openssl/rand.h>
#include <openssl/sha.h>

#include "base/buffer.h"
#include "base/check.h"
#include "http/characters.h"
#include "rules/base64.h"

namespace sallyport::proxy {
namespace {

constexpr std::string_view kAcceptSuffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";  // RFC 6455 section 1.3
constexpr std::size_t kKeyChars = 24;

// Sixteen bytes in base64: 22 digits and two '='. The last digit has four bits that say nothing: they must be zero.
bool is_key(std::string_view text) {
    constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    constexpr std::string_view kLastDigits = "AQgw";
    return text.size() == kKeyChars && text.ends_with("==") &&
           text.substr(0, 21).find_first_not_of(kDigits) == text.npos && kLastDigits.find(text[21]) != text.npos;
}

bool lists(const http::HeaderMap& headers, std::string_view field, std::string_view wanted) {
    bool found = false;
    for (const auto [name, value] : headers) {
        if (!http::equals_ignoring_case(name, field)) continue;
        http::for_each_list_element(value, [&](std::string_view element) {
            found = found || http::equals_ignoring_case(element, wanted);
        });
    }
    return found;
}

bool is_exactly(const http::HeaderMap& headers, std::string_view field, std::string_view wanted) {
    return headers.count(field) == 1 && http::equals_ignoring_case(*headers.get(field), wanted);
}

// What Connection names does not reach the client, which would be left with half an answer.
bool hides_answer(const http::HeaderMap& headers) {
    constexpr std::string_view kPrefix = "Sec-WebSocket-";
    bool found = false;
    for (const auto [name, value] : headers) {
        if (!http::equals_ignoring_case(name, "Connection")) continue;
        http::for_each_list_element(value, [&](std::string_view element) {
            found = found || http::equals_ignoring_case(element.substr(0, kPrefix.size()), kPrefix);
        });
    }
    return found;
}

bool has_valid_fields(const http::ResponseHead& head) {
    if (!http::is_field_value(head.reason)) return false;
    for (const auto [name, value] : head.headers) {
        if (!http::is_token(name) || !http::is_field_value(value)) return false;
    }
    return true;
}

}  // namespace

bool asks_for_websocket(const http::RequestHead& head) {
    return head.upgrade && !head.is_http_1_0() && is_exactly(head.headers, "Upgrade", "websocket");
}

Result<std::string> check_websocket_request(const http::RequestHead& head) {
    const auto bad = [](const char* why) { return failure(ErrorCode::bad_request, std::string("websocket: ") + why); };
    if (head.method != "GET") return bad("not a GET");
    if (head.body.kind != http::BodyKind::none) return bad("with a body");
    if (!is_exactly(head.headers, "Sec-WebSocket-Version", "13")) return bad("not version 13");
    if (head.headers.count("Sec-WebSocket-Key") != 1) return bad("not one key");
    const std::string key(http::trim(*head.headers.get("Sec-WebSocket-Key")));
    if (!is_key(key)) return bad("the key is not 16 bytes");
    return key;
}

Result<void> check_websocket_response(const http::ResponseHead& head, std::string_view key) {
    const auto bad = [](const char* why) { return failure(ErrorCode::origin_bad_upgrade, why); };
    if (!has_valid_fields(head)) return bad("malformed fields");
    if (!is_exactly(head.headers, "Upgrade", "websocket")) return bad("another protocol");
    if (!lists(head.headers, "Connection", "upgrade")) return bad("Connection does not say upgrade");
    if (hides_answer(head.headers)) return bad("Connection takes the answer away");
    if (head.headers.count("Sec-WebSocket-Accept") != 1) return bad("not one Sec-WebSocket-Accept");
    if (*head.headers.get("Sec-WebSocket-Accept") != websocket_accept(key)) return bad("a wrong Sec-WebSocket-Accept");
    return {};
}

std::string websocket_accept(std::string_view key) {
    const std::string text = std::string(key) + std::string(kAcceptSuffix);
    unsigned char digest[SHA_DIGEST_LENGTH];
    SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
    Buffer out;
    rules::append_base64(out, {reinterpret_cast<const char*>(digest), sizeof digest});
    return std::string(out.view());
}

std::string random_websocket_key() {
    unsigned char bytes[16];
    SALLYPORT_CHECK(RAND_bytes(bytes, sizeof bytes) == 1);
    Buffer out;
    rules::append_base64(out, {reinterpret_cast<const char*>(bytes), sizeof bytes});
    return std::string(out.view());
}

void add_upgrade_fields(http::HeaderMap& headers) {
    headers.add("Connection", "Upgrade");
    headers.add("Upgrade", "websocket");
}

}  // namespace sallyport::proxy
