// Bytes on their way: appended at the back, consumed at the front, in one contiguous block. Keeps its memory while it is
// used, gives it back with release_if_empty() so that an idle connection costs nothing. Owned by one connection.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>

#include "base/check.h"

namespace sallyport {

class Buffer {
public:
    Buffer() = default;
    Buffer(Buffer&&) noexcept = default;
    Buffer& operator=(Buffer&&) noexcept = default;

    std::size_t size() const { return end_ - begin_; }
    bool empty() const { return begin_ == end_; }
    // Valid until the next call that is not const.
    std::string_view view() const { return {data_.get() + begin_, size()}; }

    void append(std::string_view bytes) {
        if (bytes.empty()) return;
        char* to = reserve(bytes.size());
        std::memcpy(to, bytes.data(), bytes.size());
        commit(bytes.size());
    }
    void append(char byte) {
        *reserve(1) = byte;
        commit(1);
    }

    // Room for `size` more bytes, to be filled and then announced with commit(). Valid until the next non-const call.
    char* reserve(std::size_t size);
    // How much can be written at reserve(1)'s address without growing.
    std::size_t writable() const { return capacity_ - end_; }
    void commit(std::size_t size) {
        SALLYPORT_CHECK(size <= capacity_ - end_);
        end_ += size;
    }
    void consume(std::size_t size) {
        SALLYPORT_CHECK(size <= this->size());
        begin_ += size;
        if (begin_ == end_) begin_ = end_ = 0;
    }
    void clear() { begin_ = end_ = 0; }
    void release_if_empty() {
        if (!empty()) return;
        data_.reset();
        begin_ = end_ = capacity_ = 0;
    }
    // For buffers that held a rendered credential: overwrites the whole block.
    void wipe();

private:
    std::unique_ptr<char[]> data_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
    std::size_t capacity_ = 0;
};

}  // namespace sallyport
