#include "sandbox/mount_plan.h"

#include <algorithm>
#include <filesystem>

#include "sandbox/path_steps.h"
#include "sandbox/private_paths.h"

namespace sallyport::sandbox {
namespace fs = std::filesystem;
namespace {

// /run holds the sockets of the host's services; the others hold the operator's own files.
struct Scratch {
    const char* path;
    const char* mode;
};
constexpr Scratch kScratch[] = {{"/tmp", "1777"},  {"/run", "0755"}, {"/var/tmp", "1777"}, {"/root", "0700"},
                                {"/home", "0755"}, {"/mnt", "0755"}, {"/media", "0755"}};
// Parts of the system that bubblewrap mounts itself, or whose sockets a writable copy would bring back.
constexpr const char* kReserved[] = {"/proc", "/sys", "/dev"};

// Root writes to much of /proc by the files' modes alone, without any capability, and most of it is the whole machine's.
constexpr const char* kReadOnly[] = {"/proc/sys",      "/proc/sysrq-trigger", "/proc/irq",  "/proc/bus",
                                     "/proc/fs",       "/proc/pressure",      "/proc/mtrr", "/proc/driver",
                                     "/proc/tty",      "/proc/dynamic_debug", "/proc/sysvipc"};
constexpr const char* kEmpty[] = {"/proc/kcore",      "/proc/keys",          "/proc/key-users", "/proc/acpi",
                                  "/proc/scsi",       "/proc/asound",        "/proc/kallsyms",  "/proc/timer_list",
                                  "/proc/sched_debug", "/proc/latency_stats", "/sys/firmware",   "/sys/kernel/debug",
                                  "/sys/kernel/tracing"};

void add_machine_files(std::vector<std::string>& options) {
    std::error_code error;
    for (const char* path : kReadOnly) {
        if (fs::exists(path, error)) options.insert(options.end(), {"--ro-bind", path, path});
    }
    for (const char* path : kEmpty) {
        if (fs::is_directory(path, error)) {
            options.insert(options.end(), {"--tmpfs", path, "--remount-ro", path});
        } else if (fs::exists(path, error)) {
            options.insert(options.end(), {"--ro-bind", "/dev/null", path});
        }
    }
}

std::vector<std::string> scratch_directories() {
    std::vector<std::string> all;
    for (const Scratch& each : kScratch) {
        const std::string path = canonical(each.path);
        std::error_code error;
        if (path != "/" && fs::is_directory(path, error)) all.push_back(path);
    }
    return all;
}

std::string mode_of(const std::string& scratch) {
    for (const Scratch& each : kScratch) {
        if (scratch == each.path) return each.mode;
    }
    return "0755";
}

tl::unexpected<Error> invalid(std::string message) { return failure(ErrorCode::config_invalid, std::move(message)); }

bool is_reserved(const std::string& path) {
    return path == "/" || path == "/run" ||
           std::any_of(std::begin(kReserved), std::end(kReserved), [&](auto each) { return is_within(path, each); });
}

// In spite of a mask: inside a writable directory the command could rename the mask's parent away, and a bind of the
// secret itself is a contradiction.
bool exposes(const Bind& bind, const std::string& path) {
    return bind.writable ? is_within(path, bind.source) : path == bind.source;
}

// `step` is on the way to `file`, and `bind` writable.
Result<void> refuse_replaceable(const Bind& bind, const std::string& step, const std::string& file) {
    if (!is_within(step, bind.source)) return {};
    std::error_code error;
    if (fs::is_symlink(step, error)) return invalid(step + " is a symbolic link that the sandbox can replace: name " + file);
    if (step == bind.source) {
        return step == file ? invalid(file + " is bound writable, but the sandbox must not change it") : Result<void>();
    }
    if (step == file && fs::path(file).parent_path() == bind.source) return {};
    return invalid(file + " lies in a directory that the sandbox can rename; put it directly into the working directory, or "
                          "outside of it");
}

bool is_within_any(const std::string& path, const std::vector<std::string>& directories) {
    return std::any_of(directories.begin(), directories.end(), [&](auto& each) { return is_within(path, each); });
}

}  // namespace

Result<MountPlan> MountPlan::make(const CommandSpec& spec, const std::vector<std::string>& host_sockets) {
    MountPlan plan;
    plan.scratch_ = scratch_directories();
    if (auto done = plan.set_working_directory(spec.working_directory); !done) return failure(done.error());
    for (const Bind& bind : spec.binds) {
        if (auto done = plan.add_bind(bind); !done) return failure(done.error());
    }
    if (auto done = plan.hide_private(); !done) return failure(done.error());
    for (const std::string& path : spec.masked_paths) {
        if (auto done = plan.mask(path); !done) return failure(done.error());
    }
    for (const std::string& path : spec.read_only_paths) {
        if (auto done = plan.protect(path); !done) return failure(done.error());
    }
    plan.hide_sockets(host_sockets);
    return plan;
}

Result<void> MountPlan::set_working_directory(const std::string& path) {
    working_directory_ = canonical(path);
    std::error_code error;
    if (path.empty() || path.front() != '/' || !fs::is_directory(working_directory_, error)) {
        return invalid("the working directory " + path + " is not a directory");
    }
    if (is_reserved(working_directory_)) return invalid(path + " cannot be a working directory: use one of its own");
    binds_.push_back({working_directory_, working_directory_, true});
    return {};
}

Result<void> MountPlan::add_bind(const Bind& bind) {
    std::error_code error;
    if (!bind.source.starts_with('/') || !bind.target.starts_with('/')) {
        return invalid("bind " + bind.source + ":" + bind.target + ": both must be absolute paths");
    }
    const Bind resolved{canonical(bind.source), canonical(bind.target), bind.writable};
    if (!fs::exists(resolved.source, error)) return invalid("bind: " + bind.source + " does not exist");
    if (resolved.target == "/") return invalid("bind: the target must not be /");
    if (!fs::exists(resolved.target, error) && !can_be_made(resolved.target)) {
        return invalid("bind: " + bind.target + " does not exist on this host; a place under /mnt is free");
    }
    if (bind.writable && is_reserved(resolved.source)) return invalid("bind: " + bind.source + " cannot be writable");
    binds_.push_back(resolved);
    return {};
}

Result<void> MountPlan::refuse_exposed(const std::string& path) const {
    for (const Bind& bind : binds_) {
        if (!exposes(bind, path) && !is_within(bind.source, path)) continue;
        return invalid("the secret's file " + path + " lies inside " + bind.source +
                       ", which the sandbox can see; move it");
    }
    return {};
}

Result<void> MountPlan::mask(const std::string& path) {
    if (!path.starts_with('/')) return invalid("the masked path " + path + " is not absolute");
    const std::string real = canonical(path);
    std::error_code error;
    if (fs::is_directory(real, error)) {
        if (auto hidden = refuse_exposed(real); !hidden) return hidden;
        masked_directories_.push_back(real);
        return {};
    }
    for (const std::string& each : with_links(path)) {
        if (auto hidden = refuse_exposed(each); !hidden) return hidden;
        hidden_files_.push_back(each);
    }
    return {};
}

// A bind of something inside one of the directories is the operator's choice: it is mounted over the empty directory.
Result<void> MountPlan::hide_private() {
    hidden_files_ = private_files();
    masked_directories_ = private_directories();
    std::vector<std::string> all = hidden_files_;
    all.insert(all.end(), masked_directories_.begin(), masked_directories_.end());
    for (const Bind& bind : binds_) {
        const auto shown = std::find_if(all.begin(), all.end(), [&bind](auto& path) { return exposes(bind, path); });
        if (shown != all.end()) return invalid(bind.source + " holds " + *shown + ", which no sandbox may see");
    }
    scratch_.insert(scratch_.end(), masked_directories_.begin(), masked_directories_.end());
    return {};
}

// A mountpoint cannot be renamed or removed from inside, but a directory above it can, and another put in its place: so
// of all steps on the way to the file only the file itself may lie where the command can write, beside a bind's root.
Result<void> MountPlan::protect(const std::string& path) {
    if (!path.starts_with('/')) return invalid("the read-only path " + path + " is not absolute");
    std::error_code error;
    const std::vector<std::string> steps = path_steps(path);
    if (steps.empty() || !fs::exists(path, error)) return {};
    const std::string& file = steps.back();
    for (const Bind& bind : binds_) {
        if (!bind.writable) continue;
        for (const std::string& step : steps) {
            if (auto done = refuse_replaceable(bind, step, file); !done) return done;
        }
        if (!is_within(file, bind.source)) continue;
        protected_.push_back({file, (fs::path(bind.target) / fs::path(file).filename()).string(), false});
    }
    return {};
}

bool MountPlan::is_writable(const std::string& path) const {
    return std::any_of(binds_.begin(), binds_.end(),
                       [&](const Bind& bind) { return bind.writable && is_within(path, bind.source); });
}

// bubblewrap makes the place for a bind where it is missing; the host's tree is read-only by then.
bool MountPlan::can_be_made(const std::string& target) const {
    return is_within_any(target, scratch_) || is_within(target, "/dev") ||
           std::any_of(binds_.begin(), binds_.end(),
                       [&](const Bind& bind) { return bind.writable && is_within(target, bind.target); });
}

void MountPlan::hide_sockets(const std::vector<std::string>& sockets) {
    for (const std::string& socket : sockets) {
        if (!is_writable(socket)) hidden_files_.push_back(socket);
    }
}

void MountPlan::add_tree(std::vector<std::string>& options) const {
    const auto add = [&options](std::initializer_list<std::string> more) { options.insert(options.end(), more); };
    add({"--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"});
    add_machine_files(options);
    std::vector<std::string> files;
    std::copy_if(hidden_files_.begin(), hidden_files_.end(), std::back_inserter(files),
                 [this](const std::string& file) { return !is_within_any(file, scratch_); });
    const auto hidden = hide_files({"/", "/"}, files);
    options.insert(options.end(), hidden.begin(), hidden.end());
    for (const std::string& directory : scratch_) add({"--perms", mode_of(directory), "--tmpfs", directory});
    for (const Bind& bind : binds_) add({bind.writable ? "--bind" : "--ro-bind", bind.source, bind.target});
    for (const Bind& bind : protected_) add({"--ro-bind", bind.source, bind.target});
}

void MountPlan::add_masks(std::vector<std::string>& options) const {
    for (const Bind& bind : binds_) {
        const auto hidden = hide_files({bind.source, bind.target}, hidden_files_);
        if (!bind.writable) options.insert(options.end(), hidden.begin(), hidden.end());
    }
    const auto add_mask = [&options](const std::string& path) {
        options.insert(options.end(), {"--tmpfs", path, "--remount-ro", path});
    };
    for (const std::string& directory : masked_directories_) {
        if (!is_within_any(directory, scratch_)) add_mask(directory);
        for (const Bind& bind : binds_) {
            if (!is_within(directory, bind.source)) continue;
            const fs::path relative = fs::path(directory).lexically_relative(bind.source);
            add_mask((fs::path(bind.target) / relative).string());
        }
    }
}

}  // namespace sallyport::sandbox
