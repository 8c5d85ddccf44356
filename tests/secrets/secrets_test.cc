#include "secrets/secrets.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/secrets/fake_provider.h"

namespace sallyport::secrets {
namespace {

constexpr const char* kMarker = "mArKeR-41c2";

class SecretFiles : public testing::Test {
protected:
    SecretFiles() {
        std::string pattern = testing::TempDir() + "sallyport-secrets-XXXXXX";
        folder_ = mkdtemp(pattern.data());
    }
    ~SecretFiles() override { std::filesystem::remove_all(folder_); }

    std::string write(const std::string& name, const std::string& bytes) {
        std::ofstream(folder_ + '/' + name, std::ios::binary) << bytes;
        return folder_ + '/' + name;
    }
    // The value, or the detail of the error.
    static std::string read(const std::string& path) {
        const auto snapshot = SecretSnapshot::load({{"s", SourceKind::file, path}}, {});
        const auto value = snapshot.get("s");
        return value ? std::string(*value) : value.error().detail;
    }

    std::string folder_;
};

TEST_F(SecretFiles, GiveTheirValueWithoutOneTrailingNewline) {
    EXPECT_EQ(read(write("a", "value")), "value");
    EXPECT_EQ(read(write("a", "value\n")), "value");
    EXPECT_EQ(read(write("a", " sp ace ")), " sp ace ");
    EXPECT_EQ(read(write("a", std::string(64 * 1024, 'x'))), std::string(64 * 1024, 'x'));
}

TEST_F(SecretFiles, AreUnavailableWhereTheValueCannotBeOne) {
    const std::string path = folder_ + "/a";
    const std::string control = "secret \"s\": " + path + ": the value holds control characters";
    for (const std::string bytes : {"a\n\n", "a\r\n", "a\nb", "a\rb", "a\tb", "a\x7f", "a\x1b[0m"}) {
        write("a", bytes);
        EXPECT_EQ(read(path), control);
    }
    write("a", std::string("a\0b", 3));
    EXPECT_EQ(read(path), control);
    for (const std::string bytes : {"", "\n"}) {
        write("a", bytes);
        EXPECT_EQ(read(path), "secret \"s\": " + path + ": the value is empty");
    }
    write("a", std::string(64 * 1024 + 1, 'x'));
    EXPECT_EQ(read(path), "secret \"s\": " + path + ": the value is over 64 KiB");
}

TEST_F(SecretFiles, AreRegularFiles) {
    EXPECT_EQ(read(folder_), "secret \"s\": " + folder_ + ": not a regular file");
    EXPECT_EQ(read("/dev/zero"), "secret \"s\": /dev/zero: not a regular file");
    const std::string fifo = folder_ + "/fifo";
    ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
    EXPECT_EQ(read(fifo), "secret \"s\": " + fifo + ": not a regular file");
    EXPECT_EQ(read(folder_ + "/none"), "secret \"s\": " + folder_ + "/none: No such file or directory");
}

TEST_F(SecretFiles, ArePerSandbox) {
    std::filesystem::create_directory(folder_ + "/acme");
    write("acme/pat", "acme's");
    const std::vector<SecretSource> sources{{"pat", SourceKind::file, folder_ + "/${params.tenant}/pat"}};
    EXPECT_EQ(SecretSnapshot::load(sources, {"s", {{"tenant", "acme"}}, {}}).get("pat").value(), "acme's");
    EXPECT_FALSE(SecretSnapshot::load(sources, {"s", {{"tenant", "other"}}, {}}).get("pat"));
    EXPECT_FALSE(SecretSnapshot::load(sources, {}).get("pat"));
}

TEST_F(SecretFiles, WhatIsCommonIsReadOnce) {
    std::filesystem::create_directory(folder_ + "/acme");
    write("acme/pat", "acme's");
    const std::vector<SecretSource> sources{{"common", SourceKind::file, write("common", "first")},
                                            {"missing", SourceKind::file, folder_ + "/none"},
                                            {"own", SourceKind::file, folder_ + "/${labels.tenant}/pat"}};
    const auto common = SecretSnapshot::load(sources, {});
    write("common", "second");
    write("none", "now there");
    const auto acme = SecretSnapshot::load(sources, {"a", {}, {{"tenant", "acme"}}}, common);
    EXPECT_EQ(acme.get("common").value(), "first");
    EXPECT_EQ(acme.share("common").value(), common.share("common").value());
    EXPECT_FALSE(acme.get("missing"));
    EXPECT_EQ(acme.get("own").value(), "acme's");
    EXPECT_FALSE(SecretSnapshot::load(sources, {"b", {}, {}}, common).get("own"));
    EXPECT_EQ(SecretSnapshot::load(sources, {"a", {}, {}}).get("common").value(), "second");
    EXPECT_TRUE(is_per_sandbox(sources[2]));
    EXPECT_FALSE(is_per_sandbox(sources[0]));
}

SecretSource provided(const std::string& path) { return fake_source("slow", {path}); }

TEST(SecretSnapshot, TakesWhatTakesTimeFromWhoeverFetchedIt) {
    const std::vector<SecretSource> sources{provided("path")};
    EXPECT_EQ(SecretSnapshot::load(sources, {}).get("slow").error().detail, "secret \"slow\": it has not been fetched yet");
    const auto value = std::make_shared<const Result<SecretString>>(SecretString("fetched"));
    const auto give = [&](const SecretSource&, const Identity& identity) { return identity.sandbox == "a" ? value : nullptr; };
    EXPECT_EQ(SecretSnapshot::load(sources, {"a", {}, {}}, {}, give).get("slow").value(), "fetched");
    EXPECT_FALSE(SecretSnapshot::load(sources, {"b", {}, {}}, {}, give).get("slow"));
}

TEST(SecretSource, IsNamedByWhatItIs) {
    EXPECT_EQ(describe({"a", SourceKind::env, "TOKEN"}), "env TOKEN");
    EXPECT_EQ(describe({"a", SourceKind::systemd, "pat"}), "systemd pat");
    EXPECT_EQ(describe(provided("x")), "fake store");
    EXPECT_EQ(type_of(provided("x")), "fake");
    EXPECT_TRUE(is_file({"a", SourceKind::systemd, "pat"}));
    EXPECT_FALSE(is_file(provided("x")));
    EXPECT_TRUE(is_per_sandbox(provided("${params.x}")));
    EXPECT_FALSE(is_per_sandbox(provided("x")));
}

TEST_F(SecretFiles, ThreatX6NoErrorHoldsAValue) {
    for (const std::string tail : {"\r\n", "\n\n", "\x01"}) {
        EXPECT_EQ(read(write("a", kMarker + tail)).find(kMarker), std::string::npos);
    }
    EXPECT_EQ(read(write("a", kMarker + std::string(70'000, 'x'))).find(kMarker), std::string::npos);
}

TEST(SecretSnapshot, ReadsVariables) {
    setenv("SALLYPORT_TEST_SET", kMarker, 1);
    setenv("SALLYPORT_TEST_EMPTY", "", 1);
    setenv("SALLYPORT_TEST_CONTROL", "a\nb", 1);
    unsetenv("SALLYPORT_TEST_UNSET");
    const auto snapshot = SecretSnapshot::load({{"set", SourceKind::env, "SALLYPORT_TEST_SET"},
                                                {"empty", SourceKind::env, "SALLYPORT_TEST_EMPTY"},
                                                {"control", SourceKind::env, "SALLYPORT_TEST_CONTROL"},
                                                {"unset", SourceKind::env, "SALLYPORT_TEST_UNSET"},
                                                {"by_param", SourceKind::env, "SALLYPORT_TEST_${params.p}"}},
                                               {"s", {{"p", "SET"}}, {}});
    EXPECT_EQ(snapshot.get("set").value(), kMarker);
    EXPECT_EQ(snapshot.get("by_param").value(), kMarker);
    EXPECT_EQ(snapshot.get("empty").error().detail, "secret \"empty\": the value is empty");
    EXPECT_EQ(snapshot.get("control").error().detail, "secret \"control\": the value holds control characters");
    EXPECT_EQ(snapshot.get("unset").error().detail,
              "secret \"unset\": environment variable SALLYPORT_TEST_UNSET is not set");
    EXPECT_EQ(snapshot.get("other").error(), (Error{ErrorCode::secret_unavailable, "secret \"other\" is not defined"}));
}

}  // namespace
}  // namespace sallyport::secrets
