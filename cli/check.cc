#include <cstdio>

#include "cli/commands.h"
#include "cli/config.h"

namespace sallyport::cli {

int check(const CheckOptions& options) {
    const auto file = load_config(options.config_file, rules::Severity::warning);
    if (!file) {
        std::fprintf(stderr, "%s\n", file.error().detail.c_str());
        return 1;
    }
    std::printf("%s: ok: %zu policies, %zu sandboxes, %zu secrets\n", options.config_file.c_str(),
                (*file)->policies.size(), (*file)->sandboxes.size(), (*file)->secrets.size());
    return 0;
}

}  // namespace sallyport::cli
