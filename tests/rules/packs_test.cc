#include "rules/packs.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "rules/condition_reader.h"
#include "rules/fields.h"
#include "tests/rules/sample.h"

namespace sallyport::rules {
namespace {

TEST(Packs, EveryShippedPackIsRead) {
    EXPECT_GT(shipped_packs().size(), 30u);
    for (const auto& [name, pack] : shipped_packs()) {
        EXPECT_EQ(pack.name, name);
        EXPECT_FALSE(pack.allow.empty()) << name;
        std::set<std::string> names;
        for (const PackRule& rule : pack.allow) EXPECT_TRUE(names.insert(rule.name).second) << name << '/' << rule.name;
        for (const PackRule& rule : pack.deny) {
            EXPECT_TRUE(names.insert(rule.name).second) << name << '/' << rule.name;
            EXPECT_TRUE(rule.name.starts_with("deny-")) << name << '/' << rule.name;
        }
    }
}

// D17: a credential's hosts are exact.
TEST(Packs, D17NoRuleThatAllowsHasAWildcardHostOrIsWithoutMethods) {
    for (const auto& [name, pack] : shipped_packs()) {
        for (const PackRule& rule : pack.allow) {
            const Node* host = find(rule.conditions, "host");
            ASSERT_NE(host, nullptr) << name << '/' << rule.name;
            EXPECT_EQ(host->text.find('*'), std::string::npos) << name << '/' << rule.name;
            for (const Node& item : host->items) EXPECT_EQ(item.text.find('*'), std::string::npos) << name;
            EXPECT_NE(find(rule.conditions, "methods"), nullptr) << name << '/' << rule.name;
        }
    }
}

TEST(Packs, EveryReferenceIsToAKeyOfThePack) {
    const Packs packs = read_packs(packs_text());
    for (const auto& [name, pack] : packs) {
        for (const PackRule& rule : pack.allow) {
            for (const Node* texts : {find(rule.conditions, "host"), find(rule.conditions, "paths"), &rule.narrowed}) {
                if (texts == nullptr) continue;
                for (const auto& [key, about] : pack.keys) EXPECT_FALSE(key.empty());
                std::vector<std::string> all{texts->text};
                for (const Node& item : texts->items) all.push_back(item.text);
                for (const std::string& text : all) {
                    const auto at = text.find("${");
                    if (at == text.npos) continue;
                    const std::string key = text.substr(at + 2, text.find('}', at) - at - 2);
                    EXPECT_TRUE(pack.keys.contains(key)) << name << '/' << rule.name << ": " << text;
                }
            }
        }
    }
}

TEST(Packs, ADenialIsAboutPathsWithASlashOrAnExtensionToo) {
    const Packs packs = read_packs(
        "p:\n"
        "  allow: [ { name: a, host: a.example, methods: [GET] } ]\n"
        "  deny: [ { name: deny-a, host: a.example, paths: [/keys, \"/x/*\", \"/y/**\"] } ]\n");
    std::vector<std::string> paths;
    for (const Node& path : find(packs.at("p").deny.at(0).conditions, "paths")->items) paths.push_back(path.text);
    EXPECT_EQ(paths, (std::vector<std::string>{"/keys", "/keys/", "/keys.*", "/x/*", "/x/*/", "/y/**"}));
}

TEST(Packs, ReadsKeysAndFlags) {
    const Packs packs = read_packs(
        "p:\n"
        "  keys: { at: { form: host, otherwise: a.example }, b: { form: labels, required: true, every: [x, y] } }\n"
        "  allow: [ { name: a, host: \"${at}\", methods: [GET], optional: true, anonymous: true } ]\n");
    const Pack& pack = packs.at("p");
    EXPECT_EQ(pack.keys.at("at").form, PackForm::host);
    EXPECT_EQ(pack.keys.at("at").otherwise, std::vector<std::string>{"a.example"});
    EXPECT_TRUE(pack.keys.at("b").required);
    EXPECT_EQ(pack.keys.at("b").every, (std::vector<std::string>{"x", "y"}));
    EXPECT_TRUE(pack.allow.at(0).optional);
    EXPECT_TRUE(pack.allow.at(0).anonymous);
    EXPECT_EQ(pack.allow.at(0).conditions.entries.size(), 2u);
}

}  // namespace
}  // namespace sallyport::rules
