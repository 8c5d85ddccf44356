// Where nghttp2 gets the memory of one connection from: counted, and wiped when it is given back, since heads hold rendered
// credentials. Owned by the connection's session, outlives it.
#pragma once

#include <nghttp2/nghttp2.h>

#include <cstddef>

namespace sallyport::http {

class Http2Memory {
public:
    Http2Memory();
    Http2Memory(const Http2Memory&) = delete;
    Http2Memory& operator=(const Http2Memory&) = delete;

    nghttp2_mem* hooks() { return &hooks_; }
    std::size_t allocated_bytes() const { return allocated_bytes_; }

private:
    void* allocate(std::size_t size);
    void release(void* block);
    void* reallocate(void* block, std::size_t size);

    nghttp2_mem hooks_;
    std::size_t allocated_bytes_ = 0;
};

}  // namespace sallyport::http
