#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/commands.h"
#include "secrets/encrypted_file.h"
#include "tests/cli/scratch.h"

namespace sallyport::cli {
namespace {

using Act = SecretStoreOptions::Act;

constexpr const char* kMarker = "mArKeR-3c77";

class SecretStoreTest : public ScratchTest {
protected:
    SecretStoreTest() { write("key", std::string(32, 'k')); }

    SecretStoreOptions options(Act act, const std::string& name = "") const {
        return {act, directory + "/store", directory + "/key", "", name};
    }
    // With `input` as standard input.
    int run(const SecretStoreOptions& chosen, const std::string& input = "") {
        write("input", input);
        const int before = dup(STDIN_FILENO);
        const int file = open((directory + "/input").c_str(), O_RDONLY);
        dup2(file, STDIN_FILENO);
        close(file);
        testing::internal::CaptureStderr();
        testing::internal::CaptureStdout();
        const int code = secret_store(chosen);
        output = testing::internal::GetCapturedStdout();
        complaints = testing::internal::GetCapturedStderr();
        dup2(before, STDIN_FILENO);
        close(before);
        return code;
    }
    std::string value(const std::string& name) const {
        const auto file = secrets::EncryptedFile::open(read(directory + "/store"), {SecretString(std::string(32, 'k')), {}});
        const auto found = file ? file->get(name) : Result<SecretString>(failure(file.error()));
        return found ? std::string(found->reveal()) : "!" + found.error().detail;
    }

    std::string output;
    std::string complaints;
};

TEST_F(SecretStoreTest, SetsListsAndRemoves) {
    EXPECT_EQ(run(options(Act::set, "b"), std::string(kMarker) + "\n"), 0) << complaints;
    EXPECT_EQ(run(options(Act::set, "a"), "second"), 0);
    EXPECT_EQ(run(options(Act::set, "a"), "third"), 0);
    EXPECT_EQ(value("b"), kMarker);
    EXPECT_EQ(value("a"), "third");
    EXPECT_EQ(run(options(Act::list)), 0);
    EXPECT_EQ(output, "a\nb\n");
    EXPECT_EQ(run(options(Act::remove, "a")), 0);
    EXPECT_EQ(run(options(Act::remove, "a")), 1);
    EXPECT_EQ(run(options(Act::list)), 0);
    EXPECT_EQ(output, "b\n");
}

TEST_F(SecretStoreTest, ThreatX6TheFileIsItsOwnersAloneAndNothingIsSaidOfAValue) {
    umask(0);
    EXPECT_EQ(run(options(Act::set, "a"), kMarker), 0);
    umask(022);
    struct stat status {};
    ASSERT_EQ(stat((directory + "/store").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600u);
    EXPECT_EQ(run(options(Act::set, "no name"), kMarker), 2);
    EXPECT_EQ(run(options(Act::set, "a"), std::string(kMarker) + "\n\n"), 2);
    EXPECT_EQ(run(options(Act::set, "a"), std::string(70'000, 'x')), 2);
    EXPECT_EQ(output + complaints, "sallyport: error: the value is over 64 KiB\n");
    EXPECT_EQ(read(directory + "/store").find(kMarker), std::string::npos);
    EXPECT_EQ(value("a"), kMarker);
    EXPECT_FALSE(std::filesystem::exists(directory + "/store.new"));
}

TEST_F(SecretStoreTest, ChangesNothingWithAnotherKeyOrInABrokenFile) {
    EXPECT_EQ(run(options(Act::set, "a"), "first"), 0);
    const std::string before = read(directory + "/store");
    write("key", std::string(32, 'j'));
    for (const auto& [act, code] : {std::pair{Act::set, 2}, {Act::remove, 2}, {Act::list, 2}}) {
        EXPECT_EQ(run(options(act, "a"), "second"), code);
        EXPECT_NE(complaints.find("another key"), std::string::npos) << complaints;
    }
    EXPECT_EQ(read(directory + "/store"), before);
    write("key", "short");
    EXPECT_EQ(run(options(Act::list)), 2);
    auto none = options(Act::list);
    none.key_file.clear();
    EXPECT_EQ(run(none), 2);
    EXPECT_EQ(run({Act::list, directory + "/none", directory + "/key", "", ""}), 2);
}

TEST_F(SecretStoreTest, TakesAPassphrase) {
    write("passphrase", "correct horse\n");
    SecretStoreOptions chosen{Act::set, directory + "/store", "", directory + "/passphrase", "a"};
    EXPECT_EQ(run(chosen, "value"), 0) << complaints;
    chosen.act = Act::list;
    EXPECT_EQ(run(chosen), 0);
    EXPECT_EQ(output, "a\n");
}

}  // namespace
}  // namespace sallyport::cli
