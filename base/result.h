// Result<T>: a value, or the Error that somebody else caused.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

#include "base/error.h"

namespace sallyport {

template <class T>
using Result = tl::expected<T, Error>;

// `return failure(ErrorCode::denied, "why, for operators");`
inline tl::unexpected<Error> failure(ErrorCode code, std::string detail = {}) {
    return tl::unexpected<Error>(Error{code, std::move(detail)});
}
inline tl::unexpected<Error> failure(Error error) { return tl::unexpected<Error>(std::move(error)); }

}  // namespace sallyport
