#include "rules/placeholder_places.h"

#include <gtest/gtest.h>

namespace sallyport::rules {
namespace {

std::optional<PlaceholderPlaces> read(const std::string& list, std::string* fault = nullptr) {
    Reporter reporter("f.yaml");
    const auto document = read_document("in: " + list, reporter);
    auto places = read_placeholder_places(document->entries.at(0).value, reporter);
    const auto diagnostics = reporter.take();
    if (fault != nullptr && !diagnostics.empty()) *fault = diagnostics[0].message;
    EXPECT_EQ(places.has_value(), diagnostics.empty());
    return places;
}

TEST(PlaceholderPlacesTest, AreReadFromAList) {
    const auto places = read(R"(["header:x-api-key", "basic:username", "query:k", "json:/auth/*/t", "form:client_secret", websocket])");
    ASSERT_TRUE(places);
    EXPECT_TRUE(places->has_field("X-Api-Key"));
    EXPECT_FALSE(places->has_field("Authorization"));
    EXPECT_TRUE(places->has_authorization());
    EXPECT_TRUE(places->basic_username);
    EXPECT_FALSE(places->basic_password);
    EXPECT_TRUE(places->has_query_key("%6b"));
    EXPECT_FALSE(places->has_query_key("K"));
    EXPECT_EQ(places->json, (std::vector<JsonPlace>{{"auth", "*", "t"}}));
    EXPECT_EQ(places->form, std::vector<std::string>{"client_secret"});
    EXPECT_TRUE(places->websocket);
    EXPECT_TRUE(read("header:authorization")->has_authorization());
}

TEST(PlaceholderPlacesTest, SayWhatIsWrong) {
    for (const std::string place : {"header", "header:", "header:a b", "basic:user", "query:", "json:auth", "json:/a~x", "form:",
                                    "websockets", "body", "header:Host", "header:content-length", "header:Content-Type"}) {
        std::string fault;
        EXPECT_FALSE(read("[\"" + place + "\"]", &fault)) << place;
        EXPECT_NE(fault, "") << place;
    }
    EXPECT_FALSE(read("[]"));
}

TEST(PlaceholderPlacesTest, PercentEncodedTextReadsAsWhatItSays) {
    EXPECT_TRUE(reads_as("a%62c", "abc"));
    EXPECT_FALSE(reads_as("abcd", "abc"));
    EXPECT_FALSE(reads_as("ab", "abc"));
}

}  // namespace
}  // namespace sallyport::rules
