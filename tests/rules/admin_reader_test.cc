#include "rules/admin_reader.h"

#include <gtest/gtest.h>

#include "tests/rules/sample.h"

namespace sallyport::rules {
namespace {

std::string with(const std::string& section, const std::string& value) {
    return "version: 1\n" + section + ": " + value + "\n";
}

TEST(AdminReader, ReadsEachKey) {
    const auto parsed = parse_policy_file(
        with("admin",
             "{ socket: /run/admin.sock, listen: \"10.0.0.1:8443\", certificate: c.pem, key: k.pem, client_ca: ca.pem, "
             "callers: { ops: { uid: 1000 }, ci: { token_file: /run/token, sandboxes: [\"ci-*\", build] }, "
             "web: { certificate: web.example, sandboxes: \"*\" } } }"),
        "f");
    ASSERT_TRUE(parsed.file);
    const AdminSpec& admin = parsed.file->admin;
    EXPECT_EQ(admin.socket, "/run/admin.sock");
    EXPECT_EQ(admin.listen, "10.0.0.1:8443");
    EXPECT_EQ(admin.certificate_file, "c.pem");
    EXPECT_EQ(admin.key_file, "k.pem");
    EXPECT_EQ(admin.client_ca_file, "ca.pem");
    ASSERT_EQ(admin.callers.size(), 3u);
    EXPECT_EQ(admin.callers[0].name, "ops");
    EXPECT_EQ(admin.callers[0].uid, 1000u);
    EXPECT_TRUE(admin.callers[0].sandboxes.empty());
    EXPECT_EQ(admin.callers[1].token_file, "/run/token");
    EXPECT_EQ(admin.callers[1].sandboxes, (std::vector<std::string>{"ci-*", "build"}));
    EXPECT_FALSE(admin.callers[1].uid);
    EXPECT_EQ(admin.callers[2].certificate, "web.example");
}

TEST(AdminReader, HasDefaults) {
    const auto parsed = parse_policy_file("version: 1\n", "f");
    EXPECT_EQ(parsed.file->admin.socket, "");
    EXPECT_EQ(parsed.file->admin.listen, "");
    EXPECT_EQ(parsed.file->audit.file, "");
}

TEST(AdminReader, RefusesWhatCouldNotWorkOrWouldBeOpen) {
    const std::string token = "callers: { a: { token_file: t } }";
    const std::pair<std::string, std::string> cases[] = {
        {"{}", "8: error: \"admin\" is empty"},
        {"{ socket: none }", ""},
        {"{ port: 1 }", "10: error: unknown key \"port\""},
        {"{ listen: \"127.0.0.1:0\", " + token + " }", ""},
        {"{ listen: \"[::1]:8443\", " + token + " }", ""},
        {"{ listen: \"127.0.0.1:8443\" }",
         "18: error: \"listen\" needs \"client_ca\", or a caller with \"token_file\""},
        {"{ listen: \"0.0.0.0:8443\", " + token + " }",
         "18: error: \"listen\" on an address that is not loopback needs \"certificate\""},
        {"{ listen: \"[::]:8443\", " + token + " }",
         "18: error: \"listen\" on an address that is not loopback needs \"certificate\""},
        {"{ listen: \"localhost:8443\", " + token + " }",
         "18: error: \"listen\" must be an address and a port, such as \"127.0.0.1:8443\""},
        {"{ listen: 8443, " + token + " }",
         "18: error: \"listen\" must be an address and a port, such as \"127.0.0.1:8443\""},
        {"{ listen: \"::1:8443\", " + token + " }",
         "18: error: \"listen\" must be an address and a port, such as \"127.0.0.1:8443\""},
        {"{ listen: \"127.0.0.1:1\", certificate: c, " + token + " }", "46: error: \"certificate\" needs \"key\""},
        {"{ listen: \"127.0.0.1:1\", key: k, " + token + " }", "38: error: \"key\" needs \"certificate\""},
        {"{ listen: \"127.0.0.1:1\", client_ca: k }", "44: error: \"client_ca\" needs \"certificate\""},
        {"{ certificate: c, key: k }", "23: error: \"certificate\" needs \"listen\""},
        {"{ callers: {} }", "19: error: \"callers\" is empty"},
        {"{ callers: { \"a b\": { uid: 1 } } }",
         "21: error: \"a b\" is not a valid name: 1 to 63 of A-Z, a-z, 0-9, '_' and '-', no '-' at either end"},
        {"{ callers: { a: { sandboxes: x } } }",
         "24: error: caller \"a\" is known by one of \"uid\", \"token_file\" and \"certificate\""},
        {"{ callers: { a: { uid: 1, token_file: t } } }",
         "24: error: caller \"a\" is known by one of \"uid\", \"token_file\" and \"certificate\""},
        {"{ callers: { a: { uid: -1 } } }", "31: error: \"uid\" must be a number from 0 to 4294967294"},
        {"{ callers: { a: { uid: root } } }", "31: error: \"uid\" must be a number from 0 to 4294967294"},
        {"{ callers: { a: { certificate: x } } }", "39: error: a caller with \"certificate\" needs \"client_ca\""},
        {"{ callers: { a: { uid: 1, sandboxes: [] } } }", "45: error: \"sandboxes\" is an empty list"},
        {"{ callers: { a: { uid: 1, sandboxes: [\"a/b\"] } } }",
         "46: error: \"a/b\" is not a sandbox's name, or a pattern of one"},
    };
    for (const auto& [admin, expected] : cases) {
        EXPECT_EQ(sample::first_diagnostic(with("admin", admin)), expected.empty() ? "" : "f.yaml:2:" + expected)
            << admin;
    }
}

TEST(AdminReader, ReadsTheAuditLog) {
    const auto full =
        parse_policy_file(with("audit", "{ file: /var/log/a.jsonl, rotate: 5MB, keep: 3, replay: true }"), "f");
    ASSERT_TRUE(full.file);
    EXPECT_EQ(full.file->audit.file, "/var/log/a.jsonl");
    EXPECT_EQ(full.file->audit.rotate_bytes, 5'000'000u);
    EXPECT_EQ(full.file->audit.keep, 3u);
    EXPECT_TRUE(full.file->audit.replay);
    const auto least = parse_policy_file(with("audit", "{ file: a }"), "f");
    EXPECT_EQ(least.file->audit.rotate_bytes, 100'000'000u);
    EXPECT_EQ(least.file->audit.keep, 10u);
    EXPECT_FALSE(least.file->audit.replay);
    const std::pair<std::string, std::string> cases[] = {
        {"{ keep: 1 }", "8: error: \"audit\" has no \"file\""},
        {"{ file: a, rotate: 9KB }", "27: error: \"rotate\" must be 10KB at least"},
        {"{ file: a, rotate: 100 }",
         "27: error: \"rotate\" must be a size (B, KB, MB, GB, KiB, MiB, GiB), such as 100MB"},
        {"{ file: a, keep: 0 }", "25: error: \"keep\" must be a number from 1 to 1000"},
        {"{ file: a, replay: yes }", "27: error: \"replay\" must be true or false, not \"yes\""},
        {"{ file: a, path: a }", "19: error: unknown key \"path\""},
    };
    for (const auto& [audit, expected] : cases) {
        EXPECT_EQ(sample::first_diagnostic(with("audit", audit)), "f.yaml:2:" + expected) << audit;
    }
}

}  // namespace
}  // namespace sallyport::rules
