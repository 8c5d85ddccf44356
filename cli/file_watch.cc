#include "cli/file_watch.h"

#include <sys/inotify.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <map>
#include <set>

namespace sallyport::cli {
namespace {

// Long enough for an editor's two or three steps, short enough for a revocation that is felt within 100 ms.
constexpr std::chrono::milliseconds kBurst{20};

constexpr std::uint32_t kEvents =
    IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE | IN_ATTRIB | IN_MOVE_SELF;

constexpr int kLinksMax = 40;
constexpr int kReadsMax = 64;
constexpr int kRoundsMax = 3;

using Path = std::filesystem::path;

// To be walked from the back.
void push_steps(const Path& path, std::vector<Path>& steps) {
    const std::vector<Path> all(path.begin(), path.end());
    steps.insert(steps.end(), all.rbegin(), all.rend());
}

// What the steps are that many paths have in common.
using KnownSteps = std::map<Path, std::filesystem::file_type>;

std::filesystem::file_type type_of(const Path& path, KnownSteps& known) {
    const auto [found, is_new] = known.try_emplace(path);
    std::error_code error;
    if (is_new) found->second = std::filesystem::symlink_status(path, error).type();
    return found->second;
}

// The folders in which a change can make the path lead to something else: the file's own, and those of symbolic links on
// the way ("..data" of a mounted volume, "current" of a deployment).
void add_folders(const std::string& path, KnownSteps& known, std::set<std::string>& folders) {
    std::vector<Path> steps;
    push_steps(std::filesystem::absolute(path).relative_path(), steps);
    Path place = "/";
    for (int links = 0; !steps.empty() && links <= kLinksMax;) {
        const Path step = std::move(steps.back());
        steps.pop_back();
        if (step == "..") place = place.parent_path();
        if (step == ".." || step == "." || step.empty()) continue;
        const auto type = type_of(place / step, known);
        const bool is_directory = type == std::filesystem::file_type::directory;
        if (!is_directory) folders.insert(place);
        if (type == std::filesystem::file_type::symlink) {
            std::error_code error;
            const Path target = std::filesystem::read_symlink(place / step, error);
            push_steps(target.relative_path(), steps);
            if (target.is_absolute()) place = "/";
            ++links;
        } else if (is_directory && !steps.empty()) {
            place /= step;
        } else {
            folders.insert(place);
            return;
        }
    }
}

std::set<std::string> folders_of(const std::vector<std::string>& paths) {
    std::set<std::string> folders;
    KnownSteps known;
    for (const std::string& path : paths) add_folders(path, known, folders);
    return folders;
}

}  // namespace

Result<std::unique_ptr<FileWatch>> FileWatch::create(net::Loop& loop, std::function<void()> changed) {
    UniqueFd inotify(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
    if (!inotify) return failure(ErrorCode::system, std::string("inotify: ") + std::strerror(errno));
    return std::unique_ptr<FileWatch>(new FileWatch(loop, std::move(inotify), std::move(changed)));
}

FileWatch::FileWatch(net::Loop& loop, UniqueFd inotify, std::function<void()> changed)
    : inotify_(std::move(inotify)),
      burst_(loop, std::move(changed)),
      events_(loop, inotify_.get(), [this](int) { read_events(); }) {
    events_.want(net::FdWatch::kRead);
}

void FileWatch::watch(const std::vector<std::string>& paths) {
    std::set<int> watches;
    std::set<std::string> folders;
    // Once more where a folder came while the one above it was not watched yet.
    for (int i = 0; i < kRoundsMax && folders != folders_of(paths); ++i) {
        folders = folders_of(paths);
        for (const std::string& folder : folders) {
            // The same folder has the same descriptor, by whatever path.
            const int descriptor = inotify_add_watch(inotify_.get(), folder.c_str(), kEvents | IN_ONLYDIR);
            if (descriptor >= 0) watches.insert(descriptor);
        }
    }
    for (const int descriptor : watches_) {
        if (!watches.contains(descriptor)) inotify_rm_watch(inotify_.get(), descriptor);
    }
    watches_ = std::move(watches);
}

void FileWatch::read_events() {
    alignas(inotify_event) char block[8192];
    bool any = false;
    for (int i = 0; i < kReadsMax; ++i) {
        const ssize_t got = read(inotify_.get(), block, sizeof block);
        if (got <= 0) break;
        for (ssize_t at = 0; at < got;) {
            const auto* event = reinterpret_cast<const inotify_event*>(block + at);
            at += static_cast<ssize_t>(sizeof(inotify_event) + event->len);
            // A watch that was given up has nothing more to say; -1: events have been lost.
            any |= event->wd < 0 || watches_.contains(event->wd);
            if ((event->mask & IN_IGNORED) != 0) watches_.erase(event->wd);
        }
    }
    if (any && !burst_.running()) burst_.start(kBurst);
}

}  // namespace sallyport::cli
