#include "cli/script_loader.h"

#include <gmock/gmock.h>

#include "tests/cli/handlers.h"

namespace sallyport::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(ScriptReport, SaysWhatAScriptExports) {
    const auto exports = parse_script_report(R"({"hosts":["a.example","*.b.example"],"named":["x","y"],"outbound":true})");
    ASSERT_TRUE(exports);
    EXPECT_THAT(exports->hosts, ElementsAre("a.example", "*.b.example"));
    EXPECT_THAT(exports->named, ElementsAre("x", "y"));
    EXPECT_TRUE(exports->outbound);
}

TEST(ScriptReport, P22_WhatIsNoReportIsAnError) {
    for (const char* line : {"", "x", "[]", "{\"error\":\"boom\"}", "{\"hosts\":["}) {
        EXPECT_FALSE(parse_script_report(line)) << line;
    }
    EXPECT_EQ(parse_script_report("{\"error\":\"boom\"}").error().detail, "boom");
    // The script's own process wrote it: nothing in it may end ours.
    for (const char* line : {R"({"hosts":1,"named":{"a":1},"outbound":"yes"})", R"({"hosts":[1,null],"named":[[]]})"}) {
        const auto exports = parse_script_report(line);
        ASSERT_TRUE(exports) << line;
        EXPECT_TRUE(exports->hosts.empty() && exports->named.empty() && !exports->outbound) << line;
    }
}

class ScriptLoaderTest : public HandlersTest {
protected:
    void SetUp() override {
        HandlersTest::SetUp();
        loader.emplace(&*launcher);
    }
    std::string refusal(const std::string& text) {
        const auto script = loader->load(write("bad.js", text));
        EXPECT_FALSE(script) << text;
        return script ? "" : script.error().detail;
    }
    std::optional<ScriptLoader> loader;
};

TEST_F(ScriptLoaderTest, FindsOutWhatAScriptExports) {
    const auto script = loader->load(write("vcs.js", kScript));
    ASSERT_TRUE(script) << script.error().detail;
    EXPECT_EQ((*script)->stem(), "vcs");
    EXPECT_THAT((*script)->exports().hosts, ElementsAre("a.example", "*.b.example"));
    EXPECT_THAT((*script)->exports().named, ElementsAre("readOnly"));
    EXPECT_FALSE((*script)->exports().outbound);
}

TEST_F(ScriptLoaderTest, AScriptThatIsTheSameIsNotRunAgain) {
    const std::string path = write("vcs.js", kScript);
    const auto first = loader->load(path);
    ASSERT_TRUE(first);
    EXPECT_EQ(*loader->load(write("vcs.js", kScript)), *first);
    const auto second = loader->load(write("vcs.js", "export const outbound = (request) => fetch(request);\n"));
    ASSERT_TRUE(second) << second.error().detail;
    EXPECT_NE(*second, *first);
    EXPECT_TRUE((*second)->exports().outbound);
}

TEST_F(ScriptLoaderTest, SaysWhyAScriptDoesNotLoad) {
    EXPECT_THAT(loader->load(directory + "/none.js").error().detail, HasSubstr("No such file"));
    EXPECT_THAT(refusal("export const outbound = ("), HasSubstr("SyntaxError"));
    EXPECT_THAT(refusal("throw new Error('at the top');"), HasSubstr("at the top"));
    EXPECT_THAT(refusal("export const outboundByHost = { 'a.example': 7 };"), HasSubstr("a.example"));
    EXPECT_THAT(refusal("export const outboundByHost = { 'a b': () => {} };"), HasSubstr("a b"));
    EXPECT_THAT(refusal("process.exit(0);"), HasSubstr("ended before"));
    EXPECT_FALSE(refusal("import 'node:nosuch';").empty());
    // And nothing is left of those: the next one loads.
    EXPECT_TRUE(loader->load(write("good.js", kScript)));
}

TEST_F(ScriptLoaderTest, X11_AScriptThatNeverEndsIsGivenUp) {
    EXPECT_THAT(refusal("while (true) {}"), HasSubstr("takes too long"));
    EXPECT_TRUE(loader->load(write("good.js", kScript)));
}

TEST_F(ScriptLoaderTest, WhatAScriptPrintsAsItLoadsDoesNotHoldItUp) {
    const auto script = loader->load(write("loud.js", "for (let i = 0; i < 5000; ++i) console.log('x'.repeat(100));\n" + std::string(kScript)));
    EXPECT_TRUE(script) << script.error().detail;
}

TEST_F(ScriptLoaderTest, NoticesThatAFileHasChanged) {
    const std::string path = write("vcs.js", kScript);
    ASSERT_TRUE(loader->load(path));
    for (int i = 0; i < 10'000'000 && loader->look_for_changes(); ++i) {
    }
    EXPECT_FALSE(loader->look_for_changes());
    write("vcs.js", "export const outbound = (;");
    EXPECT_TRUE(loader->look_for_changes());
    EXPECT_FALSE(loader->load(path));
    EXPECT_EQ(loader->paths(), std::vector<std::string>{path});
    loader->keep_only({});
    EXPECT_TRUE(loader->paths().empty());
}

TEST(ScriptLoader, WithoutALauncherNoScriptIsLoaded) {
    ScriptLoader loader(nullptr);
    EXPECT_THAT(loader.load("/dev/null").error().detail, HasSubstr("root"));
}

}  // namespace
}  // namespace sallyport::cli
