#include "base/error.h"

#include "base/check.h"

namespace sallyport {
namespace {

struct Row {
    std::string_view tag;
    int http_status;
    Blame blame;
    std::string_view sentence;
};

constexpr Row kRows[] = {
#define X(name, status, blame, sentence) {#name, status, Blame::blame, sentence},
    SALLYPORT_ERRORS(X)
#undef X
};

const Row& row(ErrorCode code) {
    const auto index = static_cast<std::size_t>(code);
    SALLYPORT_CHECK(index < std::size(kRows));
    return kRows[index];
}

}  // namespace

std::string_view tag(ErrorCode code) { return row(code).tag; }
int http_status(ErrorCode code) { return row(code).http_status; }
Blame blame(ErrorCode code) { return row(code).blame; }
std::string_view sentence(ErrorCode code) { return row(code).sentence; }

std::string_view to_string(Blame blame) {
    switch (blame) {
        case Blame::sandbox: return "sandbox";
        case Blame::origin: return "origin";
        case Blame::policy: return "policy";
        case Blame::operator_config: return "operator_config";
        case Blame::network: return "network";
        case Blame::proxy: return "proxy";
    }
    return "proxy";
}

}  // namespace sallyport
