// One sandbox's egress on a loop that the test drives: clients are socket pairs, the origin is a listener on loopback with
// a port that the kernel chose, the access log is a file in memory. Cleartext, so that tests see every byte.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "certs/tls_context.h"
#include "net/listener.h"
#include "proxy/egress.h"
#include "rules/runtime_rules.h"
#include "rules/script.h"

namespace sallyport::proxy {

inline constexpr const char* kMarkerSecret = "marker-secret-8d1f2c";

class TestClient {
public:
    TestClient(net::Loop& loop, UniqueFd fd, std::function<void()> changed);
    void send(std::string_view bytes);
    void half_close();
    void stop_reading() { watch_.want(net::FdWatch::kNone); }
    void start_reading() { watch_.want(net::FdWatch::kRead); }
    void vanish();
    // Over TCP: ends with a reset.
    void break_off();

    std::string received;
    bool closed = false;  // end of stream, or reset
    bool reset = false;   // over TCP only: a pair of unix sockets knows none

private:
    void write_some();
    void on_ready();
    UniqueFd fd_;
    std::function<void()> changed_;
    net::FdWatch watch_;
    std::string unsent_;
    std::size_t sent_ = 0;  // of unsent_
};

// Answers each complete request head with the next scripted response; records everything.
class TestOrigin {
public:
    TestOrigin(net::Loop& loop, std::function<void()> changed);
    std::uint16_t port() const { return port_; }

    struct Connection {
        std::unique_ptr<TestClient> peer;
        std::size_t answered = 0;  // bytes of requests that have had their answer
        bool close_after_answer = false;
    };
    // Responses in turn; "" answers nothing; a response that ends in "<close>" closes the connection after it.
    std::deque<std::string> responses;
    std::vector<std::unique_ptr<Connection>> connections;
    std::string received() const;

private:
    void on_data(Connection& connection);
    net::Loop& loop_;
    std::function<void()> changed_;
    std::uint16_t port_ = 0;
    std::unique_ptr<net::Listener> listener_;
};

class GateTest : public testing::Test {
protected:
    GateTest();
    ~GateTest() override;

    // Replaces @PORT@ by the origin's port.
    void start(std::string policy_yaml, Deadlines deadlines = {});
    std::string with_port(std::string text) const;
    TestClient& connect(const std::string& address, std::uint16_t port);
    // Whose other end somebody else takes.
    TestClient& connect_to(const std::function<void(UniqueFd)>& take);
    // To a real address that is nobody's, at the origin's port: the Host names the origin.
    TestClient& connect() { return connect("203.0.113.9", origin.port()); }
    // As connect(), over TCP: what ends can be told from what was cut.
    TestClient& connect_tcp(const std::string& address, std::uint16_t port);
    // The synthetic address of a name, asked for by DNS over TCP.
    std::string resolve(const std::string& name);
    // Drives the loop; fails the test when `done` is not true in time.
    void run_until(const std::function<bool()>& done);
    // A policy of the same secrets as the first one, for the running egress.
    std::shared_ptr<const rules::PolicySnapshot> compile(std::string policy_yaml, Generation generation) const;
    void publish(std::string policy_yaml, Generation generation) { egress->publish(compile(std::move(policy_yaml), generation)); }
    // What a policy that names a script has for one; null for none.
    std::shared_ptr<const rules::Script> script;
    // What the sandbox has been given at run time; null for nothing.
    std::shared_ptr<const rules::RuntimeRules> runtime;
    // Valid after start().
    WorkerContext& context() { return *context_; }
    // Complete lines so far.
    std::vector<std::string> log_lines();
    void run_until_logged(std::size_t lines);

    net::Loop loop;
    TestOrigin origin;
    std::unique_ptr<Egress> egress;

private:
    void check();

    std::function<bool()> done_;
    UniqueFd log_reader_;
    UniqueFd hosts_;
    std::unique_ptr<AccessLogFile> log_file_;
    std::unique_ptr<AccessLog> access_log_;
    std::unique_ptr<net::Resolver> resolver_;
    certs::SslContextPtr server_tls_;
    certs::SslContextPtr client_tls_;
    std::unique_ptr<char[]> read_block_;
    std::unique_ptr<WorkerContext> context_;
    std::vector<std::unique_ptr<TestClient>> clients_;
};

}  // namespace sallyport::proxy
