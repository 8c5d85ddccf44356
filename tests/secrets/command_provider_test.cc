#include "secrets/command_provider.h"

#include <gtest/gtest.h>

#include "tests/secrets/fetching.h"

namespace sallyport::secrets {
namespace {

TEST(CommandProvider, GivesWhatTheCommandPrints) {
    Fetching fetching;
    fetching.commands.answer = [](const std::vector<std::string>& argv) -> Result<SecretString> {
        return SecretString(argv.at(1) + "'s value");
    };
    const CommandProvider provider({"pass", "stripe"});
    EXPECT_EQ(provider.fetch(fetching.context).value().value.reveal(), "stripe's value");
    EXPECT_EQ(provider.describe(), "command pass");
    EXPECT_EQ(provider.commands(), (std::vector<std::vector<std::string>>{{"pass", "stripe"}}));
}

TEST(CommandProvider, FailsAsTheCommandDoes) {
    Fetching fetching;
    fetching.commands.answer = [](const auto&) { return failure(ErrorCode::secret_unavailable, "exit status 1"); };
    EXPECT_EQ(CommandProvider({"pass"}).fetch(fetching.context).error(),
              (Error{ErrorCode::secret_unavailable, "exit status 1"}));
}

}  // namespace
}  // namespace sallyport::secrets
