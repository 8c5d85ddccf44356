#include "sandbox/command.h"

#include <cap-ng.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <fstream>

#include "sandbox/system_failure.h"
#include "sandbox/wire.h"

namespace sallyport::sandbox {
namespace {

// As docker and env say it: the sandbox could not be set up, so the command was never started.
constexpr int kSetupFailed = 125;
// How bubblewrap itself says so; a command that starts may say the same, but then its exit is reported apart.
constexpr int kBubblewrapFailed = 1;
constexpr int kCommandWaitMs = 1;
constexpr int kCommandWaitsMax = 5000;

UniqueFd open_pidfd(pid_t pid) { return UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))); }

int send_signal(int pidfd, int signal) {
    return static_cast<int>(::syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, 0));
}

std::string nul_separated(const std::vector<std::string>& options) {
    std::string all;
    for (const std::string& option : options) all.append(option).push_back('\0');
    return all;
}

std::vector<char*> pointers(const std::vector<std::string>& arguments) {
    std::vector<char*> all;
    for (const std::string& argument : arguments) all.push_back(const_cast<char*>(argument.c_str()));
    all.push_back(nullptr);
    return all;
}

void reset_signals() {
    for (int signal = 1; signal < SIGRTMAX; ++signal) ::signal(signal, SIG_DFL);
    // See add_command in command_line.cc.
    ::signal(SIGINT, SIG_IGN);
    ::signal(SIGQUIT, SIG_IGN);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

// bubblewrap needs capabilities itself and drops them, but leaves the bounding set. Emptied here, it would leave root's exec
// with none; so they are handed over as inheritable ones (capabilities(7)), which bubblewrap drops too.
bool empty_bounding_set() {
    ::capng_setpid(::getpid());  // it remembers the process that it was first used in
    if (::capng_get_caps_process() != 0) return false;
    for (int capability = 0; capability <= CAP_LAST_CAP; ++capability) {
        if (::capng_have_capability(CAPNG_PERMITTED, static_cast<unsigned>(capability)) == 0) continue;
        if (::capng_update(CAPNG_ADD, CAPNG_INHERITABLE, static_cast<unsigned>(capability)) != 0) return false;
    }
    // In this order: nothing outside of the bounding set can be made inheritable.
    if (::capng_apply(CAPNG_SELECT_CAPS) != 0) return false;
    ::capng_clear(CAPNG_SELECT_BOUNDS);
    return ::capng_apply(CAPNG_SELECT_BOUNDS) == 0;
}

bool set_streams(const CommandLine& line) {
    if (!line.output) return true;
    const int nothing = ::open("/dev/null", O_RDONLY);
    return nothing >= 0 && ::dup2(nothing, STDIN_FILENO) >= 0 && ::dup2(line.output.get(), STDOUT_FILENO) >= 0 &&
           ::dup2(line.output.get(), STDERR_FILENO) >= 0 && ::close(nothing) == 0;
}

bool set_limits(const CommandLine& line) {
    for (const auto& [resource, value] : line.limits) {
        const rlimit limit{value, value};
        if (::setrlimit(static_cast<__rlimit_resource>(resource), &limit) != 0) return false;
    }
    return line.nice == 0 || ::setpriority(PRIO_PROCESS, 0, line.nice) == 0;
}

// In the child, up to exec. Its environment is empty: bubblewrap's init stays in the sandbox as pid 1, where the command
// can read /proc/1/environ.
[[noreturn]] void execute(int netns, pid_t launcher, const CommandLine& line, const std::vector<int>& fds,
                          char* const* arguments) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != launcher) ::_exit(kSetupFailed);
    reset_signals();
    for (const int fd : fds) ::fcntl(fd, F_SETFD, 0);
    char* const environment[] = {nullptr};
    const bool entered = netns < 0 || ::setns(netns, CLONE_NEWNET) == 0;
    if (entered && set_streams(line) && empty_bounding_set() && set_limits(line)) {
        ::execve("/usr/bin/bwrap", arguments, environment);
    }
    constexpr char kMessage[] = "sallyport: cannot run /usr/bin/bwrap: is bubblewrap installed?\n";
    if (::write(STDERR_FILENO, kMessage, sizeof(kMessage) - 1) < 0) ::_exit(kSetupFailed);
    ::_exit(kSetupFailed);
}

long number_after(const std::string& document, const std::string& key) {
    const std::size_t at = document.find("\"" + key + "\":");
    if (at == std::string::npos) return -1;
    return std::strtol(document.c_str() + at + key.size() + 3, nullptr, 10);
}

// The command is the second process of its pid namespace; whoever is adopted by init comes later.
bool is_second_process(pid_t pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/status");
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with("NSpid:")) return line.ends_with("\t2");
    }
    return false;
}

int shell_code(int status) {
    if (WIFSIGNALED(status)) return 128 + WTERMSIG(status);
    return WEXITSTATUS(status);
}

}  // namespace

Result<RunningCommand> RunningCommand::start(int netns, const CommandLine& line) {
    auto options = sealed_file("sallyport-bwrap", nul_separated(line.options));
    if (!options) return failure(options.error());
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0) return system_failure("pipe");
    UniqueFd status_write(ends[1]);
    RunningCommand command;
    command.status_.reset(ends[0]);

    std::vector<int> fds{options->get(), status_write.get()};
    for (const UniqueFd& fd : line.fds) fds.push_back(fd.get());
    std::vector<std::string> arguments{"bwrap", "--args", std::to_string(options->get()), "--json-status-fd",
                                       std::to_string(status_write.get()), "--"};
    arguments.insert(arguments.end(), line.command.begin(), line.command.end());
    const std::vector<char*> argv = pointers(arguments);

    const pid_t launcher = ::getpid();
    command.monitor_pid_ = ::fork();
    if (command.monitor_pid_ < 0) return system_failure("fork");
    if (command.monitor_pid_ == 0) execute(netns, launcher, line, fds, argv.data());
    status_write.reset();
    command.monitor_ = open_pidfd(command.monitor_pid_);
    if (auto found = command.find_init(); !found) return failure(found.error());
    return command;
}

// The first document comes when the namespaces are made.
Result<void> RunningCommand::find_init() {
    pollfd ready{status_.get(), POLLIN, 0};
    while (::poll(&ready, 1, -1) < 0 && errno == EINTR) {
    }
    const long pid = number_after(read_status(), "child-pid");
    // init may have ended already; the monitor, our child, cannot vanish before we wait for it.
    if (pid > 0) init_ = open_pidfd(init_pid_ = static_cast<pid_t>(pid));
    if (monitor_ && pid > 0) return {};
    kill();
    while (::waitpid(monitor_pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
    return failure(ErrorCode::system, "bubblewrap did not start the sandbox; its message is on standard error");
}

std::string RunningCommand::read_status() {
    std::string all;
    char buffer[1024];
    for (;;) {
        const ssize_t count = ::read(status_.get(), buffer, sizeof(buffer));
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return all;
        all.append(buffer, static_cast<std::size_t>(count));
    }
}

CommandExit RunningCommand::wait() {
    int status = 0;
    while (::waitpid(monitor_pid_, &status, 0) < 0 && errno == EINTR) {
    }
    // What the command left running ends with it, and is gone when this returns.
    if (init_) {
        send_signal(init_.get(), SIGKILL);
        pollfd gone{init_.get(), POLLIN, 0};
        while (::poll(&gone, 1, -1) < 0 && errno == EINTR) {
        }
        ::waitpid(init_pid_, nullptr, WNOHANG);  // ours, if the monitor went first
    }
    const bool started = number_after(read_status(), "exit-code") >= 0;
    return CommandExit{!started && shell_code(status) == kBubblewrapFailed ? kSetupFailed : shell_code(status)};
}

Result<UniqueFd> RunningCommand::find_command() const {
    const std::string init = std::to_string(init_pid_);
    std::ifstream children("/proc/" + init + "/task/" + init + "/children");
    for (pid_t pid = 0; children >> pid;) {
        UniqueFd pidfd = open_pidfd(pid);
        // Looked at after it is held: the number cannot have passed to another process.
        if (pidfd && is_second_process(pid)) return pidfd;
    }
    return failure(ErrorCode::system, "the command is not running");
}

Result<void> RunningCommand::signal(int signal) const {
    // bubblewrap may still be mounting: the command is there within milliseconds, or bubblewrap ends.
    for (int i = 0; i < kCommandWaitsMax; ++i) {
        if (auto command = find_command()) {
            if (send_signal(command->get(), signal) == 0) return {};
            return system_failure("signal the command");
        }
        pollfd ended{monitor_.get(), POLLIN, 0};
        if (::poll(&ended, 1, kCommandWaitMs) > 0) break;
    }
    return failure(ErrorCode::system, "the command is not running");
}

void RunningCommand::kill() const {
    if (init_) send_signal(init_.get(), SIGKILL);
    if (monitor_) send_signal(monitor_.get(), SIGKILL);
}

}  // namespace sallyport::sandbox
