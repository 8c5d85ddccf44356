#include "sandbox/mount_plan.h"

#include "tests/sandbox/box.h"

namespace sallyport::sandbox {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

CommandSpec in(const std::string& working_directory) {
    CommandSpec spec;
    spec.working_directory = working_directory;
    return spec;
}

std::string tree_of(const MountPlan& plan) {
    std::vector<std::string> options;
    plan.add_tree(options);
    plan.add_masks(options);
    std::string all;
    for (const std::string& option : options) all += option + " ";
    return all;
}

std::string refusal(const CommandSpec& spec) {
    const auto plan = MountPlan::make(spec, {});
    if (plan) return "";
    EXPECT_EQ(plan.error().code, ErrorCode::config_invalid);
    return plan.error().detail;
}

TEST(MountPlan, ShowsTheWorkingDirectoryThroughTheEmptyOnes) {
    const ScratchDir directory;
    const auto plan = MountPlan::make(in(directory.path()), {});
    ASSERT_OK(plan);
    const std::string tree = tree_of(*plan);
    const std::size_t root = tree.find("--ro-bind / /");
    const std::size_t scratch = tree.find("--perms 1777 --tmpfs /tmp");
    const std::size_t work = tree.find("--bind " + directory.path() + " " + directory.path());
    EXPECT_LT(root, scratch);
    EXPECT_LT(scratch, work);
    EXPECT_NE(work, std::string::npos);
    EXPECT_THAT(tree, HasSubstr("--ro-bind /proc/sys /proc/sys"));
}

TEST(MountPlan, RefusesWorkingDirectoriesThatHoldTheSystem) {
    for (const char* path : {"", "relative", "/nosuch", "/", "/run", "/proc", "/dev/shm", "/sys", "/etc/passwd"}) {
        EXPECT_NE(refusal(in(path)), "") << path;
    }
}

TEST(MountPlan, RefusesBindsThatMakeNoSense) {
    const ScratchDir directory;
    for (const Bind& bind : {Bind{"/nosuch", "/mnt/x", false}, Bind{"relative", "/mnt/x", false}, Bind{"/usr", "x", false},
                             Bind{"/usr", "/", false}, Bind{"/", "/mnt/x", true}, Bind{"/proc", "/mnt/x", true}}) {
        CommandSpec spec = in(directory.path());
        spec.binds = {bind};
        EXPECT_THAT(refusal(spec), HasSubstr("bind")) << bind.source;
    }
}

TEST(MountPlan, RefusesASecretWhereTheCommandMayWrite) {
    const ScratchDir work;
    const ScratchDir other;
    const std::string in_work = work.file("keys/secret", "x");
    const std::string in_other = other.file("secret", "x");
    CommandSpec spec = in(work.path());
    spec.masked_paths = {in_work};
    EXPECT_THAT(refusal(spec), HasSubstr("the secret's file " + in_work + " lies inside " + work.path()));
    spec.masked_paths = {work.path() + "/keys"};
    EXPECT_THAT(refusal(spec), HasSubstr("move it"));
    spec.masked_paths = {in_other};
    EXPECT_EQ(refusal(spec), "");
    spec.binds = {{other.path(), "/mnt/other", true}};
    EXPECT_THAT(refusal(spec), HasSubstr(in_other));
    spec.binds = {{in_other, "/mnt/other", false}};
    EXPECT_THAT(refusal(spec), HasSubstr(in_other));
    spec.binds = {};
    spec.masked_paths = {work.path() + "/.."};
    EXPECT_THAT(refusal(spec), HasSubstr("move it")) << "a masked directory around the working directory";
}

TEST(MountPlan, RefusesASecretBehindALinkInTheWorkingDirectory) {
    const ScratchDir work;
    const ScratchDir other;
    std::filesystem::create_symlink(other.file("secret", "x"), work.path() + "/link");
    CommandSpec spec = in(work.path());
    spec.masked_paths = {work.path() + "/link"};
    EXPECT_THAT(refusal(spec), HasSubstr("move it"));
}

TEST(MountPlan, HidesASecretInEveryViewOfIt) {
    const ScratchDir work;
    const ScratchDir other;
    CommandSpec spec = in(work.path());
    spec.masked_paths = {other.file("in/secret", "x")};
    spec.binds = {{other.path(), "/mnt/other", false}};
    const auto plan = MountPlan::make(spec, {});
    ASSERT_OK(plan);
    const std::string tree = tree_of(*plan);
    EXPECT_THAT(tree, HasSubstr("--tmpfs " + other.path() + "/in "));
    EXPECT_THAT(tree, HasSubstr("--tmpfs /mnt/other/in "));
}

TEST(MountPlan, MasksDirectoriesLast) {
    const ScratchDir work;
    const ScratchDir other;
    CommandSpec spec = in(work.path());
    spec.masked_paths = {other.path(), "/tmp"};
    const auto plan = MountPlan::make(spec, {});
    ASSERT_OK(plan);
    EXPECT_TRUE(tree_of(*plan).ends_with("--tmpfs " + other.path() + " --remount-ro " + other.path() + " "));
}

TEST(MountPlan, KeepsTheOperatorsFilesReadOnlyInEveryWritableView) {
    const ScratchDir work;
    const ScratchDir other;
    const std::string policy = work.file("policy.yaml", "x");
    const std::string hosts = other.file("hosts", "x");
    CommandSpec spec = in(work.path());
    spec.binds = {{other.path(), "/mnt/other", true}, {work.path(), "/mnt/work", false}};
    spec.read_only_paths = {policy, hosts, "/etc/passwd", work.path() + "/nosuch", work.path() + "/./policy.yaml"};
    const auto plan = MountPlan::make(spec, {});
    ASSERT_OK(plan);
    const std::string tree = tree_of(*plan);
    EXPECT_GT(tree.find("--ro-bind " + policy + " " + policy + " "), tree.find("--ro-bind " + work.path() + " /mnt/work"));
    EXPECT_THAT(tree, HasSubstr("--ro-bind " + hosts + " /mnt/other/hosts "));
    EXPECT_THAT(tree, Not(HasSubstr(" /mnt/work/policy.yaml")));
    EXPECT_THAT(tree, Not(HasSubstr("nosuch")));
}

TEST(MountPlan, RefusesOperatorsFilesThatTheSandboxCouldReplace) {
    const ScratchDir work;
    const ScratchDir other;
    const std::string& root = work.path();
    work.file("config/policy.yaml", "x");
    work.file("policy.yaml", "x");
    const std::string outside = other.file("policy.yaml", "x");
    std::filesystem::create_symlink(outside, root + "/link.yaml");
    std::filesystem::create_directory_symlink(other.path(), root + "/link");
    std::filesystem::create_symlink(root + "/link.yaml", other.path() + "/link.yaml");
    std::filesystem::create_symlink(root + "/policy.yaml", other.path() + "/good.yaml");
    const struct {
        std::string path;
        const char* reason;
    } cases[] = {{root + "/config/policy.yaml", "can rename"},
                 {root + "/config/../policy.yaml", "can rename"},
                 {root + "/link.yaml", "symbolic link"},
                 {root + "/link/policy.yaml", "symbolic link"},
                 {other.path() + "/link.yaml", "symbolic link"},
                 {root, "bound writable"},
                 {"policy.yaml", "not absolute"}};
    for (const auto& each : cases) {
        CommandSpec spec = in(root);
        spec.read_only_paths = {each.path};
        EXPECT_THAT(refusal(spec), HasSubstr(each.reason)) << each.path;
    }
    CommandSpec spec = in(root);
    spec.read_only_paths = {outside, other.path() + "/good.yaml"};
    EXPECT_EQ(refusal(spec), "");
    spec.binds = {{outside, "/mnt/file", true}};
    EXPECT_THAT(refusal(spec), HasSubstr("bound writable"));
}

TEST(MountPlan, HidesTheHostsOwnSecretsInEveryView) {
    const ScratchDir work;
    CommandSpec spec = in(work.path());
    const auto plan = MountPlan::make(spec, {});
    ASSERT_OK(plan);
    EXPECT_THAT(tree_of(*plan), HasSubstr("--tmpfs /etc "));
    EXPECT_THAT(tree_of(*plan), HasSubstr("--tmpfs /etc/ssl/private "));
    EXPECT_THAT(tree_of(*plan), Not(HasSubstr("/etc/shadow")));
    spec.binds = {{"/etc", "/mnt", false}};
    const auto bound = MountPlan::make(spec, {});
    ASSERT_OK(bound);
    EXPECT_THAT(tree_of(*bound), HasSubstr("--tmpfs /mnt/ssl/private "));
    EXPECT_THAT(tree_of(*bound), Not(HasSubstr("/mnt/shadow")));
    spec.binds = {{"/etc", "/mnt", true}};
    EXPECT_THAT(refusal(spec), HasSubstr("no sandbox may see"));
    spec.binds = {{"/etc/shadow", "/mnt/file", false}};
    EXPECT_THAT(refusal(spec), HasSubstr("no sandbox may see"));
    EXPECT_THAT(refusal(in("/etc")), HasSubstr("no sandbox may see"));
}

TEST(MountPlan, HidesTheSocketsOfServices) {
    const ScratchDir work;
    const ScratchDir other;
    const std::string socket = other.file("service.sock", "");
    const auto plan = MountPlan::make(in(work.path()), {socket, work.file("own.sock", ""), "/run/nosuch.sock"});
    ASSERT_OK(plan);
    EXPECT_THAT(tree_of(*plan), HasSubstr("--tmpfs " + other.path()));
    EXPECT_THAT(tree_of(*plan), Not(HasSubstr("--tmpfs " + work.path())));
}

TEST(MountPlan, RefusesABindWhosePlaceCannotBeMade) {
    const ScratchDir work;
    const ScratchDir other;
    const auto refusal_of = [&](const std::string& target) {
        CommandSpec spec = in(work.path());
        spec.binds = {{other.path(), target, false}};
        return refusal(spec);
    };
    EXPECT_EQ(refusal_of("/nosuch/x"), "bind: /nosuch/x does not exist on this host; a place under /mnt is free");
    EXPECT_NE(refusal_of("/usr/nosuch"), "");
    for (const std::string& target : {std::string("/mnt/x"), std::string("/tmp/a/b"), std::string("/opt"), work.path() + "/x"}) {
        EXPECT_EQ(refusal_of(target), "") << target;
    }
}

}  // namespace
}  // namespace sallyport::sandbox
