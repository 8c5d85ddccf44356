#include "process.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <utility>

#include "base/check.h"
#include "files.h"

namespace sallyport::integration {
namespace {

constexpr int kWaitMs = 60'000;
// In sanitizer builds: a process that is not dumpable cannot be searched for leaks, and memory that is kept back is not
// growth.
constexpr const char* kSanitizer = "ASAN_OPTIONS=detect_leaks=0:quarantine_size_mb=1";

std::vector<char*> pointers(const std::vector<std::string>& strings) {
    std::vector<char*> result;
    for (const auto& text : strings) result.push_back(const_cast<char*>(text.c_str()));
    result.push_back(nullptr);
    return result;
}

void redirect(int fd, int to) { SALLYPORT_CHECK(fd >= 0 && dup2(fd, to) == to); }

[[noreturn]] void become(const Spawn& spawn, const std::string& output, char** argv, char** environment) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (spawn.as_group_leader) setsid();
    redirect(spawn.stdin_fd >= 0 ? spawn.stdin_fd : open((output + ".in").c_str(), O_RDONLY), STDIN_FILENO);
    redirect(open((output + ".out").c_str(), O_WRONLY | O_APPEND), STDOUT_FILENO);
    redirect(open((output + ".err").c_str(), O_WRONLY | O_APPEND), STDERR_FILENO);
    for (int fd : spawn.inherited) fcntl(fd, F_SETFD, 0);
    if (spawn.netns >= 0) SALLYPORT_CHECK(setns(spawn.netns, CLONE_NEWNET) == 0);
    if (!spawn.working_directory.empty()) SALLYPORT_CHECK(chdir(spawn.working_directory.c_str()) == 0);
    execvpe(argv[0], argv, environment);
    _exit(127);
}

}  // namespace

Process::Process(const Spawn& spawn, std::string output) : ended_(false), output_(std::move(output)) {
    write_file(output_ + ".in", spawn.input);
    write_file(output_ + ".out", "");
    write_file(output_ + ".err", "");
    std::vector<std::string> environment = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LANG=C.UTF-8", kSanitizer};
    environment.insert(environment.end(), spawn.environment.begin(), spawn.environment.end());
    auto argv = pointers(spawn.argv);
    auto envp = pointers(environment);
    pid_ = fork();
    SALLYPORT_CHECK(pid_ >= 0);
    if (pid_ == 0) become(spawn, output_, argv.data(), envp.data());
}

Process::Process(Process&& other) noexcept { *this = std::move(other); }

Process& Process::operator=(Process&& other) noexcept {
    std::swap(pid_, other.pid_);
    std::swap(code_, other.code_);
    std::swap(ended_, other.ended_);
    std::swap(output_, other.output_);
    return *this;
}

Process::~Process() {
    if (ended_) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
}

int Process::wait() {
    if (ended_) return code_;
    UniqueFd handle(static_cast<int>(syscall(SYS_pidfd_open, pid_, 0)));
    pollfd event{handle.get(), POLLIN, 0};
    bool in_time = poll(&event, 1, kWaitMs) == 1;
    if (!in_time) kill(pid_, SIGKILL);
    int status = 0;
    waitpid(pid_, &status, 0);
    ended_ = true;
    if (in_time) code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return code_;
}

bool Process::is_running() {
    if (ended_) return false;
    siginfo_t info{};
    waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT);
    return info.si_pid == 0;
}

void Process::signal(int number) const { SALLYPORT_CHECK(kill(pid_, number) == 0); }
std::string Process::out() const { return read_file(output_ + ".out"); }
std::string Process::err() const { return read_file(output_ + ".err"); }

}  // namespace sallyport::integration
