#include "rules/provider_fields.h"

#include <gtest/gtest.h>

#include "secrets/fill_in.h"
#include "store_reading.h"

namespace sallyport::rules {
namespace {

constexpr std::string_view kKeys[] = {"a", "b", "list", "url", "region", "ca_file", "allow_cleartext", "access_key_id",
                                      "secret_access_key", "session_token", "keys"};

// What `use` reads of a text, and the messages.
template <class Use>
std::string after(const std::string& text, Use use) {
    sample::StoreReading read("store", text);
    ProviderFields fields(read.reading, kKeys);
    std::string out = use(fields);
    const std::string messages = read.messages();
    EXPECT_EQ(fields.ok(), messages.empty()) << messages;
    return messages.empty() ? out : messages;
}

std::string path(const std::string& value, ProviderFields::Slashes slashes = ProviderFields::Slashes::allowed) {
    return after("{ a: \"" + value + "\" }", [&](ProviderFields& fields) {
        secrets::TemplateText out;
        fields.path("a", out, slashes, Presence::required);
        return secrets::source_text(out);
    });
}

TEST(ProviderFields, APathHoldsNothingThatLeadsElsewhere) {
    EXPECT_EQ(path("kv/data/${params.tenant}/db"), "kv/data/${params.tenant}/db");
    EXPECT_EQ(path("kv/v${labels.x}"), "kv/v${labels.x}");
    EXPECT_EQ(path("kv/data?x"), "/etc/gate/f.yaml:1:13: error: \"a\" holds a character that a path here may not\n");
    EXPECT_EQ(path("kv/%2e"), "/etc/gate/f.yaml:1:13: error: \"a\" holds a character that a path here may not\n");
    for (const char* odd : {"/kv", "kv/", "kv//db", "kv/../db", "."}) {
        EXPECT_EQ(path(odd), "/etc/gate/f.yaml:1:13: error: \"a\" holds a segment that is empty, \".\" or \"..\"\n") << odd;
    }
    EXPECT_EQ(path("kv/${secrets.token}"), "/etc/gate/f.yaml:1:13: error: \"a\" refers to the sandbox only, not to secrets\n");
    EXPECT_EQ(path("a/b", ProviderFields::Slashes::refused), "/etc/gate/f.yaml:1:13: error: \"a\" holds a '/'\n");
}

TEST(ProviderFields, AnEndpointIsHttpsOrThisHost) {
    const auto endpoint = [](const std::string& text) {
        return after(text, [](ProviderFields& fields) {
            secrets::Endpoint out;
            fields.endpoint("url", out, Presence::required);
            return out.url + " " + out.ca_file + (out.allow_cleartext ? " cleartext" : "");
        });
    };
    EXPECT_EQ(endpoint("{ url: \"https://idp.example/token\", ca_file: ca.pem }"), "https://idp.example/token /etc/gate/ca.pem");
    EXPECT_EQ(endpoint("{ url: \"http://127.0.0.1:8200\", allow_cleartext: true }"), "http://127.0.0.1:8200  cleartext");
    EXPECT_EQ(endpoint("{ url: \"http://idp.example\", allow_cleartext: true }"),
              "/etc/gate/f.yaml:1:15: error: \"url\": a secret is not sent over http; only https will do\n");
    EXPECT_EQ(endpoint("{ url: \"https://${params.idp}/token\" }"),
              "/etc/gate/f.yaml:1:15: error: \"url\" is the same for every sandbox, and refers to nothing\n");
    EXPECT_EQ(endpoint("{ a: x }"), "/etc/gate/f.yaml:1:8: error: \"store\" has no \"url\"\n");
}

TEST(ProviderFields, WordsAreJoined) {
    const auto words = [](const std::string& value) {
        return after("{ list: " + value + " }", [](ProviderFields& fields) {
            secrets::TemplateText out;
            fields.words("list", out, Presence::required);
            return secrets::source_text(out);
        });
    };
    EXPECT_EQ(words("[read, \"write:${params.tenant}\"]"), "read write:${params.tenant}");
    EXPECT_EQ(words("read"), "read");
    EXPECT_NE(words("[]").find("error"), std::string::npos);
}

TEST(ProviderFields, KeysOfAwsAreThreeTextsOrOne) {
    const auto keys = [](const std::string& text) {
        return after(text, [](ProviderFields& fields) {
            secrets::AwsKeysConfig out;
            fields.aws_keys(out);
            std::string all;
            out.visit([&](const secrets::TemplateText& each) { all += secrets::source_text(each) + ' '; });
            return all;
        });
    };
    EXPECT_EQ(keys("{ access_key_id: AKIA, secret_access_key: \"${secrets.password}\" }"), "AKIA ${secrets.password} ");
    EXPECT_EQ(keys("{ keys: \"${secrets.token}\" }"), "${secrets.token} ");
    EXPECT_EQ(keys("{ keys: \"${secrets.token}\", access_key_id: AKIA }"),
              "/etc/gate/f.yaml:1:51: error: \"access_key_id\" does not go with \"keys\"\n");
    EXPECT_EQ(keys("{ access_key_id: AKIA, secret_access_key: mArKeR }"),
              "/etc/gate/f.yaml:1:50: error: \"secret_access_key\" must refer to a secret, \"${secrets.NAME}\": values do not belong in this file\n");
}

TEST(ProviderFields, ARegionIsPartOfAName) {
    const auto region = [](const std::string& value) {
        return after("{ region: " + value + " }", [](ProviderFields& fields) {
            std::string out;
            fields.aws_region(out);
            return out;
        });
    };
    EXPECT_EQ(region("eu-west-1"), "eu-west-1");
    EXPECT_EQ(region("evil.example/x"), "/etc/gate/f.yaml:1:18: error: \"region\" is a name like eu-west-1\n");
}

TEST(ProviderFields, AChoiceIsOneOfSome) {
    constexpr std::string_view kChoices[] = {"basic", "post"};
    const auto choice = [&](const std::string& value) {
        return after("{ a: " + value + " }", [&](ProviderFields& fields) {
            std::size_t out = 7;
            fields.choice("a", kChoices, out);
            return std::to_string(out);
        });
    };
    EXPECT_EQ(choice("post"), "1");
    EXPECT_EQ(choice("pots"), "/etc/gate/f.yaml:1:13: error: \"a\" is one of basic, post, did you mean \"post\"?\n");
}

}  // namespace
}  // namespace sallyport::rules
