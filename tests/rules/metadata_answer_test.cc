#include "rules/metadata_answer.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "rules/basic_value.h"
#include "rules/placeholders.h"
#include "tests/rules/counting_random.h"
#include "tests/rules/sample.h"

namespace sallyport::rules {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;
using Json = nlohmann::json;

class MetadataAnswersTest : public testing::Test {
protected:
    Respond ask(const std::string& line, const Fields& fields = {}) {
        http::HeaderMap headers;
        for (const auto& [name, value] : fields) headers.add(name, value);
        return answers_.answer(spec_, sample::request_of(line), headers, now_);
    }
    // The body where the status is 200; else the status.
    std::string text(const std::string& line, const Fields& fields = {}) {
        const Respond answer = ask(line, fields);
        return answer.status == 200 ? answer.body : std::to_string(answer.status);
    }
    static std::string field(const Respond& answer, std::string_view name) {
        for (const auto& [each, value] : answer.headers) {
            if (each == name) return value;
        }
        return "";
    }

    CountingRandom random_;
    MetadataAnswers answers_{random_};
    MetadataSpec spec_;
    MetadataAnswers::Time now_{std::chrono::seconds{1'800'000'000}};  // 2027-01-15T08:00:00Z
};

class GcpTest : public MetadataAnswersTest {
protected:
    GcpTest() {
        spec_.cloud = Cloud::gcp;
        spec_.project = "acme";
        spec_.email = "agent@acme.example";
    }
    std::string get(const std::string& path) {
        return text("GET http://metadata.google.internal" + path, {{"Metadata-Flavor", "Google"}});
    }
};

const std::string kV1 = "/computeMetadata/v1";

TEST_F(GcpTest, ClientsFindOutWhereTheyAre) {
    const Respond answer = ask("GET http://169.254.169.254/");
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(field(answer, "Metadata-Flavor"), "Google");
    EXPECT_EQ(get(kV1 + "/project/project-id"), "acme");
    EXPECT_EQ(get(kV1 + "/universe/universe-domain"), "googleapis.com");
}

TEST_F(GcpTest, AServiceAccountIsShownAsSdksReadIt) {
    const std::string account = kV1 + "/instance/service-accounts/default/";
    EXPECT_EQ(get(account + "email"), "agent@acme.example");
    EXPECT_EQ(get(account + "scopes"), "https://www.googleapis.com/auth/cloud-platform\n");
    EXPECT_EQ(get(kV1 + "/instance/service-accounts/"), "default/\nagent@acme.example/\n");
    const Json json = Json::parse(get(account + "?recursive=true"));
    EXPECT_EQ(json["email"], "agent@acme.example");
    EXPECT_EQ(json["scopes"], Json::array({"https://www.googleapis.com/auth/cloud-platform"}));
    EXPECT_EQ(json["aliases"], Json::array({"default"}));
    EXPECT_EQ(Json::parse(get(kV1 + "/?recursive=true&alt=json"))["instance"]["serviceAccounts"]["default"]["email"],
              "agent@acme.example");
    EXPECT_EQ(Json::parse(get(kV1 + "/project/?recursive=true"))["projectId"], "acme");
}

TEST_F(GcpTest, ItsTokensAreWorthNothing) {
    for (const std::string account : {"default", "agent@acme.example"}) {
        const Json token = Json::parse(get(kV1 + "/instance/service-accounts/" + account + "/token?scopes=x"));
        EXPECT_TRUE(token["access_token"].get<std::string>().starts_with("ya29.sallyp0x"));
        EXPECT_EQ(token["token_type"], "Bearer");
        EXPECT_EQ(token["expires_in"], 3599);
    }
    const std::string identity = get(kV1 + "/instance/service-accounts/default/identity?audience=https%3A%2F%2Frun.example&format=full");
    const auto dot = identity.find('.');
    const auto second = identity.find('.', dot + 1);
    Buffer claims;
    ASSERT_TRUE(decode_base64(std::string_view(identity).substr(dot + 1, second - dot - 1), claims));
    EXPECT_EQ(Json::parse(claims.view())["aud"], "https://run.example");
    EXPECT_EQ(Json::parse(claims.view())["exp"], 1'800'003'599);
    EXPECT_TRUE(identity.substr(second + 1).starts_with(kPlaceholderMark));
    EXPECT_EQ(get(kV1 + "/instance/service-accounts/default/identity"), "400");
    EXPECT_EQ(get(kV1 + "/instance/service-accounts/other/token"), "404");
}

TEST_F(GcpTest, WhatDoesNotMeanItIsRefused) {
    const std::string url = "http://metadata.google.internal" + kV1 + "/instance/service-accounts/default/token";
    EXPECT_EQ(text("GET " + url), "403");
    EXPECT_EQ(text("GET " + url, {{"Metadata-Flavor", "Google"}, {"X-Forwarded-For", "192.0.2.1"}}), "403");
    EXPECT_EQ(text("POST " + url, {{"Metadata-Flavor", "Google"}}), "405");
    EXPECT_EQ(get(kV1 + "/instance/nothing"), "404");
}

class AwsTest : public MetadataAnswersTest {
protected:
    AwsTest() {
        spec_.region = "eu-west-1";
        spec_.role = "agent";
    }
    std::string session(const std::string& seconds = "21600") {
        return text("PUT http://169.254.169.254/latest/api/token", {{"X-aws-ec2-metadata-token-ttl-seconds", seconds}});
    }
    std::string get(const std::string& path, const std::string& token) {
        return text("GET http://169.254.169.254" + path, {{"X-aws-ec2-metadata-token", token}});
    }
};

TEST_F(AwsTest, SessionsAreAskedForAndChecked) {
    const std::string token = session("60");
    EXPECT_EQ(get("/latest/meta-data/placement/region", token), "eu-west-1");
    EXPECT_EQ(get("/latest/meta-data/placement/region", token + "x"), "401");
    EXPECT_EQ(text("GET http://169.254.169.254/latest/meta-data/"), "401");
    now_ += std::chrono::seconds(60);
    EXPECT_EQ(get("/latest/meta-data/placement/region", token), "401");
    for (const std::string seconds : {"", "0", "21601", "x", "60x", "-1"}) EXPECT_EQ(session(seconds), "400") << seconds;
    EXPECT_EQ(text("PUT http://169.254.169.254/latest/api/token",
                   {{"X-aws-ec2-metadata-token-ttl-seconds", "60"}, {"X-Forwarded-For", "192.0.2.1"}}),
              "403");
    EXPECT_EQ(text("GET http://169.254.169.254/latest/api/token"), "405");
}

TEST_F(AwsTest, SessionsAreBounded) {
    const std::string first = session();
    for (std::size_t i = 0; i < MetadataAnswers::kSessionsMax; ++i) session();
    EXPECT_EQ(get("/latest/meta-data/instance-id", first), "401");
}

TEST_F(AwsTest, ARoleHasKeysThatAreWorthNothing) {
    const std::string token = session();
    EXPECT_EQ(get("/latest/meta-data/iam/security-credentials/", token), "agent");
    const Json keys = Json::parse(get("/latest/meta-data/iam/security-credentials/agent", token));
    EXPECT_EQ(keys["Code"], "Success");
    EXPECT_EQ(keys["AccessKeyId"], "AKIASALLYPORT0000000");
    EXPECT_EQ(keys["Expiration"], "2027-01-15T14:00:00Z");
    EXPECT_TRUE(mentions_placeholder(keys["SecretAccessKey"].get<std::string>()));
    EXPECT_TRUE(mentions_placeholder(keys["Token"].get<std::string>()));
    EXPECT_EQ(get("/latest/meta-data/iam/security-credentials/other", token), "404");
    spec_.access_key_id = "AKIAOTHER";
    EXPECT_EQ(Json::parse(get("/latest/meta-data/iam/security-credentials/agent", token))["AccessKeyId"], "AKIAOTHER");
    EXPECT_EQ(Json::parse(get("/latest/dynamic/instance-identity/document", token))["region"], "eu-west-1");
}

TEST_F(AwsTest, ContainersGetTheirs) {
    const Json keys = Json::parse(text("GET http://169.254.170.2/v2/credentials/0123"));
    EXPECT_EQ(keys["RoleArn"], "arn:aws:iam::000000000000:role/agent");
    EXPECT_EQ(keys["AccessKeyId"], "AKIASALLYPORT0000000");
    EXPECT_EQ(Json::parse(text("GET http://169.254.170.23/v1/credentials"))["Expiration"], "2027-01-15T14:00:00Z");
    EXPECT_EQ(text("GET http://169.254.170.2/latest/meta-data/"), "404");
    EXPECT_EQ(text("PUT http://169.254.170.2/v2/credentials/0123"), "405");
}

class AzureTest : public MetadataAnswersTest {
protected:
    AzureTest() { spec_.cloud = Cloud::azure; }
    std::string get(const std::string& path, const Fields& fields = {{"Metadata", "true"}}) {
        return text("GET http://169.254.169.254" + path, fields);
    }
};

TEST_F(AzureTest, AManagedIdentityHasATokenThatIsWorthNothing) {
    const std::string path = "/metadata/identity/oauth2/token?api-version=2018-02-01";
    const Json token = Json::parse(get(path + "&resource=https%3A%2F%2Fvault.azure.net"));
    EXPECT_TRUE(mentions_placeholder(token["access_token"].get<std::string>()));
    EXPECT_EQ(token["resource"], "https://vault.azure.net");
    EXPECT_EQ(token["expires_on"], "1800003599");
    EXPECT_EQ(token["token_type"], "Bearer");
    EXPECT_EQ(get(path), "400");
    EXPECT_EQ(get("/metadata/identity/oauth2/token?resource=x"), "400");
    EXPECT_EQ(get(path + "&resource=x", {}), "400");
    EXPECT_EQ(get(path + "&resource=x", {{"Metadata", "true"}, {"X-Forwarded-For", "192.0.2.1"}}), "400");
    EXPECT_EQ(get("/metadata/other?api-version=1"), "404");
    EXPECT_EQ(Json::parse(get("/metadata/instance?api-version=2021-02-01"))["compute"]["osType"], "Linux");
}

}  // namespace
}  // namespace sallyport::rules
