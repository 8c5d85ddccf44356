// One place that a secret's value comes from and that takes time to ask: a command, a store in the network, a token endpoint.
// One class for each, in a file of its own. Configuration only, and immutable: what it has to remember from one fetch to
// the next (a login, a lease, a rotated refresh token) is in ProviderState. Called on the refresher's threads.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "base/secret_string.h"
#include "secrets/http_client.h"
#include "secrets/secrets.h"
#include "secrets/template_text.h"

namespace sallyport::secrets {

using WallClock = std::chrono::system_clock;

// Runs an operator's command outside of this process (which may not execute anything), and answers its standard output.
class CommandRunner {
public:
    virtual ~CommandRunner() = default;
    // secret_unavailable where it cannot be started, exits with another status than 0, prints over 64 KiB or takes longer
    // than `timeout`. Blocking.
    virtual Result<SecretString> run(const std::vector<std::string>& argv, std::chrono::milliseconds timeout) = 0;
};

// What one provider remembers for one sandbox (or for all that share its value). Only ever used by one fetch at a time.
class ProviderState {
public:
    virtual ~ProviderState() = default;
};

struct FetchContext {
    const Identity& identity;
    const SecretSnapshot& inputs;  // holds what inputs() has named
    HttpClient& http;
    CommandRunner& commands;
    Random& random;
    WallClock::time_point now;
    std::unique_ptr<ProviderState>& state;  // null at first
};

struct Fetched {
    SecretString value;
    // Not to be used from then on. Nothing: it is fetched again after SecretSource::refresh.
    std::optional<WallClock::time_point> expires_at;
};

class SecretProvider {
public:
    virtual ~SecretProvider() = default;
    // "vault", "command", …: as in the file.
    virtual std::string_view type() const = 0;
    // For operators: "vault kv/data/agents/db#password". Holds no value.
    virtual std::string describe() const = 0;
    // Every template that it fills in: where the value lies, and what it takes to get there. Secrets that they refer to are
    // in FetchContext::inputs.
    virtual void visit_templates(const std::function<void(const TemplateText&)>& visit) const = 0;
    // Files that it reads in fetch(): absolute, without templates. A change of one is a reason to fetch again at once, and
    // nothing inside a sandbox may see them.
    virtual std::vector<std::string> files() const { return {}; }
    // What it gives to FetchContext::commands, which runs nothing that it was not told of when the daemon started.
    virtual std::vector<std::vector<std::string>> commands() const { return {}; }
    // One attempt. The detail of a failure never holds a value.
    // secret_unavailable: it could not be had now. The caller tries again, with back-off, and goes on using the last value
    // until that expires.
    // denied: whoever keeps it says that it is gone, or ours no longer (revoked). The last value must not be used from now on;
    // the caller tries again all the same.
    virtual Result<Fetched> fetch(FetchContext& context) const = 0;
};

}  // namespace sallyport::secrets
