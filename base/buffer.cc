#include "base/buffer.h"

#include <algorithm>

#include "base/secret_string.h"

namespace sallyport {

char* Buffer::reserve(std::size_t size) {
    if (capacity_ - end_ >= size) return data_.get() + end_;
    const std::size_t used = this->size();
    if (capacity_ - used >= size && begin_ >= used) {
        std::memcpy(data_.get(), data_.get() + begin_, used);
    } else {
        const std::size_t capacity = std::max<std::size_t>({used + size, capacity_ * 2, 512});
        auto bigger = std::make_unique_for_overwrite<char[]>(capacity);
        if (used > 0) std::memcpy(bigger.get(), data_.get() + begin_, used);
        // The old block may hold a rendered credential.
        if (data_) wipe_bytes(data_.get(), capacity_);
        data_ = std::move(bigger);
        capacity_ = capacity;
    }
    begin_ = 0;
    end_ = used;
    return data_.get() + end_;
}

void Buffer::wipe() {
    if (data_) wipe_bytes(data_.get(), capacity_);
    clear();
}

}  // namespace sallyport
