#include "cli/file_state.h"

#include <sys/stat.h>

#include "tests/cli/scratch.h"

namespace sallyport::cli {
namespace {

class FileStateTest : public ScratchTest {
protected:
    // Once the file's last change is so long ago that another one would show. Empty if that never comes.
    static std::string settled(const std::string& path) {
        for (int i = 0; i < 10'000'000; ++i) {
            std::string state = file_state(path);
            if (state == file_state(path)) return state;
        }
        return {};
    }
};

TEST_F(FileStateTest, EachKindOfChangeShows) {
    const std::string path = write("f", "12345");
    const std::string first = settled(path);
    ASSERT_FALSE(first.empty());
    write("f", "54321");  // as long as before
    const std::string written = settled(path);
    EXPECT_NE(written, first);
    chmod(path.c_str(), 0600);
    const std::string changed_mode = settled(path);
    EXPECT_NE(changed_mode, written);
    std::filesystem::rename(write("g", "54321"), path);
    const std::string replaced = settled(path);
    EXPECT_NE(replaced, changed_mode);
    std::filesystem::remove(path);
    EXPECT_NE(settled(path), replaced);
    EXPECT_EQ(file_state(path), file_state(path)) << "that it is gone is certain at once";
}

TEST_F(FileStateTest, AChangeOfAMomentAgoEqualsNothing) {
    const std::string path = write("f", "12345");
    for (int i = 0; i < 100; ++i) {
        write("f", std::to_string(10000 + i));
        const std::string before = file_state(path);
        write("f", std::to_string(20000 + i));  // perhaps within the same tick of the clock
        EXPECT_NE(file_state(path), before);
    }
}

TEST_F(FileStateTest, TwoFilesNeverHaveTheSame) {
    EXPECT_NE(file_state(directory + "/a"), file_state(directory + "/b"));
}

}  // namespace
}  // namespace sallyport::cli
