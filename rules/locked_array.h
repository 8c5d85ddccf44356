// A fixed array of plain values derived from secrets: made once, then read only; locked, kept out of core dumps and
// wiped like SecretString, which holds its bytes. Owned by whoever compiled it; any thread may read.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <type_traits>
#include <vector>

#include "base/secret_string.h"

namespace sallyport::rules {

// Wipes what it gives back: where a vector grew out of, too.
template <class T>
struct WipingAllocator {
    using value_type = T;

    WipingAllocator() = default;
    template <class U>
    WipingAllocator(const WipingAllocator<U>&) {}

    T* allocate(std::size_t count) { return std::allocator<T>().allocate(count); }
    void deallocate(T* values, std::size_t count) {
        wipe_bytes(values, count * sizeof(T));
        std::allocator<T>().deallocate(values, count);
    }

    friend bool operator==(const WipingAllocator&, const WipingAllocator&) { return true; }
};

template <class T>
using WipedVector = std::vector<T, WipingAllocator<T>>;

template <class T>
class LockedArray final {
    static_assert(std::is_trivially_copyable_v<T>);

public:
    LockedArray() = default;
    explicit LockedArray(const WipedVector<T>& values)
        : bytes_({reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)}) {}

    // Whole pages: aligned for every T.
    const T* data() const { return reinterpret_cast<const T*>(bytes_.reveal().data()); }
    std::size_t size() const { return bytes_.size() / sizeof(T); }
    const T& operator[](std::size_t i) const { return data()[i]; }
    std::span<const T> span() const { return {data(), size()}; }

private:
    SecretString bytes_;
};

}  // namespace sallyport::rules
