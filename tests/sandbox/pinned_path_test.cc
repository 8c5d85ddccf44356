#include "sandbox/pinned_path.h"

#include <sys/mount.h>

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

}  // namespace
}  // namespace sallyport::sandbox
