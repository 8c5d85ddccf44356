#include "secrets/command_provider.h"

namespace sallyport::secrets {

Result<Fetched> CommandProvider::fetch(FetchContext& context) const {
    auto printed = context.commands.run(argv_, kCommandTimeout);
    if (!printed) return failure(printed.error());
    return Fetched{std::move(*printed), std::nullopt};
}

}  // namespace sallyport::secrets
