#include "cli/commands.h"

#include "base/log.h"

namespace sallyport::cli {

int complain(const Error& error) {
    log(LogLevel::error, error.detail.empty() ? std::string(sentence(error.code)) : error.detail);
    return kExitGateFailed;
}

}  // namespace sallyport::cli
