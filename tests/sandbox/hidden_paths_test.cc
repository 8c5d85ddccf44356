#include "sandbox/hidden_paths.h"

#include <sys/un.h>

#include "tests/sandbox/box.h"

namespace sallyport::sandbox {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

TEST(IsWithin, ComparesWholeComponents) {
    EXPECT_TRUE(is_within("/a/b", "/a"));
    EXPECT_TRUE(is_within("/a", "/a"));
    EXPECT_TRUE(is_within("/a", "/"));
    EXPECT_FALSE(is_within("/ab", "/a"));
    EXPECT_FALSE(is_within("/a", "/a/b"));
}

TEST(Canonical, FollowsLinksAndKeepsWhatDoesNotExist) {
    const ScratchDir directory;
    std::filesystem::create_directory_symlink(directory.path(), directory.path() + "/link");
    EXPECT_EQ(canonical(directory.path() + "/link/./missing/x"), directory.path() + "/missing/x");
    EXPECT_EQ(canonical("/usr/"), "/usr");
    EXPECT_EQ(canonical("/"), "/");
}

TEST(WithLinks, NamesEachLinkOnTheWay) {
    const ScratchDir directory;
    const std::string& root = directory.path();
    directory.file("..2024/token", "secret");
    std::filesystem::create_directory_symlink("..2024", root + "/..data");
    std::filesystem::create_symlink("..data/token", root + "/token");
    EXPECT_THAT(with_links(root + "/token"), ElementsAre(root + "/token", root + "/..2024/token"));
}

TEST(HideFiles, RebuildsTheDirectoryWithoutTheFile) {
    const ScratchDir directory;
    const std::string secret = directory.file("secret", "x");
    const std::string other = directory.file("other", "y");
    std::filesystem::create_symlink("other", directory.path() + "/link");
    const auto arguments = hide_files({"/", "/"}, {secret});
    EXPECT_EQ(arguments.front(), "--tmpfs");
    EXPECT_EQ(arguments[1], directory.path());
    EXPECT_THAT(arguments, Not(Contains(secret)));
    EXPECT_THAT(arguments, Contains(other));
    EXPECT_THAT(arguments, Contains("--symlink"));
    EXPECT_EQ(arguments[arguments.size() - 2], "--remount-ro");
}

TEST(HideFiles, TranslatesToWhereTheViewIs) {
    const ScratchDir directory;
    const std::string secret = directory.file("in/secret", "x");
    directory.file("in/other", "y");
    const auto arguments = hide_files({directory.path(), "/view"}, {secret});
    EXPECT_THAT(arguments, ElementsAre("--tmpfs", "/view/in", "--ro-bind-try", directory.path() + "/in/other",
                                       "/view/in/other", "--remount-ro", "/view/in"));
    EXPECT_THAT(hide_files({"/usr", "/view"}, {secret}), IsEmpty());
}

TEST(HideFiles, CoversAFileInADirectoryThatIsTooLarge) {
    const ScratchDir directory;
    const std::string secret = directory.file("secret", "x");
    for (int i = 0; i < 500; ++i) directory.file(std::to_string(i), "");
    EXPECT_THAT(hide_files({"/", "/"}, {secret}), ElementsAre("--ro-bind", "/dev/null", secret));
}

TEST(HostSocketPaths, FindsAListeningSocket) {
    const ScratchDir directory;
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = directory.path() + "/service.sock";
    path.copy(address.sun_path, sizeof(address.sun_path) - 1);
    const UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ASSERT_EQ(::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    const auto paths = host_socket_paths();
    ASSERT_OK(paths);
    EXPECT_THAT(*paths, Contains(path));
}

}  // namespace
}  // namespace sallyport::sandbox
