// Reads a whole file that holds something secret, and leaves nothing of it behind.
#pragma once

#include <cstddef>
#include <string>

#include "base/result.h"
#include "secrets/wiped_buffer.h"

namespace sallyport::secrets {

// secret_unavailable for what is no regular file, cannot be read, or is larger than `bytes_max`; the detail begins with the path.
Result<WipedBuffer> read_secret_file(const std::string& path, std::size_t bytes_max);

}  // namespace sallyport::secrets
