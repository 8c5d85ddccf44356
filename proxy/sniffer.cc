#include "proxy/sniffer.h"

#include <algorithm>

namespace sallyport::proxy {
namespace {

constexpr std::string_view kHttp2Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
constexpr std::size_t kMethodBytesMax = 24;
constexpr char kTlsHandshakeRecord = 0x16;

bool is_token_letter(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

}  // namespace

Protocol sniff(std::string_view bytes) {
    // A client may send an empty line before its request (RFC 9112 section 2.2).
    while (bytes.starts_with("\r\n")) bytes.remove_prefix(2);
    if (bytes.empty() || bytes == "\r") return Protocol::need_more;
    if (bytes.front() == kTlsHandshakeRecord) return Protocol::tls;
    const std::size_t common = std::min(bytes.size(), kHttp2Preface.size());
    if (bytes.substr(0, common) == kHttp2Preface.substr(0, common)) {
        return common == kHttp2Preface.size() ? Protocol::http2 : Protocol::need_more;
    }
    const std::size_t space = bytes.find(' ');
    const std::string_view method = bytes.substr(0, space);
    if (method.empty() || method.size() > kMethodBytesMax) return Protocol::unknown;
    if (!std::all_of(method.begin(), method.end(), is_token_letter)) return Protocol::unknown;
    return space == std::string_view::npos ? Protocol::need_more : Protocol::http1;
}

}  // namespace sallyport::proxy
