// Each kind of credential against an origin that verifies it as services do. The origin is the judge: it answers "welcome", or why not.
#include <gmock/gmock.h>

#include "files.h"
#include "guarded.h"
#include "leak.h"

namespace sallyport::integration {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const std::string kMore = R"(  query: { type: query, name: key, value: "${secrets.token}" }
  cookie: { type: cookie, name: session, value: "${secrets.token}" }
  path: { type: path, segment: BOT, value: "${secrets.token}" }
  signed:
    type: hmac
    key: "${secrets.token}"
    string: "${method}\n${path}\n${timestamp}\n${nonce}\n${body_sha256}"
    headers: { X-Timestamp: "${timestamp}", X-Nonce: "${nonce}", X-Signature: "${signature}" }
)";

class Credentials : public IntegrationTest {
protected:
    static Guard guard_with(const std::string& name, const std::string& more = kMore) {
        return Guard(policy("      - { host: api.acme.example, credential: " + name + " }\n", {}, more));
    }
};

TEST_F(Credentials, AQueryKeyReplacesTheSandboxesOwn) {
    Guard guard = guard_with("query");
    EXPECT_EQ(guard.curl({"https://api.acme.example/verify/query"}).out, "welcome\n");
    EXPECT_EQ(guard.curl({"https://api.acme.example/verify/query?a=1&key=own&b=2"}).out, "welcome\n");
    EXPECT_THAT(seen_by("api.acme.example"), AllOf(HasSubstr("a=1"), HasSubstr("b=2"), Not(HasSubstr("own"))));
}

TEST_F(Credentials, ACookieReplacesTheSandboxesOwn) {
    Guard guard = guard_with("cookie");
    EXPECT_EQ(guard.curl({"-b", "session=own; other=1", "https://api.acme.example/verify/cookie"}).out, "welcome\n");
}

TEST_F(Credentials, APathSegmentStandsForTheSecret) {
    Guard guard = guard_with("path");
    EXPECT_EQ(guard.curl({"https://api.acme.example/verify/path/BOT/sendMessage"}).out, "welcome\n");
    EXPECT_THAT(guard.curl({"https://api.acme.example/verify/path/other/sendMessage"}).out, Not(HasSubstr("welcome")));
}

TEST_F(Credentials, ASignatureByTemplateIsOneThatTheServiceVerifies) {
    Guard guard = guard_with("signed");
    EXPECT_EQ(guard.curl({"https://api.acme.example/verify/signed"}).out, "welcome\n");
    EXPECT_EQ(guard.curl({"-d", "amount=7", "https://api.acme.example/verify/signed"}).out, "welcome\n");
    EXPECT_EQ(guard.curl({"-H", "X-Nonce: mine", "-H", "X-Signature: 00", "https://api.acme.example/verify/signed"}).out, "welcome\n");
    EXPECT_THAT(seen_by("api.acme.example"), Not(HasSubstr(kSecret)));
}

TEST_F(Credentials, AClientCertificateIsShownToTheOriginThatAsksForIt) {
    const std::string file = world().path("secrets/client.pem");
    const std::string more = "  mtls: { type: client_certificate, certificate_file: " + file + ", key_file: " + file + " }\n";
    Guard guard(policy("      - { host: mtls.acme.example, credential: mtls }\n", {}, more));
    const Finished curl = guard.curl({"https://mtls.acme.example/verify/client"});
    EXPECT_EQ(curl.out, "welcome\n") << curl.err << guard.messages();
    Guard without(policy("      - { host: mtls.acme.example }\n"));
    EXPECT_THAT(without.curl({"https://mtls.acme.example/verify/client"}).out, Not(HasSubstr("welcome")));
}

// D18, D20: several credentials for one host, chosen by a field that is not sent on.
TEST_F(Credentials, ASelectorChoosesAndIsNotSentOn) {
    Guard guard(policy("      - { host: api.acme.example, selector: { X-Account: work }, credential: other }\n"
                       "      - { host: api.acme.example, credential: token }\n"));
    EXPECT_EQ(guard.curl({"https://api.acme.example/private"}).out, "welcome\n");
    EXPECT_EQ(guard.curl({"-H", "X-Account: work", "https://api.acme.example/private"}).out, "who are you\n");
    EXPECT_THAT(seen_by("api.acme.example"), AllOf(HasSubstr(kOtherSecret), Not(HasSubstr("X-Account"))));
}

TEST_F(Credentials, ARotatedSecretIsUsedFromTheNextRequestOn) {
    const std::string file = world().path("secrets/rotating");
    write_file(file, "old-value-1\n");
    Guard guard(policy("      - { host: api.acme.example, credential: token }\n", "{ file: " + file + " }"));
    EXPECT_EQ(guard.curl({"https://api.acme.example/private"}).out, "who are you\n");
    write_file(file + ".new", std::string(kSecret) + "\n");
    std::rename((file + ".new").c_str(), file.c_str());
    const Finished curl = guard.shell(
        "for i in $(seq 200); do curl -sS --max-time 20 https://api.acme.example/private | grep welcome && exit 0; done; exit 1");
    EXPECT_EQ(curl.out, "welcome\n") << guard.messages();
}

}  // namespace
}  // namespace sallyport::integration
