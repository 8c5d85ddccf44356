// A secret's value. Move-only, wiped when gone, kept in locked memory that is left out of core dumps where the system
// allows it. It has no operator<<, no formatter and no comparison, so that it cannot end up in a log or a message by
// accident: whoever needs the bytes says reveal().
#pragma once

#include <cstddef>
#include <string_view>

namespace sallyport {

class SecretString {
public:
    SecretString() = default;
    explicit SecretString(std::string_view value);
    SecretString(SecretString&& other) noexcept;
    SecretString& operator=(SecretString&& other) noexcept;
    SecretString(const SecretString&) = delete;
    SecretString& operator=(const SecretString&) = delete;
    ~SecretString();

    // Valid while this object lives and is not moved from.
    std::string_view reveal() const { return {data_, size_}; }
    std::size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }

private:
    void wipe() noexcept;

    char* data_ = nullptr;
    std::size_t size_ = 0;
};

// Overwrites `size` bytes in a way that the compiler does not remove.
void wipe_bytes(void* data, std::size_t size) noexcept;

}  // namespace sallyport
