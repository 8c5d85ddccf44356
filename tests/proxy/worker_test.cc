#include "proxy/worker.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <fstream>
#include <future>

#include "base/check.h"
#include "tests/proxy/audit_fixture.h"

namespace sallyport::proxy {
namespace {

TEST(Worker, RefusesACaFileThatIsNone) {
    AccessLogFile log{UniqueFd()};
    WorkerOptions options;
    options.upstream_ca_files = {"/nonexistent/ca.pem"};
    const auto worker = Worker::create(options, log);
    ASSERT_FALSE(worker);
    EXPECT_NE(worker.error().detail.find("/nonexistent/ca.pem"), std::string::npos);
}

TEST(Worker, StartsDrainsAndStops) {
    AccessLogFile log{UniqueFd()};
    auto worker = std::move(*Worker::create({}, log));
    worker->start();
    const auto file = rules::parse_policy_file("version: 1\npolicies: { p: { default: deny } }\n", "x.yaml");
    const auto snapshot = *rules::make_snapshot(*file.file, {"p", {}}, secrets::SecretSnapshot::load({}, {}), Generation{1});
    EgressParts parts;
    parts.id = SandboxId{"box"};
    parts.authority = std::move(*certs::CertificateAuthority::create("box", std::chrono::system_clock::now()));
    parts.snapshot = snapshot;
    worker->add(std::move(parts));
    worker->publish(SandboxId{"box"}, snapshot);
    worker->publish(SandboxId{"nobody"}, snapshot);
    std::promise<void> drained;
    worker->drain([&] { drained.set_value(); });
    drained.get_future().wait();
    worker->stop();
    worker->stop();
}

// A worker with one sandbox whose raw connections go to a listener on loopback.
class RunningWorker : public testing::Test {
protected:
    RunningWorker() {
        listener_ = UniqueFd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_storage address{};
        socklen_t size = net::to_sockaddr({*net::parse_address("127.0.0.1"), 0}, address);
        SALLYPORT_CHECK(bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), size) == 0);
        SALLYPORT_CHECK(listen(listener_.get(), 16) == 0);
        SALLYPORT_CHECK(getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
        port_ = net::from_sockaddr(address)->port;
        std::ofstream(directory_.log()) << "127.0.0.1 db.example\n";
        WorkerOptions options;
        options.resolver.hosts_path = directory_.log();
        options.on_access_lines = [this](std::string_view lines) { tapped_ += lines; };
        options.tapped = &is_tapped_;
        worker_ = std::move(*Worker::create(options, log_file_));
        worker_->start();
        add("tcp: '127.0.0.1:" + std::to_string(port_) + "'", Generation{1});
    }
    ~RunningWorker() override { worker_->stop(); }

    static std::shared_ptr<const rules::PolicySnapshot> compile(const std::string& rule, Generation generation) {
        const auto parsed = rules::parse_policy_file("version: 1\npolicies: { p: { rules: [ { " + rule + " } ] } }\n", "x.yaml");
        SALLYPORT_CHECK(parsed.file != nullptr);
        return *rules::make_snapshot(*parsed.file, {"p", {}, nullptr}, secrets::SecretSnapshot::load({}, {}), generation);
    }
    void add(const std::string& rule, Generation generation) {
        EgressParts parts;
        parts.id = SandboxId{"box"};
        parts.authority = std::move(*certs::CertificateAuthority::create("box", std::chrono::system_clock::now()));
        parts.snapshot = compile(rule, generation);
        worker_->add(std::move(parts));
    }
    // A tunnel through the gate, both ends ours.
    struct Ends {
        UniqueFd client;
        UniqueFd origin;
    };
    Ends open() {
        int pair[2];
        SALLYPORT_CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
        SALLYPORT_CHECK(fcntl(pair[1], F_SETFL, O_NONBLOCK) == 0);
        worker_->adopt(SandboxId{"box"}, UniqueFd(pair[1]), {*net::parse_address("127.0.0.1"), port_});
        return {UniqueFd(pair[0]), UniqueFd(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC))};
    }
    static bool is_over(const UniqueFd& fd) {
        char byte = 0;
        const ssize_t got = recv(fd.get(), &byte, 1, MSG_DONTWAIT);
        return got == 0 || (got < 0 && errno != EAGAIN);
    }
    template <class Value, class Call>
    Value ask(Call call) {
        std::promise<Value> answer;
        call([&](Value value) { answer.set_value(std::move(value)); });
        return answer.get_future().get();
    }
    std::vector<LiveConnection> connections() {
        return ask<std::vector<LiveConnection>>([&](auto done) { worker_->list_connections(done); });
    }
    Counters counters() {
        return ask<Counters>([&](auto done) { worker_->read_counters(done); });
    }

    AuditDirectory directory_;
    UniqueFd listener_;
    std::uint16_t port_ = 0;
    std::atomic<bool> is_tapped_{true};
    std::string tapped_;  // the worker's, until it has stopped
    AccessLogFile log_file_{UniqueFd()};
    std::unique_ptr<Worker> worker_;
};

// The acknowledgement comes behind the cut: when it is there, both sockets have been closed.
TEST_F(RunningWorker, P20_WhatANewSnapshotDeniesIsCutBeforeItIsAcknowledged) {
    const Ends ends = open();
    ASSERT_TRUE(ends.origin);
    ASSERT_EQ(connections().size(), 1u);
    bool was_cut = false;
    std::promise<void> applied;
    worker_->publish(SandboxId{"box"}, compile("host: elsewhere.example", Generation{2}), [&] {
        was_cut = is_over(ends.client) && is_over(ends.origin);
        applied.set_value();
    });
    applied.get_future().wait();
    EXPECT_TRUE(was_cut);
    EXPECT_TRUE(connections().empty());
    worker_->stop();
    EXPECT_NE(tapped_.find("by a newer policy"), std::string::npos) << tapped_;
}

TEST_F(RunningWorker, AnUpdateForASandboxThatIsNotThereIsAcknowledgedToo) {
    std::promise<void> applied;
    worker_->publish(SandboxId{"nobody"}, compile("host: x.example", Generation{2}), [&] { applied.set_value(); });
    applied.get_future().wait();
}

TEST_F(RunningWorker, OneConnectionCanBeCutByWhoMay) {
    const Ends first = open();
    const Ends second = open();
    auto list = connections();
    ASSERT_EQ(list.size(), 2u);
    EXPECT_NE(list[0].id, list[1].id);
    const auto close = [&](const std::string& id, bool may) {
        return ask<bool>([&](auto done) {
            worker_->close_connection(id, [may](std::string_view sandbox) { return may && sandbox == "box"; }, done);
        });
    };
    EXPECT_FALSE(close(list[0].id, false));
    EXPECT_FALSE(close("unknown", true));
    EXPECT_EQ(connections().size(), 2u);
    EXPECT_TRUE(close(list[0].id, true));
    EXPECT_FALSE(close(list[0].id, true));
    EXPECT_NE(is_over(first.client), is_over(second.client)) << "one of them";
    EXPECT_EQ(connections().size(), 1u);
}

TEST_F(RunningWorker, CountersSayWhatIsAndWhatWas) {
    {
        const Ends ends = open();
        const Counters now = counters();
        EXPECT_EQ(now.connections_accepted, 1u);
        EXPECT_EQ(now.connections_open, 1u);
        EXPECT_EQ(now.upstream_connections_open, 1u);
        EXPECT_EQ(now.upstream_connections_made, 1u);
        EXPECT_EQ(now.tunnels_opened, 1u);
    }
    for (int i = 0; i < 10'000 && counters().connections_open > 0; ++i) std::this_thread::yield();
    const Counters after = counters();
    EXPECT_EQ(after.connections_open, 0u);
    EXPECT_EQ(after.upstream_connections_open, 0u);
    EXPECT_EQ(after.requests_allowed + after.requests_failed, 1u);
}

// X3: what a sandbox had ends with it, and is not another one's of the same name.
TEST_F(RunningWorker, X3_ConnectionsEndWithTheirSandboxAndWhenItsNameIsGivenAnew) {
    const Ends first = open();
    std::promise<void> removed;
    worker_->remove(SandboxId{"box"}, [&] { removed.set_value(); });
    removed.get_future().wait();
    EXPECT_TRUE(is_over(first.client));
    EXPECT_TRUE(is_over(first.origin));
    EXPECT_TRUE(connections().empty());

    add("tcp: '127.0.0.1:" + std::to_string(port_) + "'", Generation{2});
    const Ends second = open();
    EXPECT_EQ(connections().size(), 1u);
    add("tcp: '127.0.0.1:" + std::to_string(port_) + "'", Generation{3});
    EXPECT_TRUE(connections().empty());
    EXPECT_TRUE(is_over(second.client));
    EXPECT_TRUE(is_over(second.origin));
    worker_->stop();
    EXPECT_NE(tapped_.find("closed_by_operator"), std::string::npos);
}

TEST_F(RunningWorker, ATunnelThatOutlastsTheDrainIsResetWhenTheWorkerStops) {
    const Ends ends = open();
    worker_->drain([] {});
    EXPECT_EQ(connections().size(), 1u);
    worker_->stop();
    EXPECT_TRUE(is_over(ends.client));
    EXPECT_TRUE(is_over(ends.origin));
    EXPECT_NE(tapped_.find("draining"), std::string::npos);
}

}  // namespace
}  // namespace sallyport::proxy
