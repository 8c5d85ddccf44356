#include "sandbox/pinned_path.h"

#include <sys/mount.h>

#include <functional>

#include "sandbox/in_namespace.h"
#include "sandbox/namespace.h"
#include "tests/sandbox/box.h"

namespace sallyport::sandbox {
namespace {

UniqueFd new_namespace() { return std::move(*run_in_new_namespace([]() -> Result<void> { return {}; })); }

Result<NamespaceId> id_at(const std::string& path) {
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    return namespace_id(fd.get());
}

TEST(PinnedPath, LeadsToTheNamespaceUntilItGoes) {
    ASSERT_ROOT();
    const ScratchDir directory;
    const UniqueFd netns = new_namespace();
    const std::string path = directory.path() + "/a/b/net";
    {
        const auto pin = PinnedPath::pin(netns.get(), path);
        ASSERT_OK(pin);
        EXPECT_EQ(id_at(path), namespace_id(netns.get()));
    }
    EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(PinnedPath, ReplacesWhatACrashLeft) {
    ASSERT_ROOT();
    const ScratchDir directory;
    const std::string path = directory.file("net", "");
    const UniqueFd stale = new_namespace();
    ASSERT_EQ(::mount(("/proc/self/fd/" + std::to_string(stale.get())).c_str(), path.c_str(), nullptr, MS_BIND, nullptr), 0);
    const UniqueFd netns = new_namespace();
    const auto pin = PinnedPath::pin(netns.get(), path);
    ASSERT_OK(pin);
    EXPECT_EQ(id_at(path), namespace_id(netns.get()));
}

TEST(PinnedPath, LeavesOtherPeoplesFilesAlone) {
    ASSERT_ROOT();
    const ScratchDir directory;
    const UniqueFd netns = new_namespace();
    const std::string path = directory.file("precious", "words");
    const auto pin = PinnedPath::pin(netns.get(), path);
    ASSERT_FALSE(pin.has_value());
    EXPECT_EQ(pin.error().code, ErrorCode::config_invalid);
    EXPECT_EQ(content_of(path), "words");
    EXPECT_FALSE(PinnedPath::pin(netns.get(), directory.path()).has_value());
    EXPECT_FALSE(PinnedPath::pin(netns.get(), "relative").has_value());
}

TEST(PinnedPath, TakesTheDirectoryThatWasMadeForItAlong) {
    ASSERT_ROOT();
    const ScratchDir directory;
    const UniqueFd netns = new_namespace();
    for (const bool after_crash : {false, true}) {
        if (after_crash) directory.file("box/netns", "");
        {
            const auto pin = PinnedPath::pin(netns.get(), directory.path() + "/box/netns");
            ASSERT_OK(pin);
            directory.file("box/ca.pem", "words");
        }
        EXPECT_FALSE(std::filesystem::exists(directory.path() + "/box")) << after_crash;
    }
}

// What else may lie in the pin's directory, and keeps the directory and all in it.
TEST(PinnedPath, LeavesADirectoryThatHoldsMoreThanFiles) {
    ASSERT_ROOT();
    const UniqueFd netns = new_namespace();
    const UniqueFd other = new_namespace();
    const std::function<void(const std::string&)> additions[] = {
        [](const std::string& path) { std::filesystem::create_directory(path); },
        [](const std::string& path) { std::filesystem::create_symlink("file", path); },
        [](const std::string& path) { std::filesystem::permissions(std::filesystem::path(path).parent_path(), std::filesystem::perms(0777)); },
    };
    for (const auto& add : additions) {
        const ScratchDir directory;
        const std::string file = directory.path() + "/box/file";
        {
            const auto pin = PinnedPath::pin(netns.get(), directory.path() + "/box/netns");
            ASSERT_OK(pin);
            directory.file("box/file", "words");
            add(directory.path() + "/box/more");
        }
        EXPECT_EQ(content_of(file), "words");
        EXPECT_FALSE(std::filesystem::exists(directory.path() + "/box/netns"));
    }
}

TEST(PinnedPath, LeavesOtherPinsAndOtherPeoplesDirectoriesAlone) {
    ASSERT_ROOT();
    const ScratchDir directory;
    const UniqueFd netns = new_namespace();
    const std::string file = directory.file("theirs/file", "words");
    ASSERT_OK(PinnedPath::pin(netns.get(), directory.path() + "/theirs/netns"));
    EXPECT_EQ(content_of(file), "words");

    auto first = PinnedPath::pin(netns.get(), directory.path() + "/pins/a");
    ASSERT_OK(first);
    const auto second = PinnedPath::pin(netns.get(), directory.path() + "/pins/b");
    ASSERT_OK(second);
    first = failure(ErrorCode::system);
    EXPECT_EQ(id_at(directory.path() + "/pins/b"), namespace_id(netns.get()));
}

}  // namespace
}  // namespace sallyport::sandbox
