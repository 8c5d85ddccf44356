#include "secrets/onepassword.h"

#include <gtest/gtest.h>

#include "desk.h"

namespace sallyport::secrets {
namespace {

constexpr const char* kVault = "ytrfte14kw1uex5txaore1emkz";
constexpr const char* kItem = "2fcbqwe9ndg175zg2dzwftvkpa";

// A Connect server with one vault "Agents", and in it an item "db \"main\"".
class OnePassword : public testing::Test {
protected:
    OnePassword() : desk_{{"token", "mArKeR-token"}} {
        config_.server.url = "https://connect.internal";
        config_.token = text_of("${secrets.token}");
        config_.vault = text_of("Agents");
        config_.item = text_of("db \"main\"");
        config_.field = "password";
        desk_.server = [this](const HttpRequest& request) { return answer(request); };
    }

    HttpReply answer(const HttpRequest& request) {
        if (field_of(request, "Authorization") != "Bearer mArKeR-token") return reply(401, R"({"status":401,"message":"Invalid token"})");
        const std::string path = request.url.substr(std::string("https://connect.internal").size());
        const std::string items = std::string("/v1/vaults/") + kVault + "/items";
        if (path == "/v1/vaults?filter=name%20eq%20%22Agents%22") return reply(200, vaults_);
        if (path == items + "?filter=title%20eq%20%22db%20%5C%22main%5C%22%22") return reply(200, R"([{"id":")" + std::string(kItem) + "\"}]");
        if (path.find("?filter=") != path.npos) return reply(200, "[]");
        return path == items + '/' + kItem ? reply(status_, item_) : reply(404, "{}");
    }

    std::string outcome() { return desk_.outcome(OnePasswordProvider(config_)); }

    Desk desk_;
    OnePasswordConfig config_;
    int status_ = 200;
    std::string vaults_ = std::string(R"([{"id":")") + kVault + R"(","name":"Agents"}])";
    std::string item_ = R"({"id":"x","fields":[{"id":"username","label":"user","value":"agent"},
                            {"id":"password","label":"password","value":"mArKeR","type":"CONCEALED"},{"id":"empty","label":"empty"}]})";
};

TEST_F(OnePassword, FindsByNameAndRemembersIds) {
    EXPECT_EQ(outcome(), "mArKeR");
    EXPECT_EQ(desk_.requests.size(), 3u);
    EXPECT_EQ(outcome(), "mArKeR");
    EXPECT_EQ(desk_.requests.size(), 4u);
}

TEST_F(OnePassword, AsksForIdsAtOnce) {
    config_.vault = text_of(kVault);
    config_.item = text_of(kItem);
    config_.field = "user";
    EXPECT_EQ(outcome(), "agent");
    EXPECT_EQ(desk_.requests.size(), 1u);
}

TEST_F(OnePassword, WhatIsGoneOrForbiddenIsARevocation) {
    config_.field = "other";
    EXPECT_EQ(outcome(), "denied: the item has no field \"other\"");
    for (const int status : {401, 403, 404}) {
        status_ = status;
        EXPECT_EQ(outcome(), "denied: https://connect.internal answered " + std::to_string(status));
    }
    config_.vault = text_of("Others");
    EXPECT_EQ(outcome(), "denied: nothing has the name \"Others\"");
    desk_.give({{"token", "mArKeR-old"}});
    EXPECT_EQ(outcome(), "denied: https://connect.internal answered 401");
}

TEST_F(OnePassword, AnItemThatWasMadeAnewIsFoundAgain) {
    EXPECT_EQ(outcome(), "mArKeR");
    status_ = 404;
    EXPECT_EQ(outcome(), "denied: https://connect.internal answered 404");
    status_ = 200;
    desk_.requests.clear();
    EXPECT_EQ(outcome(), "mArKeR");
    EXPECT_EQ(desk_.requests.size(), 3u);
}

TEST_F(OnePassword, WhatIsAmbiguousIsNotGuessed) {
    vaults_ = std::string(R"([{"id":")") + kVault + R"("},{"id":")" + kItem + "\"}]";
    EXPECT_EQ(outcome(), "secret_unavailable: several have the name \"Agents\"");
    config_.vault = text_of(kVault);
    item_ = R"({"fields":[{"id":"a","label":"password","value":"mArKeR-1"},{"id":"b","label":"password","value":"mArKeR-2"}]})";
    EXPECT_EQ(outcome(), "secret_unavailable: the item has several fields \"password\"");
}

TEST_F(OnePassword, AnAnswerThatLiesIsAFailure) {
    config_.vault = text_of(kVault);
    config_.item = text_of(kItem);
    const std::pair<const char*, const char*> kLies[] = {
        {"<html>mArKeR", "https://connect.internal answered 200 with something that is not JSON"},
        {"[]", "the answer is not an item with fields"},
        {R"({"fields":{"password":"mArKeR"}})", "the answer is not an item with fields"},
        {R"({"fields":[{"id":"password"}]})", "the item's field \"password\" has no value"},
        {R"({"fields":[{"id":"password","value":["mArKeR"]}]})", "the answer's \"password\" is not a text"},
    };
    for (const auto& [body, detail] : kLies) {
        item_ = body;
        EXPECT_EQ(outcome(), std::string("secret_unavailable: ") + detail);
    }
    config_.vault = text_of("Agents");
    vaults_ = R"([{"id":"../../mArKeR"}])";
    EXPECT_EQ(outcome(), "secret_unavailable: the answer's \"id\" is not one");
}

}  // namespace
}  // namespace sallyport::secrets
