// A gate whose handler host is the test: calls arrive as bytes on a socket pair, and are answered, and fetched for, by hand.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "proxy/handler_link.h"
#include "tests/proxy/gate_fixture.h"

namespace sallyport::proxy {

inline constexpr const char* kEnvSecret = "marker-env-5fa0be";

class FakeHandlerLink final : public HandlerLink {
public:
    explicit FakeHandlerLink(net::Loop& loop) : loop_(loop) {}

    void connect(const SandboxId& sandbox, std::shared_ptr<const rules::PolicySnapshot> snapshot, net::Loop& loop,
                 std::function<void(Result<HandlerConnection>)> done) override;
    void kill(const SandboxId& sandbox, HandlerIncarnation incarnation) override;

    // Keeps those who ask waiting until answer_waiting().
    bool holds_back = false;
    void answer_waiting();
    // Instead of connections.
    std::optional<Error> refuses;

    std::vector<std::unique_ptr<TestClient>> connections;  // the host's ends
    std::vector<HandlerIncarnation> killed;
    HandlerIncarnation incarnation{1};
    std::function<void()> changed = [] {};

private:
    using Done = std::function<void(Result<HandlerConnection>)>;
    void answer(const Done& done);
    net::Loop& loop_;
    std::vector<Done> waiting_;
};

class HandlerTest : public GateTest {
protected:
    // With handlers: outboundByHost["vcs.example"], outboundHandlers.named, outbound.
    void start_with_handlers(std::string policy_yaml, Deadlines deadlines = {});
    ~HandlerTest() override;

    // On the scheme's own port, as handlers are.
    TestClient& connect_for(const std::string& name, std::uint16_t port = 80) { return connect(resolve(name), port); }
    static std::string get(const std::string& host, const std::string& path = "/", const std::string& fields = "") {
        return "GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\n" + fields + "\r\n";
    }
    // Waits for the head of the `count`th connection to the host.
    TestClient& call(std::size_t connection = 0);
    static std::string field(const std::string& head, const std::string& name);
    static std::string decoded(const std::string& base64);
    // A new connection to the fetch socket.
    TestClient& fetcher();
    std::string fetch(const std::string& token, const std::string& url, const std::string& fields = "",
                      const std::string& method = "GET") const {
        return with_port(method + " " + url + " HTTP/1.1\r\nHost: ignored\r\nX-Sallyport-Call: " + token + "\r\n" + fields + "\r\n");
    }

    FakeHandlerLink handlers{loop};

private:
    sockaddr_storage fetch_address_{};
    socklen_t fetch_address_size_ = 0;
    std::vector<std::unique_ptr<TestClient>> fetchers_;
};

}  // namespace sallyport::proxy
