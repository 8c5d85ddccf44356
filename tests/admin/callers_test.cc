#include "admin/callers.h"

#include <gtest/gtest.h>

#include "tests/admin/certificates.h"

namespace sallyport::admin {
namespace {

std::vector<TokenCaller> tokens() {
    std::vector<TokenCaller> made;
    made.push_back({SecretString("marker-token-one-0123456789"), {"one", {}}});
    made.push_back({SecretString("marker-token-two-0123456789"), {"two", {"two-*"}}});
    return made;
}

std::string known_as(const std::vector<CertificateCaller>& callers, const Issued& issued) {
    const auto caller = find_certificate(callers, issued.certificate.get());
    return caller ? caller->name : "nobody";
}

TEST(Callers, X1_OnlyAKnownUidIsSomebody) {
    const std::vector<UidCaller> callers = {{0, {"root", {}}}, {1000, {"dev", {"dev-*"}}}};
    EXPECT_EQ(find_uid(callers, 1000)->name, "dev");
    EXPECT_FALSE(find_uid(callers, 1001));
    EXPECT_FALSE(find_uid({}, 0));
}

TEST(Callers, OnlyTheWholeTokenIsSomebodys) {
    const auto callers = tokens();
    EXPECT_EQ(find_token(callers, "marker-token-one-0123456789")->name, "one");
    EXPECT_EQ(find_token(callers, "marker-token-two-0123456789")->name, "two");
    for (const char* none : {"", "marker-token-one-012345678", "marker-token-one-0123456789 ", "marker-token-One-0123456789"}) {
        EXPECT_FALSE(find_token(callers, none)) << none;
    }
}

TEST(Callers, ACertificateIsKnownByItsSubjectOrADnsName) {
    const std::vector<CertificateCaller> callers = {{"ops.example", {"ops", {}}}, {"Ada", {"ada", {}}}};
    EXPECT_EQ(known_as(callers, issue("ops.example", "", nullptr)), "ops");
    EXPECT_EQ(known_as(callers, issue("x", "DNS:other.example,DNS:OPS.example", nullptr)), "ops");
    EXPECT_EQ(known_as(callers, issue("Ada", "", nullptr)), "ada");
    EXPECT_EQ(known_as(callers, issue("ada", "", nullptr)), "nobody");
    EXPECT_EQ(known_as(callers, issue("x", "DNS:*.example,URI:ops.example,email:ops.example", nullptr)), "nobody");
}

TEST(Callers, ANulInASubjectHidesNothing) {
    const std::vector<CertificateCaller> callers = {{"ops.example", {"ops", {}}}};
    EXPECT_EQ(known_as(callers, issue(std::string("ops.example\0.evil", 17), "", nullptr)), "nobody");
}

}  // namespace
}  // namespace sallyport::admin
