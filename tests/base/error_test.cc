#include "base/error.h"

#include <gtest/gtest.h>

#include <set>

namespace sallyport {
namespace {

constexpr ErrorCode kAll[] = {
#define X(name, status, blame, sentence) ErrorCode::name,
    SALLYPORT_ERRORS(X)
#undef X
};

TEST(Error, EveryCodeHasAUniqueTagAnErrorStatusAndASentence) {
    std::set<std::string_view> tags;
    for (const ErrorCode code : kAll) {
        EXPECT_TRUE(tags.insert(tag(code)).second) << tag(code);
        EXPECT_GE(http_status(code), 400) << tag(code);
        EXPECT_LE(http_status(code), 599) << tag(code);
        EXPECT_FALSE(sentence(code).empty()) << tag(code);
        EXPECT_FALSE(to_string(blame(code)).empty()) << tag(code);
    }
}

TEST(Error, TheTagIsTheCodesOwnName) {
    EXPECT_EQ(tag(ErrorCode::tls_verify_failed), "tls_verify_failed");
    EXPECT_EQ(http_status(ErrorCode::misdirected), 421);
    EXPECT_EQ(blame(ErrorCode::denied), Blame::policy);
}

}  // namespace
}  // namespace sallyport
