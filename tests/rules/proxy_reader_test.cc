#include "rules/proxy_reader.h"

#include <gtest/gtest.h>

#include "tests/rules/sample.h"

namespace sallyport::rules {
namespace {

ParsedFile parsed(const std::string& proxy, const std::string& sandboxes = {}) {
    return parse_policy_file("version: 1\n" + (proxy.empty() ? "" : "proxy: " + proxy + "\n") +
                                 "policies: { p: { default: deny } }\n" + (sandboxes.empty() ? "" : "sandboxes: " + sandboxes + "\n"),
                             "f");
}
std::string first_of(const ParsedFile& file) { return file.diagnostics.empty() ? "" : to_string(file.diagnostics.front()); }

TEST(ProxyReader, ReadsWhereItListens) {
    const auto file = parsed("{ listen: [ /run/p.sock, run/p.sock, \"127.0.0.1:3128\", \"[::1]:3128\", \"127.9.9.9:0\" ] }").file;
    ASSERT_TRUE(file);
    EXPECT_EQ(file->proxy.listen,
              (std::vector<std::string>{"/run/p.sock", "run/p.sock", "127.0.0.1:3128", "[::1]:3128", "127.9.9.9:0"}));
    EXPECT_EQ(parsed("{ listen: \"127.0.0.1:1\" }").file->proxy.listen, std::vector<std::string>{"127.0.0.1:1"});
    EXPECT_TRUE(parsed("").file->proxy.listen.empty()) << "off unless it is asked for";
}

TEST(ProxyReader, ListensOnThisMachineOnly) {
    const std::pair<const char*, const char*> cases[] = {
        {"{ listen: \"0.0.0.0:3128\" }", "f:2:18: error: \"0.0.0.0:3128\" is not a loopback address"},
        {"{ listen: [ \"127.0.0.1:1\", \"[::]:3128\" ] }", "f:2:35: error: \"[::]:3128\" is not a loopback address"},
        {"{ listen: \"10.0.0.1:3128\" }", "is not a loopback address"},
        {"{ listen: \"[::ffff:10.0.0.1]:3128\" }", "is not a loopback address"},
        {"{ listen: \"localhost:3128\" }", "f:2:18: error: \"localhost:3128\" is neither a unix socket's path nor"},
        {"{ listen: \"3128\" }", "is neither"},
        {"{ listen: \"127.0.0.1\" }", "is neither"},
        {"{ listen: [ /a, /a ] }", "\"/a\" is there twice"},
        {"{}", "\"proxy\" is empty"},
        {"{ listen: [] }", "error"},
        {"{ port: 3128 }", "\"proxy\" has no \"listen\""},
        {"{ listen: /a, port: 3128 }", "unknown key \"port\""},
    };
    for (const auto& [text, expected] : cases) {
        const auto file = parsed(text);
        EXPECT_FALSE(file.file) << text;
        EXPECT_NE(first_of(file).find(expected), std::string::npos) << text << ": " << first_of(file);
    }
}

TEST(ProxyReader, ASandboxWithoutANamespaceNeedsTheProxy) {
    const auto file = parsed("{ listen: /a }", "{ ci: { policy: p, namespace: false }, box: { policy: p, namespace: true }, b: { policy: p } }").file;
    ASSERT_TRUE(file);
    EXPECT_FALSE(file->sandboxes.at("ci").has_namespace);
    EXPECT_TRUE(file->sandboxes.at("box").has_namespace);
    EXPECT_TRUE(file->sandboxes.at("b").has_namespace);
    const auto alone = parsed("", "{ ci: { policy: p, namespace: false } }");
    EXPECT_FALSE(alone.file);
    EXPECT_NE(first_of(alone).find("a sandbox without a namespace has no other way out than \"proxy\""), std::string::npos)
        << first_of(alone);
}

}  // namespace
}  // namespace sallyport::rules
