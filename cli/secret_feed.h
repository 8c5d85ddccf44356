// Where the deployment's values come from that take time to fetch: the refresher with its threads, the way to stores and the
// way to commands. Built and used on the control thread; fetches nothing before keep() is called, so that the process can be
// confined first.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "cli/deployment.h"
#include "cli/http_client.h"
#include "net/loop.h"
#include "sandbox/launcher.h"
#include "secrets/fetch_threads.h"
#include "secrets/refresher.h"

namespace sallyport::cli {

// Has the launcher run a command, from any thread: only the control thread speaks to it.
class LauncherCommands final : public secrets::CommandRunner {
public:
    // `launcher` may be null: then there are no commands.
    LauncherCommands(net::Loop& control, sandbox::Launcher* launcher) : control_(control), launcher_(launcher) {}

    Result<SecretString> run(const std::vector<std::string>& argv, std::chrono::milliseconds timeout) override;
    // What waits fails soon.
    void stop() { is_stopping_ = true; }

private:
    Result<UniqueFd> start(const std::vector<std::string>& argv, std::chrono::milliseconds timeout);

    net::Loop& control_;
    sandbox::Launcher* launcher_;
    std::atomic<bool> is_stopping_{false};
};

// The names of the secrets that requests of a sandbox may need.
std::set<std::string, std::less<>> secrets_needed(const rules::PolicyFile& file, const rules::SandboxPolicy& policy);

class SecretFeed final {
public:
    // `changed` gets the names of secrets that have other values now, a moment after they do.
    SecretFeed(net::Loop& control, sandbox::Launcher* launcher, HttpClientOptions http,
               std::function<void(const std::set<std::string>& names)> changed);
    ~SecretFeed();
    SecretFeed(const SecretFeed&) = delete;
    SecretFeed& operator=(const SecretFeed&) = delete;

    // Whatever the deployment's sandboxes need from now on.
    void keep(const Deployment& deployment);
    // For SecretCache::take_from(). Null before keep() and for what is not needed.
    secrets::SharedValue value(const secrets::SecretSource& source, const secrets::Identity& identity) const {
        return refresher_.value(source, identity);
    }
    // Of all sandboxes; how many values that concerns.
    std::size_t refresh(std::string_view name) { return refresher_.refresh(name); }
    // Every value that is needed has been asked for, and `changed` has heard of the answers.
    bool is_quiet() const { return refresher_.has_settled() && !tell_.running(); }
    std::vector<secrets::Refresher::Status> status() const { return refresher_.status(); }

    // Files that providers read, and a look at whether they have changed: what is kept in them is then fetched again.
    std::vector<std::string> files() const;
    void look_for_changes();

    // Nothing is fetched any more. What is being fetched fails; that may take a second.
    void stop();

private:
    void note_change(const std::string& name);
    void start_task(std::function<void()> task);

    net::Loop& control_;
    const std::function<void(const std::set<std::string>&)> changed_;
    SystemRandom random_;
    HttpClient http_;
    LauncherCommands commands_;
    net::Timer wake_;
    net::Timer tell_;
    std::set<std::string> changes_;
    std::map<std::string, std::map<std::string, std::string>> files_;  // by secret: path → state
    secrets::Refresher refresher_;
    bool is_stopped_ = false;
    secrets::FetchThreads threads_;  // gone first: its tasks use what is above
};

}  // namespace sallyport::cli
