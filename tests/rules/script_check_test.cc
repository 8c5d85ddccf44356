#include <gtest/gtest.h>

#include "tests/rules/sample.h"

namespace sallyport::rules {
namespace {

std::vector<std::string> check(const std::vector<std::string>& rules, ScriptExports exports) {
    std::string text = "version: 1\npolicies:\n  p:\n    script: handlers/vcs.js\n    rules:\n";
    for (const auto& rule : rules) text += "      - " + rule + '\n';
    const auto parsed = parse_policy_file(text, "f.yaml");
    if (!parsed.file) return {"does not load"};
    const auto script = Script::create("handlers/vcs.js", "", std::move(exports));
    std::vector<std::string> messages;
    for (const auto& each : check_script(*parsed.file->policies.at("p"), **script)) messages.push_back(to_string(each));
    return messages;
}

using Messages = std::vector<std::string>;

TEST(ScriptCheck, AcceptsHandlersThatAreThere) {
    EXPECT_EQ(check({"{ host: a.example, handler: readOnly }"}, {{}, {"readOnly"}, false}), Messages{});
    EXPECT_EQ(check({"{ host: a.example, handler: vcs }"}, {{"a.example"}, {}, false}), Messages{});
    EXPECT_EQ(check({"{ host: \"*.a.example\", handler: vcs }"}, {{"**.a.example"}, {}, false}), Messages{});
    EXPECT_EQ(check({"{ host: \"**\", handler: vcs }", "{ cidr: 10.0.0.0/8, handler: vcs }"}, {{}, {}, true}),
              Messages{});
}

TEST(ScriptCheck, SaysWhichHandlerIsMissing) {
    EXPECT_EQ(check({"{ host: b.example }", "{ host: a.example, handler: readOnyl }"}, {{}, {"readOnly"}, false}),
              Messages{"f.yaml:7:9: error: handler \"readOnyl\" is not in the script, did you mean \"readOnly\"?"});
    EXPECT_EQ(check({"{ host: a.example, handler: vsc }"}, {{"a.example"}, {}, false}),
              Messages{"f.yaml:6:9: error: handler \"vsc\" is not in the script, did you mean \"vcs\"?"});
}

TEST(ScriptCheck, AScriptNeedsSomethingForEveryHostOfARuleThatNamesIt) {
    const Messages neither{
        "f.yaml:6:9: error: the script has neither an outboundByHost for every host of this rule nor an outbound"};
    EXPECT_EQ(check({"{ host: [a.example, b.example], handler: vcs }"}, {{"a.example"}, {}, false}), neither);
    EXPECT_EQ(check({"{ host: \"**.a.example\", handler: vcs }"}, {{"*.a.example"}, {}, false}), neither);
    EXPECT_EQ(check({"{ host: 192.0.2.1, handler: vcs }"}, {{"*"}, {}, false}), neither);
    EXPECT_EQ(check({"{ cidr: 10.0.0.0/8, handler: vcs }"}, {{"*"}, {}, false}), neither);
}

TEST(ScriptCheck, WarnsOfAScriptThatExportsNothing) {
    EXPECT_EQ(check({"{ host: a.example }"}, {}), Messages{"f.yaml: warning: the script of policy \"p\" exports none "
                                                           "of outboundByHost, outboundHandlers and outbound"});
}

}  // namespace
}  // namespace sallyport::rules
