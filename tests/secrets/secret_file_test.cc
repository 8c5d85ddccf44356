#include "secrets/secret_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

namespace sallyport::secrets {
namespace {

TEST(SecretFile, IsReadWholeAndNoMoreThanItMayBe) {
    std::string folder = testing::TempDir() + "sallyport-file-XXXXXX";
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    std::ofstream(folder + "/a", std::ios::binary) << std::string("a\0b\n", 4);
    EXPECT_EQ(read_secret_file(folder + "/a", 4)->view(), std::string_view("a\0b\n", 4));
    EXPECT_EQ(read_secret_file(folder + "/a", 3).error().detail, folder + "/a: too large");
    EXPECT_EQ(read_secret_file(folder + "/b", 3).error().detail, folder + "/b: No such file or directory");
    EXPECT_EQ(read_secret_file(folder, 3).error().detail, folder + ": not a regular file");
    EXPECT_EQ(read_secret_file("/dev/zero", 3).error().detail, "/dev/zero: not a regular file");
    ASSERT_EQ(mkfifo((folder + "/fifo").c_str(), 0600), 0);
    EXPECT_FALSE(read_secret_file(folder + "/fifo", 3));
    std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace sallyport::secrets
