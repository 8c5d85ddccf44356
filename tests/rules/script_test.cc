#include "rules/script.h"

#include <gtest/gtest.h>

namespace sallyport::rules {
namespace {

std::shared_ptr<const Script> script_of(ScriptExports exports, std::string path = "handlers/vcs.js") {
    auto script = Script::create(std::move(path), "text", std::move(exports));
    return script ? *script : nullptr;
}

std::string handler_for(const Script& script, std::string_view host) {
    const HandlerRef* handler = script.by_host(host);
    return handler == nullptr ? "" : handler->name;
}

TEST(Script, TheExactNameThenTheFirstWildcardInTheScriptsOrder) {
    const auto script = script_of({{"**.a.example", "*.a.example", "x.a.example", "*"}, {}, false});
    ASSERT_TRUE(script);
    EXPECT_EQ(handler_for(*script, "x.a.example"), "x.a.example");
    EXPECT_EQ(handler_for(*script, "y.a.example"), "**.a.example");
    EXPECT_EQ(handler_for(*script, "z.y.a.example"), "**.a.example");
    EXPECT_EQ(handler_for(*script, "a.example"), "*");
    const auto other = script_of({{"*.a.example", "**.a.example"}, {}, false});
    EXPECT_EQ(handler_for(*other, "y.a.example"), "*.a.example");
    EXPECT_EQ(handler_for(*other, "a.example"), "");
    EXPECT_EQ(handler_for(*other, "nota.example"), "");
}

TEST(Script, KeepsTheKeyAsItWasWrittenAndMatchesTheCanonicalName) {
    const auto script = script_of({{"My-Internal-VCS.dev."}, {}, false});
    ASSERT_TRUE(script);
    const HandlerRef* handler = script->by_host("my-internal-vcs.dev");
    ASSERT_TRUE(handler);
    EXPECT_EQ(handler->name, "My-Internal-VCS.dev.");
    EXPECT_EQ(handler->kind, HandlerKind::by_host);
    EXPECT_EQ(script->label(*handler), "outboundByHost[My-Internal-VCS.dev.]");
}

TEST(Script, RefusesKeysThatAreNoHosts) {
    for (const std::string key : {"", "https://a.example", "a.example:443", "a b", "*x.example", "127.0.0.1"}) {
        const auto script = Script::create("vcs.js", "", {{"b.example", key}, {}, false});
        ASSERT_FALSE(script) << key;
        EXPECT_EQ(script.error().code, ErrorCode::config_invalid);
        EXPECT_TRUE(script.error().detail.starts_with("vcs.js: outboundByHost: \"" + key + "\""))
            << script.error().detail;
    }
    const auto twice = Script::create("vcs.js", "", {{"a.example", "A.example"}, {}, false});
    ASSERT_FALSE(twice);
    EXPECT_EQ(twice.error().detail, "vcs.js: outboundByHost: \"A.example\" is there twice");
}

TEST(Script, HasAnOutboundOnlyWhereItExportsOne) {
    EXPECT_EQ(script_of({{"a.example"}, {"x"}, false})->outbound(), nullptr);
    const auto script = script_of({{}, {}, true});
    ASSERT_NE(script->outbound(), nullptr);
    EXPECT_EQ(script->outbound()->kind, HandlerKind::outbound);
    EXPECT_EQ(script->label(*script->outbound()), "outbound");
}

TEST(Script, TheStemIsTheFilesName) {
    const std::pair<std::string, std::string> cases[] = {
        {"handlers/vcs.js", "vcs"}, {"vcs.js", "vcs"}, {"/a/b.c/d.e.mjs", "d.e"}, {"vcs", "vcs"}};
    for (const auto& [path, stem] : cases) EXPECT_EQ(script_of({}, path)->stem(), stem);
}

TEST(Script, KnowsWhichPatternsAreCovered) {
    const auto script = script_of({{"a.example", "*.b.example"}, {}, false});
    const std::pair<const char*, bool> cases[] = {{"a.example", true},     {"x.b.example", true}, {"*.b.example", true},
                                                  {"**.b.example", false}, {"b.example", false},  {"*", false}};
    for (const auto& [pattern, covered] : cases)
        EXPECT_EQ(script->covers(*parse_host_pattern(pattern)), covered) << pattern;
}

}  // namespace
}  // namespace sallyport::rules
