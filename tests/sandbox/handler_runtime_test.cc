#include "sandbox/handler_runtime.h"

#include <sys/stat.h>

#include "tests/sandbox/box.h"

namespace sallyport::sandbox {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(HandlerRuntime, ReadsWhatTheLoaderSays) {
    const auto files = traced_files("\tlinux-vdso.so.1 (0x00007ffd)\n\tlibm.so.6 => /lib/x86_64-linux-gnu/libm.so.6 (0x00007f)\n"
                                    "\t/lib64/ld-linux-x86-64.so.2 (0x00007f)\n\tstatically linked\n\n/strange\n");
    ASSERT_OK(files);
    EXPECT_THAT(*files, ElementsAre("/lib/x86_64-linux-gnu/libm.so.6", "/lib64/ld-linux-x86-64.so.2"));
    EXPECT_THAT(traced_files("\tlibnode.so.108 => not found\n").error().detail, HasSubstr("libnode.so.108"));
    EXPECT_TRUE(traced_files("")->empty());
}

TEST(HandlerRuntime, FindsNodeAndItsLibraries) {
    const auto runtime = find_handler_runtime("/nosuch::relative:/usr/local/bin:/usr/bin:/bin");
    ASSERT_OK(runtime);
    EXPECT_FALSE(std::filesystem::is_symlink(runtime->node));
    EXPECT_THAT(runtime->files, Contains(runtime->node));
    EXPECT_THAT(runtime->files, Contains(runtime->setpriv));
    EXPECT_THAT(runtime->files, Contains(HasSubstr("/libc.so.6")).Times(1));
    for (const std::string& file : runtime->files) EXPECT_TRUE(std::filesystem::exists(file)) << file;
}

TEST(HandlerRuntime, SaysWhatIsMissing) {
    const ScratchDir directory;
    EXPECT_THAT(find_handler_runtime("").error().detail, HasSubstr("no node in PATH"));
    EXPECT_THAT(find_handler_runtime(directory.path()).error().detail, HasSubstr("no node in PATH"));
    EXPECT_EQ(find_handler_runtime(directory.path()).error().code, ErrorCode::handler_unavailable);
    const std::string wrapper = directory.file("node", "#!/bin/sh\nexec /usr/bin/node\n");
    ASSERT_EQ(::chmod(wrapper.c_str(), 0755), 0);
    EXPECT_THAT(find_handler_runtime(directory.path()).error().detail, HasSubstr("setpriv"));
    EXPECT_THAT(find_handler_runtime(directory.path() + ":/usr/bin").error().detail, HasSubstr("is not a program"));
}

}  // namespace
}  // namespace sallyport::sandbox
