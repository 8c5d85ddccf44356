#include "rules/shared_credentials.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "rules/compiled_policy.h"
#include "tests/rules/sample.h"

namespace sallyport::rules {
namespace {

class SharedCredentialsTest : public testing::Test {
protected:
    SharedCredentialsTest() {
        setenv("SALLYPORT_SHARED_TEST", "common", 1);
        setenv("SALLYPORT_SHARED_TEST_acme", "acme's", 1);
        file_ = parse_policy_file(
                    "version: 1\n"
                    "secrets: { common: { env: SALLYPORT_SHARED_TEST }, own: { env: "
                    "\"SALLYPORT_SHARED_TEST_${params.t}\" } }\n"
                    "credentials:\n"
                    "  c: { type: bearer, secret: common }\n"
                    "  d: { type: header, name: X, value: \"${secrets.common} ${sandbox.id}\" }\n"
                    "  e: { type: bearer, secret: own }\n"
                    "policies:\n"
                    "  p: { rules: [ { host: c.example, credential: c }, { host: d.example, credential: d }, { host: "
                    "e.example, credential: e } ] }\n",
                    "f")
                    .file;
        policy_ = file_->policies.at("p");
        common_ = secrets::SecretSnapshot::load(file_->secrets, {});
    }

    std::shared_ptr<const RenderedCredential> get(std::size_t index, const secrets::Identity& identity) {
        const auto secrets = secrets::SecretSnapshot::load(file_->secrets, identity, common_);
        const CredentialSpec& spec = policy_->credentials.at(index);
        return shared_.get(policy_, spec, {spec.name, identity, secrets, nullptr});
    }
    // What it sends.
    static std::string value_of(const RenderedCredential& rendered) {
        NeedleTexts texts;
        (*rendered.action)->collect(texts);
        return std::string(texts.rendered.at(0));
    }

    std::shared_ptr<const PolicyFile> file_;
    std::shared_ptr<const CompiledPolicy> policy_;
    secrets::SecretSnapshot common_;
    SharedCredentials shared_;
    const secrets::Identity acme_{"a", {{"t", "acme"}}, {}};
    const secrets::Identity other_{"b", {{"t", "other"}}, {}};
};

TEST_F(SharedCredentialsTest, WhatDoesNotDependOnTheSandboxIsOne) {
    const auto first = get(0, acme_);
    EXPECT_EQ(first, get(0, other_));
    EXPECT_EQ(value_of(*first), "Bearer common");
}

TEST_F(SharedCredentialsTest, WhatDependsOnTheSandboxIsItsOwn) {
    EXPECT_EQ(value_of(*get(1, acme_)), "common a");
    EXPECT_EQ(value_of(*get(1, other_)), "common b");
    EXPECT_EQ(value_of(*get(2, acme_)), "Bearer acme's");
    EXPECT_FALSE(get(2, other_)->action.has_value());
    EXPECT_EQ(value_of(*get(2, acme_)), "Bearer acme's");
}

TEST_F(SharedCredentialsTest, AnotherValueIsNeverTheOldOne) {
    const auto before = get(0, acme_);
    setenv("SALLYPORT_SHARED_TEST", "changed", 1);
    common_ = secrets::SecretSnapshot::load(file_->secrets, {});
    EXPECT_EQ(value_of(*get(0, acme_)), "Bearer changed");
    EXPECT_EQ(value_of(*before), "Bearer common");
    unsetenv("SALLYPORT_SHARED_TEST");
    common_ = secrets::SecretSnapshot::load(file_->secrets, {});
    EXPECT_FALSE(get(0, acme_)->action.has_value());
}

}  // namespace
}  // namespace sallyport::rules
