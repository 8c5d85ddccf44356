// A Buffer for text that holds a secret: overwritten however the function that uses it is left.
#pragma once

#include <string>

#include "base/buffer.h"

namespace sallyport::secrets {

struct WipedBuffer : Buffer {
    WipedBuffer() = default;
    WipedBuffer(WipedBuffer&&) = default;
    WipedBuffer& operator=(WipedBuffer&&) = default;
    ~WipedBuffer() { wipe(); }
    // One allocation, so that no copy is left behind by a string that grows.
    std::string text() const { return std::string(view()); }
};

}  // namespace sallyport::secrets
