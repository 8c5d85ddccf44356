#include "proxy/upstream_key.h"

#include <gtest/gtest.h>

#include <set>

#include "rules/client_certificate.h"

namespace sallyport::proxy {
namespace {

TEST(UpstreamKey, ConnectionsWithDifferentRightsHaveDifferentKeys) {
    const std::vector<std::string> networks = {"10.0.0.0/8"};
    UpstreamKey base;
    base.host = "a.example";
    base.port = 443;
    const rules::ClientCertificate certificate;
    std::vector<UpstreamKey> keys(15, base);
    keys[1].scheme = http::Scheme::http;
    keys[2].host = "b.example";
    keys[3].port = 444;
    keys[4].credential_index = 0;
    keys[5].granted_networks = &networks;
    keys[6].generation = Generation{2};
    keys[7].is_address = true;
    keys[8].client_certificate = &certificate;
    keys[9].is_literal_granted = false;
    keys[10].is_rewritten = true;
    keys[11].is_handler = true;
    keys[12].needs_http1 = true;
    keys[13].h2c = true;
    keys[14].credential_index = kAnyCredential;
    std::set<std::string> texts;
    for (const UpstreamKey& key : keys) {
        std::string text;
        key.append_to(text);
        EXPECT_TRUE(texts.insert(text).second);
    }
}

}  // namespace
}  // namespace sallyport::proxy
