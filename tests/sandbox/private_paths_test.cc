#include "sandbox/private_paths.h"

#include "sandbox/hidden_paths.h"
#include "tests/sandbox/box.h"

namespace sallyport::sandbox {
namespace {

using ::testing::Contains;

TEST(PrivatePaths, HoldThePasswordHashes) {
    EXPECT_THAT(private_files(), Contains(canonical("/etc/shadow")));
}

TEST(PrivatePaths, HoldOnlyWhatExists) {
    for (const std::string& file : private_files()) EXPECT_TRUE(std::filesystem::exists(file)) << file;
    for (const std::string& directory : private_directories()) {
        EXPECT_TRUE(std::filesystem::is_directory(directory)) << directory;
        EXPECT_EQ(directory, canonical(directory));
    }
}

}  // namespace
}  // namespace sallyport::sandbox
