#include "proxy/proxy_credential.h"

#include <gtest/gtest.h>

#include "rules/base64.h"

namespace sallyport::proxy {
namespace {

http::HeaderMap fields(const std::vector<std::string>& values) {
    http::HeaderMap headers;
    for (const std::string& value : values) headers.add("proxy-authorization", value);
    return headers;
}
std::string encoded(std::string_view text) {
    Buffer out;
    rules::append_base64(out, text);
    return std::string(out.view());
}

TEST(ProxyCredential, APasswordIs256RandomBitsAndOnlyItMatches) {
    SystemRandom random;
    const auto made = ProxyCredential::make(random);
    const std::string password(made.password.reveal());
    EXPECT_EQ(password.size(), 64u);
    EXPECT_EQ(password.find_first_not_of("0123456789abcdef"), std::string::npos) << "goes into a URL as it is";
    EXPECT_TRUE(made.credential->matches(password));
    EXPECT_NE(ProxyCredential::make(random).password.reveal(), password);
    std::string other = password;
    other.back() = other.back() == '0' ? '1' : '0';
    for (const std::string& wrong : {other, password + "0", password.substr(1), std::string(), " " + password}) {
        EXPECT_FALSE(made.credential->matches(wrong)) << wrong;
    }
}

TEST(ProxyLogin, IsOneBasicFieldWithAUserAndAPassword) {
    const auto login = ProxyLogin::read(fields({"basic " + encoded("box:a:b")}));
    ASSERT_TRUE(login);
    EXPECT_EQ(login->user(), "box");
    EXPECT_EQ(login->password(), "a:b");
    EXPECT_EQ(ProxyLogin::read(fields({"Basic " + encoded(":")}))->user(), "");
    const std::vector<std::string> none[] = {{},
                                             {"Basic " + encoded("box")},
                                             {"Bearer " + encoded("box:a")},
                                             {"Basic ***"},
                                             {"Basic"},
                                             {encoded("box:a")},
                                             {"Basic " + encoded("box:a"), "Basic " + encoded("box:a")}};
    for (const auto& values : none) EXPECT_FALSE(ProxyLogin::read(fields(values)));
}

TEST(ProxyCredentials, AUserAndAPasswordBelongTogether) {
    SystemRandom random;
    const auto a = ProxyCredential::make(random), b = ProxyCredential::make(random);
    ProxyCredentials all;
    all.set(SandboxId{"a"}, a.credential);
    all.set(SandboxId{"b"}, b.credential);
    EXPECT_EQ(all.find("a", a.password.reveal()), a.credential);
    EXPECT_EQ(all.find("b", b.password.reveal()), b.credential);
    EXPECT_EQ(all.find("a", b.password.reveal()), nullptr);
    EXPECT_EQ(all.find("A", a.password.reveal()), nullptr);
    EXPECT_EQ(all.find("", a.password.reveal()), nullptr);
    EXPECT_EQ(all.find("nobody", ""), nullptr);
}

TEST(ProxyCredentials, ALaterOneTakesTheEarlierOnesPlaceAndNoneTakesItAway) {
    SystemRandom random;
    const auto earlier = ProxyCredential::make(random), later = ProxyCredential::make(random);
    ProxyCredentials all;
    all.set(SandboxId{"a"}, earlier.credential);
    all.set(SandboxId{"a"}, later.credential);
    EXPECT_EQ(all.find("a", earlier.password.reveal()), nullptr);
    EXPECT_EQ(all.find("a", later.password.reveal()), later.credential);
    all.set(SandboxId{"a"}, nullptr);
    EXPECT_EQ(all.find("a", later.password.reveal()), nullptr);
}

}  // namespace
}  // namespace sallyport::proxy
