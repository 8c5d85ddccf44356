#include "rules/azure_reader.h"

#include <gtest/gtest.h>

#include "provider_outcome.h"

namespace sallyport::rules {
namespace {

std::string outcome(const std::string& text) {
    return sample::outcome(read_azure_client, "azure_client", "{ client_id: app-1, scopes: \"https://vault.azure.net/.default\", " + text + " }");
}

TEST(AzureReader, TakesASecretOrACertificate) {
    for (const char* proof : {"client_secret", "certificate"}) {
        EXPECT_EQ(outcome("tenant: t.example, " + std::string(proof) + ": \"${secrets.token}\""),
                  "azure_client app-1 https://vault.azure.net/.default");
    }
}

TEST(AzureReader, SaysWhatIsWrong) {
    EXPECT_NE(outcome("tenant: t").find("there must be one of \"client_secret\" and \"certificate\""), std::string::npos);
    EXPECT_NE(outcome("tenant: \"a/b\", client_secret: \"${secrets.token}\"").find("\"tenant\" holds a '/'"), std::string::npos);
    EXPECT_NE(outcome("client_secret: \"${secrets.token}\"").find("\"azure_client\" has no \"tenant\""), std::string::npos);
}

}  // namespace
}  // namespace sallyport::rules
