#include "base/secret_string.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <utility>

#include "base/check.h"

namespace sallyport {
namespace {

// Whole pages of its own: mlock and MADV_DONTDUMP work on pages, and a neighbour's free() must not unlock them.
std::size_t mapped_size(std::size_t size) {
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    return (size + page - 1) / page * page;
}

}  // namespace

void wipe_bytes(void* data, std::size_t size) noexcept { explicit_bzero(data, size); }

SecretString::SecretString(std::string_view value) {
    if (value.empty()) return;
    void* memory = mmap(nullptr, mapped_size(value.size()), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    SALLYPORT_CHECK(memory != MAP_FAILED);
    // Both are best effort: RLIMIT_MEMLOCK may be small, and the process is not dumpable anyway.
    (void)mlock(memory, value.size());
    (void)madvise(memory, mapped_size(value.size()), MADV_DONTDUMP);
    data_ = static_cast<char*>(memory);
    size_ = value.size();
    std::memcpy(data_, value.data(), size_);
}

SecretString::SecretString(SecretString&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

SecretString& SecretString::operator=(SecretString&& other) noexcept {
    if (this == &other) return *this;
    wipe();
    data_ = std::exchange(other.data_, nullptr);
    size_ = std::exchange(other.size_, 0);
    return *this;
}

SecretString::~SecretString() { wipe(); }

void SecretString::wipe() noexcept {
    if (data_ == nullptr) return;
    wipe_bytes(data_, size_);
    munmap(data_, mapped_size(size_));
    data_ = nullptr;
    size_ = 0;
}

}  // namespace sallyport
