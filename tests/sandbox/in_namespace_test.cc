#include "sandbox/in_namespace.h"

#include "sandbox/namespace.h"
#include "tests/sandbox/box.h"

namespace sallyport::sandbox {
namespace {

Result<NamespaceId> id_of_this_thread() {
    const UniqueFd fd(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
    return namespace_id(fd.get());
}

TEST(InNamespace, LeavesTheCallerWhereItWas) {
    ASSERT_ROOT();
    const auto before = id_of_this_thread();
    Result<NamespaceId> within = NamespaceId{};
    const auto netns = run_in_new_namespace([&]() -> Result<void> {
        within = id_of_this_thread();
        return {};
    });
    ASSERT_OK(netns);
    EXPECT_EQ(id_of_this_thread(), before);
    EXPECT_NE(within, before);
    EXPECT_EQ(namespace_id(netns->get()), within);
}

TEST(InNamespace, EntersTheOneAskedFor) {
    ASSERT_ROOT();
    const auto netns = run_in_new_namespace([]() -> Result<void> { return {}; });
    ASSERT_OK(netns);
    ASSERT_OK(run_in_namespace(netns->get(), [&]() -> Result<void> {
        EXPECT_EQ(id_of_this_thread(), namespace_id(netns->get()));
        return {};
    }));
}

TEST(InNamespace, PassesFailuresOn) {
    ASSERT_ROOT();
    const auto netns = run_in_new_namespace([] { return Result<void>(failure(ErrorCode::system, "no")); });
    ASSERT_FALSE(netns.has_value());
    EXPECT_EQ(netns.error().detail, "no");
    const UniqueFd other(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    EXPECT_FALSE(run_in_namespace(other.get(), []() -> Result<void> { return {}; }).has_value());
}

}  // namespace
}  // namespace sallyport::sandbox
