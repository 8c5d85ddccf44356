#include "rules/path_credential.h"

#include <gtest/gtest.h>

#include "tests/rules/credentialed.h"

namespace sallyport::rules {
namespace {

using sample::send;

const std::string kBot = "{ type: path, segment: bot-token, value: \"bot${secrets.token}\" }";

TEST(PathCredential, StandsInPlaceOfItsSegment) {
    const std::string value = "bot" + std::string(sample::kMarker);
    EXPECT_EQ(send(kBot, "/bot-token/getMe").head.target, "/" + value + "/getMe");
    EXPECT_EQ(send(kBot, "/file/bot-token?bot-token=1").head.target, "/file/" + value + "?bot-token=1");
    EXPECT_EQ(send(kBot, "/a/bot-token/").head.target, "/a/" + value + "/");
}

TEST(PathCredential, IsRefusedWhereTheSegmentIsNotThereOnce) {
    for (const std::string target : {"/", "/x", "/xbot-token/getMe", "/bot-tokenx", "/bot-token/bot-token", "/x?/bot-token/"}) {
        EXPECT_EQ(send(kBot, target).why(), "placeholder_misused: the path does not hold the credential's segment once") << target;
    }
}

TEST(PathCredential, StaysOneSegment) {
    EXPECT_EQ(send("{ type: path, segment: t, value: \"1:${secrets.odd}\" }", "/t/x").head.target,
              "/1:o%20d%2Fd%2B%26%3D%25%3B%2C%22%C3%BC/x");
}

TEST(PathCredential, RefusesASegmentThatIsNone) {
    for (const std::string segment : {"a/b", "..", "a?b", "%41"}) {
        EXPECT_EQ(sample::reading_fault("{ type: path, segment: \"" + segment + "\", value: \"${secrets.token}\" }"),
                  "29: error: \"" + segment + "\" is not a segment of a path: letters, digits, '-', '.', '_' and '~'");
    }
}

}  // namespace
}  // namespace sallyport::rules
