// An Error that says which system call failed, on what, and why (errno).
#pragma once

#include <cerrno>
#include <cstring>
#include <string>

#include "base/result.h"

namespace sallyport::sandbox {

inline tl::unexpected<Error> system_failure(const std::string& what, int number = errno) {
    return failure(ErrorCode::system, what + ": " + std::strerror(number));
}

}  // namespace sallyport::sandbox
