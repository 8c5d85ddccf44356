#include "cli/secret_feed.h"

#include <poll.h>

#include <future>

#include "cli/file_state.h"
#include "rules/compiled_policy.h"
#include "rules/runtime_rules.h"
#include "sandbox/secret_commands.h"
#include "secrets/provider.h"

namespace sallyport::cli {
namespace {

using std::chrono::milliseconds;
using Names = std::set<std::string, std::less<>>;

constexpr milliseconds kStopCheck{100};

void add_needs(const rules::CompiledPolicy& policy, Names& names) {
    for (const rules::CredentialSpec& spec : policy.credentials) {
        spec.kind->visit_templates([&](const secrets::TemplateText& text) {
            for (const secrets::TemplatePart& part : text) {
                if (part.kind == secrets::PartKind::secret) names.insert(part.text);
            }
        });
    }
    for (const auto& [variable, secret] : policy.handler_env) names.insert(secret);
}

}  // namespace

Names secrets_needed(const rules::PolicyFile& file, const rules::SandboxPolicy& policy) {
    Names names;
    if (const auto found = file.policies.find(policy.policy); found != file.policies.end()) add_needs(*found->second, names);
    if (policy.runtime && policy.runtime->own) add_needs(*policy.runtime->own, names);
    return names;
}

Result<UniqueFd> LauncherCommands::start(const std::vector<std::string>& argv, milliseconds timeout) {
    auto promise = std::make_shared<std::promise<Result<UniqueFd>>>();
    auto started = promise->get_future();
    control_.post([launcher = launcher_, promise, argv, timeout] {
        promise->set_value(launcher->start_secret_command(argv, timeout));
    });
    // The control thread may be ending, and waiting for us.
    while (started.wait_for(kStopCheck) != std::future_status::ready) {
        if (is_stopping_) return failure(ErrorCode::secret_unavailable, "the daemon ends");
    }
    return started.get();
}

Result<SecretString> LauncherCommands::run(const std::vector<std::string>& argv, milliseconds timeout) {
    if (launcher_ == nullptr) return failure(ErrorCode::secret_unavailable, "no commands run here");
    const auto socket = start(argv, timeout);
    if (!socket) return failure(ErrorCode::secret_unavailable, argv.front() + ": " + socket.error().detail);
    const auto deadline = net::Clock::now() + timeout;
    pollfd item{socket->get(), POLLIN, 0};
    while (::poll(&item, 1, static_cast<int>(kStopCheck.count())) <= 0) {
        if (is_stopping_) return failure(ErrorCode::secret_unavailable, "the daemon ends");
        if (net::Clock::now() >= deadline) break;
    }
    auto value = sandbox::receive_secret(socket->get(), milliseconds{0});
    if (!value) return failure(ErrorCode::secret_unavailable, argv.front() + ": " + value.error().detail);
    return value;
}

SecretFeed::SecretFeed(net::Loop& control, sandbox::Launcher* launcher, HttpClientOptions http,
                       std::function<void(const std::set<std::string>&)> changed)
    : control_(control),
      changed_(std::move(changed)),
      http_(std::move(http)),
      commands_(control, launcher),
      wake_(control, [this] { refresher_.tick(); }),
      tell_(control, [this] { changed_(std::exchange(changes_, {})); }),
      refresher_({http_, commands_, random_, [] { return secrets::WallClock::now(); },
                  [this](std::function<void()> task) { start_task(std::move(task)); },
                  [&control](std::function<void()> task) { control.post(std::move(task)); },
                  [this](milliseconds after) { wake_.start(after); }, [this](const std::string& name) { note_change(name); }}),
      threads_(secrets::kFetchesMax) {}

SecretFeed::~SecretFeed() { stop(); }

void SecretFeed::start_task(std::function<void()> task) {
    if (!is_stopped_) threads_.run(std::move(task));
}

void SecretFeed::note_change(const std::string& name) {
    changes_.insert(name);
    if (!tell_.running()) tell_.start(milliseconds{0});
}

void SecretFeed::keep(const Deployment& deployment) {
    const rules::PolicyFile& file = deployment.file();
    std::vector<secrets::Refresher::Need> needs;
    for (const std::string& name : deployment.sandbox_names()) {
        // One that is denied everything needs nothing.
        if (!deployment.secrets_of(name)) continue;
        const rules::SandboxPolicy& policy = *deployment.policy_of(name);
        needs.push_back({policy.identity, secrets_needed(file, policy)});
    }
    auto before = std::exchange(files_, {});
    for (const secrets::SecretSource& source : file.secrets) {
        if (!source.provider) continue;
        for (const std::string& path : source.provider->files()) {
            const auto& known = before[source.name];
            const auto state = known.find(path);
            files_[source.name][path] = state == known.end() ? file_state(path) : state->second;
        }
    }
    refresher_.keep(file.secrets, needs);
}

std::vector<std::string> SecretFeed::files() const {
    std::vector<std::string> all;
    for (const auto& [name, states] : files_) {
        for (const auto& [path, state] : states) all.push_back(path);
    }
    return all;
}

void SecretFeed::look_for_changes() {
    for (auto& [name, states] : files_) {
        bool has_changed = false;
        for (auto& [path, state] : states) {
            std::string now = file_state(path);
            has_changed |= now != state;
            state = std::move(now);
        }
        if (has_changed) refresher_.refresh(name);
    }
}

void SecretFeed::stop() {
    is_stopped_ = true;
    http_.stop();
    commands_.stop();
    wake_.stop();
    tell_.stop();
}

}  // namespace sallyport::cli
