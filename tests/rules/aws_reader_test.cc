#include "rules/aws_reader.h"

#include <gtest/gtest.h>

#include "provider_outcome.h"

namespace sallyport::rules {
namespace {

const std::string kKeys = "access_key_id: AKIA, secret_access_key: \"${secrets.password}\"";

std::string manager(const std::string& text) { return sample::outcome(read_aws, "aws", "{ " + text + " }"); }
std::string sts(const std::string& text) { return sample::outcome(read_aws_sts, "aws_sts", "{ " + text + " }"); }

TEST(AwsReader, TakesASecretsName) {
    EXPECT_EQ(manager("region: eu-west-1, secret: \"prod/${params.tenant}/db\", field: password, " + kKeys),
              "aws eu-west-1 prod/${params.tenant}/db#password");
    EXPECT_EQ(manager("region: eu-west-1, secret: db, stage: AWSPREVIOUS, endpoint: \"https://aws.internal\", keys: \"${secrets.token}\""),
              "aws eu-west-1 db");
}

TEST(AwsReader, TakesARole) {
    EXPECT_EQ(sts("region: eu-west-1, role_arn: \"arn:aws:iam::1:role/a\", session_name: \"s-${sandbox.id}\", duration: 30m, external_id: x, " + kKeys),
              "aws_sts arn:aws:iam::1:role/a");
    EXPECT_EQ(sts("region: eu-west-1, role_arn: \"arn:aws:iam::1:role/a\", web_identity: \"${secrets.token}\""), "aws_sts arn:aws:iam::1:role/a");
}

TEST(AwsReader, SaysWhatIsWrong) {
    EXPECT_EQ(manager("region: eu-west-1, secret: db"), "/etc/gate/f.yaml:1:6: error: \"aws\" has no \"access_key_id\"\n"
                                                       "/etc/gate/f.yaml:1:6: error: \"aws\" has no \"secret_access_key\"\n");
    EXPECT_EQ(manager("secret: db, keys: \"${secrets.token}\""), "/etc/gate/f.yaml:1:6: error: \"aws\" has no \"region\"\n");
    for (const char* duration : {"14m", "13h", "soon"}) {
        const std::string all = sts("region: eu-west-1, role_arn: a, duration: " + std::string(duration) + ", " + kKeys);
        EXPECT_NE(all.find("error: \"duration\" "), std::string::npos) << all;
    }
    EXPECT_NE(sts("region: eu-west-1, role_arn: a, web_identity: \"${secrets.token}\", access_key_id: AKIA")
                  .find("error: \"access_key_id\" does not go with \"web_identity\""),
              std::string::npos);
}

}  // namespace
}  // namespace sallyport::rules
