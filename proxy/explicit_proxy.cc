#include "proxy/explicit_proxy.h"

#include "proxy/worker_context.h"

namespace sallyport::proxy {

ExplicitProxy::ExplicitProxy(ExplicitProxyOptions options, AccessLogFile& log_file)
    : access_log_(loop_, log_file, {std::move(options.on_access_lines), options.tapped}),
      read_block_(std::make_unique_for_overwrite<char[]>(kReadBytes)),
      context_{loop_, access_log_, options.deadlines, read_block_.get(), {}, first_request_id(options.index), {}} {
    context_.admit = [this](const SandboxId& sandbox, UniqueFd fd, ProxyOpening opening) {
        admits_.at(sandbox)(std::move(fd), std::move(opening));
    };
    for (UniqueFd& socket : options.listeners) doors_.push_back(std::make_unique<ProxyDoor>(context_, std::move(socket)));
}

ExplicitProxy::~ExplicitProxy() { stop(); }

void ExplicitProxy::start() {
    thread_ = std::thread([this] {
        loop_.run();
        // On the thread that they lived on.
        doors_.clear();
        access_log_.flush();
    });
}

void ExplicitProxy::set_credential(const SandboxId& sandbox, std::shared_ptr<const ProxyCredential> credential, Admit admit,
                                   std::function<void()> applied) {
    set(sandbox, std::move(credential), std::move(admit), std::move(applied));
}

void ExplicitProxy::remove_credential(const SandboxId& sandbox, std::function<void()> applied) {
    set(sandbox, nullptr, nullptr, std::move(applied));
}

void ExplicitProxy::set(const SandboxId& sandbox, std::shared_ptr<const ProxyCredential> credential, Admit admit,
                        std::function<void()> applied) {
    loop_.post([this, sandbox, credential = std::move(credential), admit = std::move(admit), applied = std::move(applied)] {
        context_.credentials.set(sandbox, credential);
        if (credential) admits_.insert_or_assign(sandbox, admit);
        else admits_.erase(sandbox);
        for (const auto& door : doors_) door->on_credential_changed(sandbox);
        // Behind the deletion of what was cut, which closes its sockets.
        if (applied) loop_.defer(applied);
    });
}

void ExplicitProxy::read_counters(std::function<void(Counters)> done) {
    loop_.post([this, done = std::move(done)] {
        Counters counters = access_log_.counters();
        for (const auto& door : doors_) counters.connections_open += door->greetings();
        done(counters);
    });
}

void ExplicitProxy::close() {
    loop_.post([this] {
        for (const auto& door : doors_) door->close();
    });
}

void ExplicitProxy::stop() {
    if (!thread_.joinable()) return;
    loop_.post([this] { loop_.stop(); });
    thread_.join();
}

}  // namespace sallyport::proxy
