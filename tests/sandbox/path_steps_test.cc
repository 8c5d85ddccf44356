#include "sandbox/path_steps.h"

#include "tests/sandbox/box.h"

namespace sallyport::sandbox {
namespace {

using ::testing::ElementsAre;

// Without those of the directory itself.
std::vector<std::string> steps_in(const ScratchDir& directory, const std::string& path) {
    std::vector<std::string> below;
    for (const std::string& step : path_steps(path)) {
        if (step.starts_with(directory.path() + "/")) below.push_back(step.substr(directory.path().size() + 1));
    }
    return below;
}

TEST(PathSteps, NamesEveryDirectory) {
    EXPECT_THAT(path_steps("/nosuch/./a//b"), ElementsAre("/nosuch", "/nosuch/a", "/nosuch/a/b"));
    EXPECT_THAT(path_steps("/nosuch/../etc/"), ElementsAre("/nosuch", "/etc"));
    EXPECT_THAT(path_steps("/"), ElementsAre());
}

TEST(PathSteps, FollowsLinksAsTheKernelDoes) {
    const ScratchDir directory;
    const std::string& root = directory.path();
    directory.file("real/in/file", "x");
    directory.file("real/beside", "x");
    std::filesystem::create_directory_symlink("real/in", root + "/relative");
    std::filesystem::create_symlink(root + "/relative/file", root + "/absolute");
    EXPECT_THAT(steps_in(directory, root + "/absolute"),
                ElementsAre("absolute", "relative", "real", "real/in", "real/in/file"));
    EXPECT_THAT(steps_in(directory, root + "/relative/../beside"),
                ElementsAre("relative", "real", "real/in", "real/beside"));
}

TEST(PathSteps, EndsInALoop) {
    const ScratchDir directory;
    std::filesystem::create_symlink("loop", directory.path() + "/loop");
    EXPECT_LE(path_steps(directory.path() + "/loop").size(), 100u);
}

}  // namespace
}  // namespace sallyport::sandbox
