// Message digests and keyed ones, from OpenSSL's libcrypto. Pure. What is computed with a key lies in memory that is wiped.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/buffer.h"
#include "base/secret_string.h"

struct evp_md_ctx_st;

namespace sallyport::secrets {

enum class DigestKind { md5, sha1, sha256, sha512 };

// The bytes of one digest; wiped when gone, because a MAC may be the key of the next one.
class DigestBytes final {
public:
    DigestBytes() = default;
    DigestBytes(const DigestBytes&) = default;
    DigestBytes& operator=(const DigestBytes&) = default;
    ~DigestBytes() { wipe_bytes(bytes_.data(), bytes_.size()); }

    // Valid while this object lives.
    std::string_view view() const { return {bytes_.data(), size_}; }

private:
    friend class Digester;
    friend DigestBytes hmac(DigestKind, std::string_view, std::string_view);

    std::array<char, 64> bytes_{};
    std::size_t size_ = 0;
};

// The digest of bytes that come piece by piece. For one message at a time.
class Digester final {
public:
    explicit Digester(DigestKind kind);

    void update(std::string_view bytes);
    // Of all bytes since the last call; begins anew.
    DigestBytes finish();

private:
    struct Free {
        void operator()(evp_md_ctx_st* context) const noexcept;
    };

    DigestKind kind_;
    std::unique_ptr<evp_md_ctx_st, Free> context_;
};

DigestBytes digest(DigestKind kind, std::string_view bytes);
// RFC 2104. A key of any size.
DigestBytes hmac(DigestKind kind, std::string_view key, std::string_view bytes);

// Lower case.
std::string to_hex(std::string_view bytes);
void append_hex(Buffer& out, std::string_view bytes);

}  // namespace sallyport::secrets
