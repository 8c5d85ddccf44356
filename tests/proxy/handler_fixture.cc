#include "tests/proxy/handler_fixture.h"

#include <openssl/evp.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstdlib>

#include "base/check.h"

namespace sallyport::proxy {

void FakeHandlerLink::connect(const SandboxId&, std::shared_ptr<const rules::PolicySnapshot>, net::Loop&,
                              std::function<void(Result<HandlerConnection>)> done) {
    if (holds_back) return waiting_.push_back(std::move(done));
    loop_.post([this, done = std::move(done)] { answer(done); });
}

void FakeHandlerLink::answer_waiting() {
    for (const Done& done : std::exchange(waiting_, {})) answer(done);
}

void FakeHandlerLink::answer(const Done& done) {
    if (refuses) return done(failure(*refuses));
    int pair[2];
    SALLYPORT_CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) == 0);
    connections.push_back(std::make_unique<TestClient>(loop_, UniqueFd(pair[0]), [this] { changed(); }));
    done(HandlerConnection{UniqueFd(pair[1]), incarnation, "/fetch.sock"});
}

void FakeHandlerLink::kill(const SandboxId&, HandlerIncarnation which) { killed.push_back(which); }

void HandlerTest::start_with_handlers(std::string policy_yaml, Deadlines deadlines) {
    setenv("GATE_TEST_ENV_SECRET", kEnvSecret, 1);
    rules::ScriptExports exports;
    exports.hosts = {"vcs.example"};
    exports.named = {"named"};
    exports.outbound = true;
    if (policy_yaml.find("script:") != std::string::npos) {
        script = *rules::Script::create("handlers/vcs.js", "export {}", exports);
    }
    start(std::move(policy_yaml), deadlines);
    context().handlers = &handlers;
    UniqueFd listener(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    sockaddr_un any{};
    any.sun_family = AF_UNIX;
    // The kernel chooses an abstract name.
    SALLYPORT_CHECK(bind(listener.get(), reinterpret_cast<sockaddr*>(&any), sizeof(sa_family_t)) == 0);
    SALLYPORT_CHECK(listen(listener.get(), 16) == 0);
    fetch_address_size_ = sizeof fetch_address_;
    SALLYPORT_CHECK(getsockname(listener.get(), reinterpret_cast<sockaddr*>(&fetch_address_), &fetch_address_size_) == 0);
    egress->serve_fetches(HandlerIncarnation{1}, std::move(listener));
}

HandlerTest::~HandlerTest() {
    for (const std::string& line : log_lines()) EXPECT_EQ(line.find(kEnvSecret), std::string::npos) << line;
    egress.reset();
    fetchers_.clear();
    handlers.connections.clear();
}

TestClient& HandlerTest::call(std::size_t connection) {
    run_until([&] {
        return handlers.connections.size() > connection &&
               handlers.connections[connection]->received.find("\r\n\r\n") != std::string::npos;
    });
    SALLYPORT_CHECK(handlers.connections.size() > connection);
    return *handlers.connections[connection];
}

std::string HandlerTest::field(const std::string& head, const std::string& name) {
    const std::size_t at = head.find("\r\n" + name + ": ");
    if (at == std::string::npos) return {};
    const std::size_t begin = at + name.size() + 4;
    return head.substr(begin, head.find("\r\n", begin) - begin);
}

std::string HandlerTest::decoded(const std::string& base64) {
    std::string out(base64.size(), '\0');
    const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                     reinterpret_cast<const unsigned char*>(base64.data()), static_cast<int>(base64.size()));
    out.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    while (!out.empty() && out.back() == '\0') out.pop_back();
    return out;
}

TestClient& HandlerTest::fetcher() {
    UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    SALLYPORT_CHECK(::connect(fd.get(), reinterpret_cast<sockaddr*>(&fetch_address_), fetch_address_size_) == 0);
    fetchers_.push_back(std::make_unique<TestClient>(loop, std::move(fd), [] {}));
    return *fetchers_.back();
}

}  // namespace sallyport::proxy
