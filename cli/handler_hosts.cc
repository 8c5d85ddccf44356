#include "cli/handler_hosts.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/log.h"
#include "base/secret_string.h"
#include "cli/handler_output.h"
#include "rules/actions.h"
#include "rules/script.h"

namespace sallyport::cli {
namespace {

using std::chrono::milliseconds;

// A host that lives this long was not broken from the start.
constexpr milliseconds kHealthyAfter{10'000};
constexpr milliseconds kPauseFirst{100};
constexpr milliseconds kPauseMax{30'000};

// Read to its end, as the host waits otherwise. What it says is known: the script was loaded before.
class UnreadReport final {
public:
    UnreadReport(net::Loop& loop, UniqueFd pipe)
        : pipe_(std::move(pipe)), watch_(loop, pipe_.get(), [this](int) { skip(); }) {
        watch_.want(net::FdWatch::kRead);
    }

private:
    void skip() {
        char block[4096];
        const ssize_t got = read(pipe_.get(), block, sizeof block);
        if (got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN)) watch_.want(net::FdWatch::kNone);
    }

    UniqueFd pipe_;
    net::FdWatch watch_;
};

std::string script_name(const rules::Script& script) { return script.path().substr(script.path().rfind('/') + 1); }

sandbox::HandlerSpec spec_for(const std::string& sandbox, const rules::PolicySnapshot& snapshot) {
    sandbox::HandlerSpec spec;
    spec.name = sandbox;
    spec.memory_mib = snapshot.handler_limits().memory_mib;
    if (const rules::Script* script = snapshot.script()) {
        spec.script = script->text();
        spec.script_name = script_name(*script);
    } else {
        spec.socket_path = snapshot.handler_socket();
    }
    return spec;
}

// Whether the host of `spec` is what the snapshot wants. The script's name is one of its handlers' names.
bool serves(const sandbox::HandlerSpec& spec, const rules::PolicySnapshot& snapshot) {
    if (spec.memory_mib != snapshot.handler_limits().memory_mib) return false;
    const rules::Script* script = snapshot.script();
    if (script == nullptr) return spec.script_name.empty() && spec.socket_path == snapshot.handler_socket();
    return spec.script_name == script_name(*script) && spec.script == script->text();
}

}  // namespace

struct HandlerHosts::Host {
    bool is_running = false;
    proxy::HandlerIncarnation incarnation;
    sandbox::HandlerSpec spec;
    std::uint64_t start = 0;  // the launcher's number
    std::string fetch_path;
    std::unique_ptr<UnreadReport> report;
    std::unique_ptr<HandlerOutput> output;
    net::Clock::time_point started;
    net::Clock::time_point not_before;
    milliseconds pause{0};
    Generation newest;  // of the snapshots that were seen
    std::vector<SecretString> values;  // of the environment that it was started for
};

namespace {

std::vector<SecretString> environment_values(const rules::PolicySnapshot& snapshot) {
    std::vector<SecretString> values;
    const auto environment = snapshot.handler_environment();
    if (!environment) return values;
    for (const auto& [name, value] : *environment) values.emplace_back(value);
    return values;
}

bool are_equal(const std::vector<SecretString>& a, const std::vector<SecretString>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](const SecretString& one, const SecretString& other) { return one.reveal() == other.reveal(); });
}

}  // namespace

HandlerHosts::HandlerHosts(net::Loop& control, sandbox::Launcher& launcher, HandlerNotices notices)
    : control_(control), launcher_(launcher), notices_(std::move(notices)) {}

HandlerHosts::~HandlerHosts() = default;

void HandlerHosts::connect(const SandboxId& sandbox, std::shared_ptr<const rules::PolicySnapshot> snapshot, net::Loop& loop,
                           std::function<void(Result<proxy::HandlerConnection>)> done) {
    control_.post([this, name = sandbox.value, snapshot = std::move(snapshot), &loop, done = std::move(done)] {
        auto connection = std::make_shared<Result<proxy::HandlerConnection>>(connect_now(name, *snapshot));
        loop.post([connection, done] { done(std::move(*connection)); });
    });
}

void HandlerHosts::kill(const SandboxId& sandbox, proxy::HandlerIncarnation incarnation) {
    control_.post([this, name = sandbox.value, incarnation] {
        const auto found = hosts_.find(name);
        if (found == hosts_.end() || !found->second->is_running || found->second->incarnation != incarnation) return;
        log(LogLevel::warning, "the handlers of sandbox " + name + " took too long and were stopped");
        stop(name, *found->second);
    });
}

Result<proxy::HandlerConnection> HandlerHosts::connect_now(const std::string& sandbox, const rules::PolicySnapshot& snapshot) {
    auto& host = hosts_[sandbox];
    if (!host) host = std::make_unique<Host>();
    if (snapshot.script() == nullptr && snapshot.handler_socket().empty()) {
        return failure(ErrorCode::handler_unavailable, "the policy has no handlers any more");
    }
    const bool is_late = snapshot.generation() < host->newest;
    host->newest = std::max(host->newest, snapshot.generation());
    if (is_late && !(host->is_running && serves(host->spec, snapshot))) {
        return failure(ErrorCode::handler_unavailable, "the policy has changed since");
    }
    if (host->is_running && !serves(host->spec, snapshot)) stop(sandbox, *host);
    if (!host->is_running) {
        if (auto started = start(spec_for(sandbox, snapshot), snapshot, *host); !started) return failure(started.error());
    }
    auto fd = launcher_.connect_handler(sandbox);
    if (!fd) return failure(ErrorCode::handler_unavailable, fd.error().detail);
    return proxy::HandlerConnection{std::move(*fd), host->incarnation, host->fetch_path};
}

Result<void> HandlerHosts::start(const sandbox::HandlerSpec& spec, const rules::PolicySnapshot& snapshot, Host& host) {
    const auto now = net::Clock::now();
    if (now < host.not_before) return failure(ErrorCode::handler_unavailable, "the handler's process keeps ending");
    auto process = launcher_.start_handler(spec);
    if (!process) {
        log(LogLevel::error, "the handlers of sandbox " + spec.name + " cannot be started: " + process.error().detail);
        note_end(host, false);
        return failure(ErrorCode::handler_unavailable, process.error().detail);
    }
    host.is_running = true;
    host.incarnation = proxy::HandlerIncarnation{++last_incarnation_};
    host.spec = spec;
    host.start = process->start;
    host.values = environment_values(snapshot);
    host.fetch_path = process->fetch_path;
    host.started = now;
    if (process->report) host.report = std::make_unique<UnreadReport>(control_, std::move(process->report));
    if (process->output) host.output = std::make_unique<HandlerOutput>(control_, std::move(process->output), spec.name);
    mask_values(host, snapshot);
    notices_.started(SandboxId{spec.name}, host.incarnation, std::move(process->fetches));
    return {};
}

void HandlerHosts::mask_values(Host& host, const rules::PolicySnapshot& snapshot) {
    const auto environment = snapshot.handler_environment();
    if (!host.output || !environment) return;
    for (const auto& [name, value] : *environment) host.output->mask(value);
}

void HandlerHosts::on_published(const std::string& sandbox, const rules::PolicySnapshot& snapshot) {
    const auto found = hosts_.find(sandbox);
    if (found == hosts_.end()) return;
    Host& host = *found->second;
    host.newest = std::max(host.newest, snapshot.generation());
    const bool is_same = serves(host.spec, snapshot);
    // Another script is not to blame for what the one before did.
    if (!is_same) host.not_before = {};
    if (!host.is_running) return;
    // A script may have kept a value that was revoked: it goes with its process.
    if (!is_same || !are_equal(host.values, environment_values(snapshot))) stop(sandbox, host);
}

void HandlerHosts::forget(const std::string& sandbox) {
    const auto found = hosts_.find(sandbox);
    if (found == hosts_.end()) return;
    if (found->second->is_running) stop(sandbox, *found->second);
    hosts_.erase(found);
}

void HandlerHosts::stop(const std::string& sandbox, Host& host) {
    // It may have ended by itself.
    (void)launcher_.stop_handler(sandbox);
    note_end(host, true);
    notices_.ended(SandboxId{sandbox}, host.incarnation);
}

void HandlerHosts::on_exit(const sandbox::HandlerExit& exit) {
    const auto found = hosts_.find(exit.name);
    if (found == hosts_.end() || !found->second->is_running || found->second->start != exit.start) return;
    Host& host = *found->second;
    if (exit.code != 0) {
        log(LogLevel::warning, "the handlers of sandbox " + exit.name + " ended with code " + std::to_string(exit.code));
    }
    note_end(host, exit.code == 0);
    notices_.ended(SandboxId{exit.name}, host.incarnation);
}

// A host that was stopped, or left because it was idle, may come back at once.
void HandlerHosts::note_end(Host& host, bool was_orderly) {
    const auto now = net::Clock::now();
    const bool was_healthy = host.is_running && now - host.started >= kHealthyAfter;
    host.is_running = false;
    host.report.reset();
    if (host.output) host.output->finish();
    host.output.reset();
    if (was_orderly || was_healthy) {
        host.pause = milliseconds(0);
    } else {
        host.pause = host.pause.count() == 0 ? kPauseFirst : std::min(host.pause * 2, kPauseMax);
    }
    host.not_before = now + host.pause;
}

void HandlerHosts::stop_all() {
    for (auto& [sandbox, host] : hosts_) {
        if (host->is_running) stop(sandbox, *host);
    }
}

std::size_t HandlerHosts::running() const {
    return static_cast<std::size_t>(
        std::count_if(hosts_.begin(), hosts_.end(), [](const auto& each) { return each.second->is_running; }));
}

}  // namespace sallyport::cli
