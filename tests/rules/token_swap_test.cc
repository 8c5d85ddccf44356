#include "rules/token_swap.h"

#include <gtest/gtest.h>

namespace sallyport::rules {
namespace {

// The fields and the hosts; or the first message.
std::string read(const std::string& text) {
    Reporter reporter("f.yaml");
    const auto document = read_document("tokens: " + text, reporter);
    const auto swap = read_token_swap(document->entries.at(0).value, reporter);
    const auto diagnostics = reporter.take();
    if (!diagnostics.empty()) return diagnostics[0].message;
    std::string all;
    for (const auto& field : swap->fields) all += field + ' ';
    for (const auto& host : swap->hosts) all += "-> " + to_string(host) + ' ';
    return all;
}

TEST(TokenSwapTest, IsReadFromARule) {
    EXPECT_EQ(read("true"), "access_token refresh_token id_token ");
    EXPECT_EQ(read("{ for: api.example }"), "access_token refresh_token id_token -> api.example ");
    EXPECT_EQ(read("{ fields: [token], for: [api.example, \"*.b.example\"] }"), "token -> api.example -> *.b.example ");
}

TEST(TokenSwapTest, SaysWhatIsWrong) {
    EXPECT_EQ(read("false"), "\"tokens\" is true, or says which; without it nothing is swapped");
    EXPECT_NE(read("{ hosts: a.example }").find("unknown key \"hosts\""), std::string::npos);
    EXPECT_NE(read("{ for: \"*\" }").find("is every host"), std::string::npos);
    EXPECT_NE(read("{ for: [] }"), "");
}

}  // namespace
}  // namespace sallyport::rules
