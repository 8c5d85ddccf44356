#include "proxy/audit_chain.h"

#include <algorithm>
#include <charconv>

#include "base/check.h"

namespace sallyport::proxy {
namespace {

constexpr std::string_view kSequence = R"({"seq":)";
constexpr std::string_view kTime = R"(,"time":)";
constexpr std::string_view kPrev = R"(,"prev":")";
constexpr std::string_view kHash = R"(","hash":")";
constexpr std::string_view kEnd = R"("})";
constexpr std::size_t kHexSize = 64;

bool is_hex(std::string_view text) {
    return std::all_of(text.begin(), text.end(),
                       [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

// Takes `expected` off the end of `text`.
bool take_end(std::string_view& text, std::string_view expected) {
    if (!text.ends_with(expected)) return false;
    text.remove_suffix(expected.size());
    return true;
}

std::optional<std::string_view> take_hex(std::string_view& text) {
    if (text.size() < kHexSize || !is_hex(text.substr(text.size() - kHexSize))) return std::nullopt;
    const auto hex = text.substr(text.size() - kHexSize);
    text.remove_suffix(kHexSize);
    return hex;
}

}  // namespace

LineHasher::LineHasher()
    : algorithm_(::EVP_MD_fetch(nullptr, "SHA256", nullptr), &::EVP_MD_free),
      context_(::EVP_MD_CTX_new(), &::EVP_MD_CTX_free) {
    SALLYPORT_CHECK(algorithm_ && context_);
}

std::string_view LineHasher::hex(std::string_view text) {
    constexpr char kDigits[] = "0123456789abcdef";
    unsigned char digest[kHexSize / 2];
    SALLYPORT_CHECK(::EVP_DigestInit_ex2(context_.get(), algorithm_.get(), nullptr) == 1 &&
                    ::EVP_DigestUpdate(context_.get(), text.data(), text.size()) == 1 &&
                    ::EVP_DigestFinal_ex(context_.get(), digest, nullptr) == 1);
    for (std::size_t i = 0; i < sizeof digest; ++i) {
        hex_[2 * i] = kDigits[digest[i] >> 4];
        hex_[2 * i + 1] = kDigits[digest[i] & 15];
    }
    return {hex_, sizeof hex_};
}

void append_sealed_line(std::string& out, std::string_view quoted_time, std::string_view body, LineHasher& hasher,
                        AuditLink& link) {
    const std::size_t start = out.size();
    char digits[20];
    const auto end = std::to_chars(digits, digits + sizeof digits, ++link.sequence).ptr;
    out.append(kSequence).append(digits, end).append(kTime).append(quoted_time).append(1, ',').append(body);
    out.append(kPrev).append(link.hash).append(1, '"');
    link.hash = hasher.hex(std::string_view(out).substr(start));
    out.append(kHash.substr(1)).append(link.hash).append(kEnd).append(1, '\n');
}

std::optional<SealedLine> read_sealed_line(std::string_view line, LineHasher& hasher) {
    SealedLine sealed;
    auto rest = line;
    if (!take_end(rest, kEnd)) return std::nullopt;
    const auto hash = take_hex(rest);
    if (!hash || !take_end(rest, kHash)) return std::nullopt;
    const auto hashed = line.substr(0, rest.size() + 1);
    const auto prev = take_hex(rest);
    if (!prev || !take_end(rest, kPrev) || !rest.starts_with(kSequence)) return std::nullopt;
    const auto read = std::from_chars(rest.data() + kSequence.size(), rest.data() + rest.size(), sealed.sequence);
    const auto after = static_cast<std::size_t>(read.ptr - rest.data());
    if (read.ec != std::errc() || !rest.substr(after).starts_with(kTime)) return std::nullopt;
    sealed.prev = *prev;
    sealed.hash = *hash;
    sealed.hash_holds = hasher.hex(hashed) == *hash;
    return sealed;
}

}  // namespace sallyport::proxy
