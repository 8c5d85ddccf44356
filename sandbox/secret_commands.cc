#include "sandbox/secret_commands.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string_view>

#include "sandbox/system_failure.h"

namespace sallyport::sandbox {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::size_t kCommandsMax = 1024;
constexpr std::size_t kRunningMax = 8;
constexpr milliseconds kTimeoutMax{120'000};
constexpr milliseconds kSlack{1000};
constexpr int kNotExecuted = 127;
constexpr const char* kDefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

// The first byte of the answer.
constexpr char kValue = 'v';
constexpr char kFailure = 'e';

tl::unexpected<Error> unavailable(std::string detail) {
    return failure(ErrorCode::secret_unavailable, std::move(detail));
}

std::string variable(const char* name, const char* otherwise) {
    const char* value = ::getenv(name);
    return value != nullptr && *value != '\0' ? value : otherwise;
}

bool is_program(const std::string& path) {
    struct stat status {};
    return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) && ::access(path.c_str(), X_OK) == 0;
}

std::string find_program(const std::string& name) {
    if (name.find('/') != name.npos) return is_program(name) ? name : "";
    const std::string path = variable("PATH", kDefaultPath);
    for (std::size_t start = 0; start <= path.size();) {
        const auto end = std::min(path.find(':', start), path.size());
        const std::string folder = path.substr(start, end - start);
        // Not the working directory, which an empty entry means elsewhere.
        if (folder.starts_with('/') && is_program(folder + "/" + name)) return folder + "/" + name;
        start = end + 1;
    }
    return "";
}

std::vector<std::string> own_environment() {
    return {"PATH=" + variable("PATH", kDefaultPath), "HOME=" + variable("HOME", "/root"), "USER=" + variable("USER", "root"),
            "LOGNAME=" + variable("LOGNAME", "root"), "LANG=C.UTF-8"};
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
    std::vector<char*> all;
    for (const std::string& text : texts) all.push_back(const_cast<char*>(text.c_str()));
    all.push_back(nullptr);
    return all;
}

UniqueFd open_pidfd(pid_t pid) { return UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))); }

void close_all_but(int kept) {
    if (kept > STDERR_FILENO + 1) ::close_range(STDERR_FILENO + 1, static_cast<unsigned>(kept) - 1, 0);
    ::close_range(static_cast<unsigned>(kept) + 1, ~0U, 0);
}

void reset_signals() {
    for (int signal = 1; signal < SIGRTMAX; ++signal) ::signal(signal, SIG_DFL);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

[[noreturn]] void execute(const std::string& program, const std::vector<std::string>& arguments, int output) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::setsid();
    reset_signals();
    const int nothing = ::open("/dev/null", O_RDWR);
    const bool has_streams = nothing >= 0 && ::dup2(nothing, STDIN_FILENO) >= 0 && ::dup2(output, STDOUT_FILENO) >= 0 &&
                             ::dup2(nothing, STDERR_FILENO) >= 0 && ::chdir("/") == 0;
    ::close_range(STDERR_FILENO + 1, ~0U, 0);
    const auto environment = own_environment();
    if (has_streams) ::execve(program.c_str(), pointers(arguments).data(), pointers(environment).data());
    ::_exit(kNotExecuted);
}

// The process beside a command: collects what it prints, sees to its end, answers.
class Keeper {
public:
    Keeper(UniqueFd answers, milliseconds timeout) : answers_(std::move(answers)), deadline_(Clock::now() + timeout) {
        (void)::mlock(block_.data(), block_.size());
    }
    ~Keeper() { wipe_bytes(block_.data(), block_.size()); }

    void keep(const std::string& program, const std::vector<std::string>& arguments) {
        int ends[2];
        if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0) return fail("it cannot be started");
        output_.reset(ends[0]);
        UniqueFd write_end(ends[1]);
        ::fcntl(write_end.get(), F_SETFL, 0);
        command_ = ::fork();
        if (command_ < 0) return fail("it cannot be started");
        if (command_ == 0) execute(program, arguments, write_end.get());
        write_end.reset();
        ended_ = open_pidfd(command_);
        const std::string why = follow();
        // What it left running goes with it.
        ::kill(-command_, SIGKILL);
        ::kill(command_, SIGKILL);
        int status = 0;
        while (::waitpid(command_, &status, 0) < 0 && errno == EINTR) {
        }
        if (!why.empty()) return fail(why);
        if (WIFSIGNALED(status)) return fail("signal " + std::to_string(WTERMSIG(status)));
        if (WEXITSTATUS(status) != 0) return fail("exit status " + std::to_string(WEXITSTATUS(status)));
        block_[0] = kValue;
        (void)::send(answers_.get(), block_.data(), 1 + size_, MSG_NOSIGNAL);
    }

private:
    // Until it ends; or why it has to.
    std::string follow() {
        for (;;) {
            const auto left = std::chrono::ceil<milliseconds>(deadline_ - Clock::now());
            if (left.count() <= 0) return "it takes too long";
            std::array<pollfd, 3> items{
                pollfd{ended_.get(), POLLIN, 0}, pollfd{is_whole_ ? -1 : output_.get(), POLLIN, 0}, pollfd{answers_.get(), POLLIN, 0}};
            if (::poll(items.data(), items.size(), static_cast<int>(left.count())) < 0 && errno != EINTR) return "poll";
            if (items[2].revents != 0) return "nobody waits for it";
            if (items[1].revents != 0 && !read_output()) return "it prints more than 64 KiB";
            if (items[0].revents == 0) continue;
            return read_output() ? "" : "it prints more than 64 KiB";
        }
    }

    // What there is now.
    bool read_output() {
        while (!is_whole_) {
            char* const to = block_.data() + 1 + size_;
            const ssize_t got = ::read(output_.get(), to, block_.size() - 1 - size_);
            if (got < 0 && errno == EINTR) continue;
            if (got < 0) return true;
            is_whole_ = got == 0;
            size_ += static_cast<std::size_t>(got);
            if (size_ > kSecretOutputBytesMax) return false;
        }
        return true;
    }

    void fail(const std::string& why) const {
        const std::string answer = kFailure + why;
        (void)::send(answers_.get(), answer.data(), answer.size(), MSG_NOSIGNAL);
    }

    UniqueFd answers_;
    const Clock::time_point deadline_;
    pid_t command_ = -1;
    UniqueFd ended_;
    UniqueFd output_;
    bool is_whole_ = false;
    std::size_t size_ = 0;
    std::array<char, 1 + kSecretOutputBytesMax + 1> block_;
};

[[noreturn]] void run_keeper(UniqueFd answers, pid_t launcher, const std::string& program,
                             const std::vector<std::string>& arguments, milliseconds timeout) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != launcher) ::_exit(1);
    ::prctl(PR_SET_NAME, "sallyport-fetch");
    close_all_but(answers.get());
    { Keeper(std::move(answers), timeout).keep(program, arguments); }
    ::_exit(0);
}

bool has_ended(const UniqueFd& fd) {
    pollfd item{fd.get(), POLLIN, 0};
    return ::poll(&item, 1, 0) > 0;
}

void reap(pid_t pid) {
    while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
    }
}

}  // namespace

SecretCommands::~SecretCommands() {
    for (const Running& each : running_) {
        ::kill(each.keeper, SIGKILL);
        reap(each.keeper);
    }
}

Result<void> SecretCommands::allow(const std::vector<Arguments>& commands) {
    const auto is_empty = [](const Arguments& arguments) { return arguments.empty() || arguments.front().empty(); };
    if (has_allowed_) return failure(ErrorCode::config_invalid, "the commands for secrets were named already");
    if (commands.size() > kCommandsMax || std::any_of(commands.begin(), commands.end(), is_empty)) {
        return failure(ErrorCode::config_invalid, "too many commands for secrets, or an empty one");
    }
    has_allowed_ = true;
    for (const Arguments& arguments : commands) allowed_.push_back({arguments, find_program(arguments.front())});
    return {};
}

Result<UniqueFd> SecretCommands::start(const Arguments& arguments, milliseconds timeout) {
    const auto found = std::find_if(allowed_.begin(), allowed_.end(),
                                    [&](const Allowed& each) { return each.arguments == arguments; });
    if (found == allowed_.end()) {
        return unavailable("the command was not named when the daemon started: a new one needs a restart");
    }
    if (found->program.empty()) return unavailable(arguments.front() + ": there is no such program");
    if (running_.size() >= kRunningMax) return unavailable("too many commands run");
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) return system_failure("socketpair");
    UniqueFd daemon_end(ends[0]);
    UniqueFd keeper_end(ends[1]);
    const auto limit = std::clamp(timeout, milliseconds{1}, kTimeoutMax);
    const pid_t launcher = ::getpid();
    const pid_t keeper = ::fork();
    if (keeper < 0) return system_failure("fork");
    if (keeper == 0) run_keeper(std::move(keeper_end), launcher, found->program, found->arguments, limit);
    running_.push_back({keeper, open_pidfd(keeper)});
    return daemon_end;
}

std::vector<int> SecretCommands::event_fds() const {
    std::vector<int> fds;
    for (const Running& each : running_) fds.push_back(each.ended.get());
    return fds;
}

void SecretCommands::collect() {
    std::erase_if(running_, [](const Running& each) {
        if (!has_ended(each.ended)) return false;
        reap(each.keeper);
        return true;
    });
}

Result<SecretString> receive_secret(int socket, milliseconds timeout) {
    pollfd item{socket, POLLIN, 0};
    const auto deadline = Clock::now() + timeout + kSlack;
    for (int ready = 0; ready <= 0;) {
        const auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now());
        if (left.count() <= 0) return unavailable("it takes too long");
        ready = ::poll(&item, 1, static_cast<int>(left.count()));
        if (ready < 0 && errno != EINTR) return system_failure("poll");
    }
    std::array<char, 1 + kSecretOutputBytesMax> block;
    const ssize_t got = ::recv(socket, block.data(), block.size(), 0);
    const std::string_view answer(block.data(), got < 0 ? 0 : static_cast<std::size_t>(got));
    Result<SecretString> result = unavailable("it has been ended");
    if (answer.starts_with(kValue)) result = SecretString(answer.substr(1));
    if (answer.starts_with(kFailure)) result = unavailable(std::string(answer.substr(1)));
    wipe_bytes(block.data(), block.size());
    return result;
}

}  // namespace sallyport::sandbox
