#include "cli/commands.h"

#include "base/log.h"

namespace sallyport::cli {

int complain(const Error& error) {
    log(LogLevel::error, error.detail.empty() ? std::string(sentence(error.code)) : error.detail);
    return kExitGateFailed;
}

int no_answer(const Error& error) {
    complain(error);
    return kExitNoAnswer;
}

}  // namespace sallyport::cli
