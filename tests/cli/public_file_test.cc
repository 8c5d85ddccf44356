#include "cli/public_file.h"

#include "tests/cli/scratch.h"

namespace sallyport::cli {
namespace {

class PublicFileTest : public ScratchTest {};

TEST_F(PublicFileTest, ReplacesAFileAsAWhole) {
    const std::string path = directory + "/new/dir/ca.pem";
    ASSERT_TRUE(write_public_file(path, "first"));
    ASSERT_TRUE(write_public_file(path, "second"));
    EXPECT_EQ(read(path), "second");
    EXPECT_FALSE(std::filesystem::exists(path + ".new"));
}

TEST_F(PublicFileTest, APrivateFileIsTheOwnersWhateverWasThere) {
    const std::string path = directory + "/placeholders.env";
    ASSERT_TRUE(write_public_file(path, "A=1\n"));
    ASSERT_TRUE(write_public_file(path + ".new", "left behind"));
    ASSERT_TRUE(write_private_file(path, "A=2\n"));
    EXPECT_EQ(read(path), "A=2\n");
    EXPECT_EQ(std::filesystem::status(path).permissions(), std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

TEST_F(PublicFileTest, SaysWhyItCannot) {
    const auto written = write_public_file("/proc/none/ca.pem", "x");
    ASSERT_FALSE(written);
    EXPECT_NE(written.error().detail.find("/proc/none/ca.pem"), std::string::npos);
}

}  // namespace
}  // namespace sallyport::cli
