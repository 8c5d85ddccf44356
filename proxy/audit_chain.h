// The links of the audit log's chain: how a line is closed with the hash of the one before and its own, and how one is
// read back. Shared by whoever writes, goes on with and verifies a log. Pure.
#pragma once

#include <openssl/evp.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace sallyport::proxy {

// No record is longer: five times what a request's head may have, with every byte escaped.
inline constexpr std::size_t kAuditLineBytesMax = 4 * 1024 * 1024;

// Where a chain has come to. As made: before the first line of all.
struct AuditLink {
    std::uint64_t sequence = 0;
    std::string hash = std::string(64, '0');

    friend bool operator==(const AuditLink&, const AuditLink&) = default;
};

// Owned by whoever hashes; one thread at a time.
class LineHasher final {
public:
    LineHasher();
    // 64 hex digits of SHA-256. Valid until the next call.
    std::string_view hex(std::string_view text);

private:
    std::unique_ptr<EVP_MD, decltype(&::EVP_MD_free)> algorithm_;
    std::unique_ptr<EVP_MD_CTX, decltype(&::EVP_MD_CTX_free)> context_;
    char hex_[64];
};

// Appends `{"seq":N,"time":TIME,BODY,"prev":"…","hash":"…"}` and a newline to `out`, and moves `link` on. `quoted_time`
// is JSON; `body` is the members between, without braces.
void append_sealed_line(std::string& out, std::string_view quoted_time, std::string_view body, LineHasher& hasher,
                        AuditLink& link);

struct SealedLine {
    std::uint64_t sequence = 0;
    std::string_view prev;
    std::string_view hash;
    bool hash_holds = false;
};

// `line` is without its newline. Nothing where it has not the form of a record. Views point into `line`.
std::optional<SealedLine> read_sealed_line(std::string_view line, LineHasher& hasher);

}  // namespace sallyport::proxy
