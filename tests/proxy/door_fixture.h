// A door of the explicit proxy in front of one sandbox's egress ("box"), on the loop that the test drives.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "proxy/proxy_door.h"
#include "rules/base64.h"
#include "tests/proxy/gate_fixture.h"

namespace sallyport::proxy {

class DoorTest : public GateTest {
protected:
    ~DoorTest() override {
        door.reset();
        for (const std::string& line : log_lines()) {
            EXPECT_EQ(line.find(password), std::string::npos) << line;
            EXPECT_EQ(line.find(basic("box", password)), std::string::npos) << line;
        }
    }

    // What is let in is kept in `admitted`.
    void start_door(Deadlines deadlines = {}) {
        start("version: 1\npolicies: { p: { default: deny } }\n", deadlines);
        open_door(deadlines, [this](const SandboxId& id, UniqueFd fd, ProxyOpening opening) {
            admitted.push_back({id.value, std::move(fd), std::move(opening)});
        });
    }
    // What is let in is the egress's.
    void start_proxy(std::string policy, Deadlines deadlines = {}) {
        start(std::move(policy), deadlines);
        open_door(deadlines, [this](const SandboxId& id, UniqueFd fd, ProxyOpening opening) {
            EXPECT_EQ(id, egress->id());
            egress->adopt(std::move(fd), std::move(opening));
        });
        egress->set_proxy_credential(credential);
    }

    TestClient& dial() {
        return connect_to([&](UniqueFd fd) { door->adopt(std::move(fd)); });
    }
    TestClient& dial(std::string_view first) {
        TestClient& client = dial();
        client.send(first);
        return client;
    }

    static std::string basic(const std::string& user, const std::string& secret) {
        Buffer out;
        rules::append_base64(out, user + ":" + secret);
        return std::string(out.view());
    }
    // The field, with its line's end.
    std::string login(const std::string& user = "box") const { return login_with(user, password); }
    static std::string login_with(const std::string& user, const std::string& secret) {
        return "Proxy-Authorization: Basic " + basic(user, secret) + "\r\n";
    }
    static std::string text(std::initializer_list<int> bytes) {
        std::string made;
        for (const int byte : bytes) made += static_cast<char>(byte);
        return made;
    }
    static std::string sized(const std::string& value) { return static_cast<char>(value.size()) + value; }
    std::string socks_login(const std::string& user = "box") const { return socks_login_with(user, password); }
    static std::string socks_login_with(const std::string& user, const std::string& secret) {
        return text({5, 1, 2, 1}) + sized(user) + sized(secret);
    }
    static std::string socks_request(const std::string& name, int port, int command = 1) {
        return text({5, command, 0, 3}) + sized(name) + text({port >> 8, port & 255});
    }
    std::string only_line() {
        run_until_logged(1);
        return log_lines().at(0);
    }
    static bool has(const std::string& whole, const std::string& part) { return whole.find(part) != std::string::npos; }

    struct Admitted {
        std::string sandbox;
        UniqueFd fd;
        ProxyOpening opening;
    };
    std::vector<Admitted> admitted;
    std::string password;
    std::shared_ptr<const ProxyCredential> credential;
    std::optional<DoorContext> door_context;
    std::unique_ptr<ProxyDoor> door;

private:
    void open_door(Deadlines deadlines, std::function<void(const SandboxId&, UniqueFd, ProxyOpening)> admit) {
        SystemRandom random;
        auto made = ProxyCredential::make(random);
        password = made.password.reveal();
        credential = made.credential;
        door_context.emplace(DoorContext{loop, context().access_log, deadlines, context().read_block, {},
                                         first_request_id(9), std::move(admit)});
        door_context->credentials.set(SandboxId{"box"}, credential);
        door = std::make_unique<ProxyDoor>(*door_context, UniqueFd());
    }
};

}  // namespace sallyport::proxy
