#include "http/http2_memory.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "base/check.h"
#include "base/secret_string.h"

namespace sallyport::http {
namespace {

// In front of each block: its size, and room to keep what follows aligned.
constexpr std::size_t kPrefixBytes = alignof(std::max_align_t);
static_assert(kPrefixBytes >= sizeof(std::size_t));

std::size_t size_of(const void* block) {
    std::size_t size;
    std::memcpy(&size, static_cast<const char*>(block) - kPrefixBytes, sizeof size);
    return size;
}

Http2Memory& of(void* self) { return *static_cast<Http2Memory*>(self); }

}  // namespace

Http2Memory::Http2Memory() {
    hooks_.mem_user_data = this;
    hooks_.malloc = [](std::size_t size, void* self) noexcept { return of(self).allocate(size); };
    hooks_.free = [](void* block, void* self) noexcept { of(self).release(block); };
    hooks_.calloc = [](std::size_t count, std::size_t size, void* self) noexcept {
        SALLYPORT_CHECK(size == 0 || count <= SIZE_MAX / 2 / size);
        return std::memset(of(self).allocate(count * size), 0, count * size);
    };
    hooks_.realloc = [](void* block, std::size_t size, void* self) noexcept { return of(self).reallocate(block, size); };
}

// As everywhere, there is no going on without memory.
void* Http2Memory::allocate(std::size_t size) {
    char* const block = static_cast<char*>(std::malloc(kPrefixBytes + size));
    SALLYPORT_CHECK(block != nullptr);
    std::memcpy(block, &size, sizeof size);
    allocated_bytes_ += size;
    return block + kPrefixBytes;
}

void Http2Memory::release(void* block) {
    if (block == nullptr) return;
    const std::size_t size = size_of(block);
    allocated_bytes_ -= size;
    wipe_bytes(block, size);
    std::free(static_cast<char*>(block) - kPrefixBytes);
}

void* Http2Memory::reallocate(void* block, std::size_t size) {
    void* const other = allocate(size);
    if (block != nullptr) std::memcpy(other, block, std::min(size, size_of(block)));
    release(block);
    return other;
}

}  // namespace sallyport::http
