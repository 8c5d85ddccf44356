#include <cstdio>

#include "cli/commands.h"
#include "proxy/audit_verify.h"

namespace sallyport::cli {

int audit_verify(const AuditVerifyOptions& options) {
    const auto files = options.files.size() == 1 ? proxy::audit_files(options.files.front()) : options.files;
    const auto verdict = proxy::verify_audit_log(files);
    if (!verdict) return no_answer(verdict.error());
    if (!verdict->broken.empty()) {
        std::printf("broken: %s\n", verdict->broken.c_str());
        return 1;
    }
    std::printf("whole: %llu lines, %llu to %llu, last hash %s\n", static_cast<unsigned long long>(verdict->lines),
                static_cast<unsigned long long>(verdict->first_sequence),
                static_cast<unsigned long long>(verdict->last_sequence), verdict->last_hash.c_str());
    if (options.expected_hash.empty() || options.expected_hash == verdict->last_hash) return 0;
    std::printf("broken: the last hash is not the expected one: lines are missing at the end\n");
    return 1;
}

}  // namespace sallyport::cli
