#include "admin/admission.h"

#include <gtest/gtest.h>

namespace sallyport::admin {
namespace {

constexpr char kToken[] = "marker-token-0123456789";

Admission with_token() {
    std::vector<TokenCaller> tokens;
    tokens.push_back({SecretString(kToken), {"token ci", {}}});
    return {std::move(tokens), {"gate.example"}};
}

struct Answer {
    int status = 200;
    std::string who;
    std::string challenge;
};

Answer ask(const Admission& admission, const Peer& peer, std::string_view host,
           std::vector<std::pair<std::string, std::string>> fields = {}) {
    http::RequestHead head;
    for (const auto& [name, value] : fields) head.headers.add(name, value);
    const auto admitted = admission.admit(peer, head, *http::parse_authority(host, http::Scheme::https));
    if (admitted) return {200, admitted->name, {}};
    const Reply& reply = admitted.error().reply;
    EXPECT_FALSE(admitted.error().why.empty());
    EXPECT_EQ(reply.body.find(kToken), std::string::npos);
    return {reply.status, {}, reply.headers.empty() ? "" : reply.headers[0].second};
}

const Peer kLocal{"uid 0", Caller{"root", {}}, false, true};
const Peer kStranger{"uid 7", std::nullopt, false, true};
const Peer kRemote{"192.0.2.1:5", std::nullopt, true, false};
const Peer kCertificate{"192.0.2.1:5", Caller{"ops", {}}, false, false};

TEST(Admission, X1_APeerWhoIsNobodysCallerIsRefused) {
    const Admission admission = with_token();
    EXPECT_EQ(ask(admission, kLocal, "localhost").who, "root");
    EXPECT_EQ(ask(admission, kStranger, "localhost").status, 403);
    // A token says nothing where the kernel speaks.
    EXPECT_EQ(ask(admission, kStranger, "localhost", {{"Authorization", std::string("Bearer ") + kToken}}).status, 403);
}

TEST(Admission, X1_ANameThatWasBoundToOurAddressIsRefused) {
    const Admission admission = with_token();
    for (const char* host : {"127.0.0.1:8443", "[::1]:8443", "localhost:8443", "gate.example", "192.0.2.1"}) {
        EXPECT_EQ(ask(admission, kCertificate, host).status, 200) << host;
    }
    for (const char* host : {"evil.example", "localhost.evil.example", "gate.example.evil", "x.gate.example"}) {
        EXPECT_EQ(ask(admission, kCertificate, host).status, 403) << host;
        EXPECT_EQ(ask(admission, kLocal, host).status, 200) << host;
    }
}

TEST(Admission, X1_AWebPageIsRefusedWhoeverItsBrowserIs) {
    const Admission admission = with_token();
    const std::string token = std::string("Bearer ") + kToken;
    for (const Peer* peer : {&kLocal, &kRemote, &kCertificate}) {
        for (const char* origin : {"https://evil.example", "null", "http://localhost", ""}) {
            EXPECT_EQ(ask(admission, *peer, "localhost", {{"Authorization", token}, {"Origin", origin}}).status, 403);
        }
        for (const char* site : {"cross-site", "same-site"}) {
            EXPECT_EQ(ask(admission, *peer, "localhost", {{"Authorization", token}, {"Sec-Fetch-Site", site}}).status, 403);
        }
        EXPECT_EQ(ask(admission, *peer, "localhost", {{"Authorization", token}, {"Sec-Fetch-Site", "none"}}).status, 200);
    }
}

TEST(Admission, ABearerTokenIsAskedForAndChecked) {
    const Admission admission = with_token();
    const std::string token(kToken);
    EXPECT_EQ(ask(admission, kRemote, "localhost", {{"Authorization", "bearer " + token}}).who, "token ci");
    EXPECT_EQ(ask(admission, kRemote, "localhost").challenge, R"(Bearer realm="sallyport")");
    EXPECT_EQ(ask(admission, kRemote, "localhost", {{"Authorization", "Bearer x"}}).challenge,
              R"(Bearer realm="sallyport", error="invalid_token")");
    for (const std::string& bad : {std::string(), std::string("Bearer"), std::string("Bearer "), token, "Basic " + token}) {
        EXPECT_EQ(ask(admission, kRemote, "localhost", {{"Authorization", bad}}).status, 401) << bad;
    }
    EXPECT_EQ(ask(admission, kRemote, "localhost",
                  {{"Authorization", "Bearer " + token}, {"Authorization", "Bearer " + token}})
                  .status,
              401);
}

TEST(Admission, X1_APageDoesNotLearnWhetherATokenIsRight) {
    const Admission admission = with_token();
    const auto with = [&](const std::string& token) {
        return ask(admission, kRemote, "localhost", {{"Authorization", "Bearer " + token}, {"Origin", "https://x"}});
    };
    EXPECT_EQ(with(kToken).status, 403);
    EXPECT_EQ(with("another-token").status, 403);
}

}  // namespace
}  // namespace sallyport::admin
