#include "proxy/explicit_proxy.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <future>

#include "base/check.h"
#include "net/address.h"

namespace sallyport::proxy {
namespace {

class ExplicitProxyTest : public testing::Test {
protected:
    ExplicitProxyTest() : log_(UniqueFd(memfd_create("log", MFD_CLOEXEC))) {
        UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
        sockaddr_storage address{};
        const socklen_t size = net::to_sockaddr({*net::parse_address("127.0.0.1"), 0}, address);
        SALLYPORT_CHECK(bind(socket.get(), reinterpret_cast<sockaddr*>(&address), size) == 0);
        SALLYPORT_CHECK(listen(socket.get(), 8) == 0);
        size_ = sizeof address_;
        SALLYPORT_CHECK(getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address_), &size_) == 0);
        ExplicitProxyOptions options;
        options.listeners.push_back(std::move(socket));
        options.index = 3;
        proxy = std::make_unique<ExplicitProxy>(std::move(options), log_);
        proxy->start();
        made = std::make_unique<ProxyCredential::Made>(ProxyCredential::make(random_));
    }

    // Blocks: what it waits for happens on the proxy's thread.
    UniqueFd dial(const std::string& user, std::string_view password) {
        UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        SALLYPORT_CHECK(connect(fd.get(), reinterpret_cast<sockaddr*>(&address_), size_) == 0);
        std::string said("\5\1\2\1", 4);
        said += static_cast<char>(user.size()) + user + static_cast<char>(password.size()) + std::string(password);
        said += std::string("\5\1\0\3\11a.example\0\120", 16);
        SALLYPORT_CHECK(::send(fd.get(), said.data(), said.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(said.size()));
        return fd;
    }
    bool can_connect() {
        const UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        return connect(fd.get(), reinterpret_cast<sockaddr*>(&address_), size_) == 0;
    }
    static std::string all_of(const UniqueFd& fd) {
        std::string all;
        char block[256];
        for (ssize_t got; (got = recv(fd.get(), block, sizeof block, 0)) > 0;) all.append(block, static_cast<std::size_t>(got));
        return all;
    }
    void set(ExplicitProxy::Admit admit) {
        std::promise<void> applied;
        proxy->set_credential(SandboxId{"box"}, made->credential, std::move(admit), [&] { applied.set_value(); });
        applied.get_future().wait();
    }
    Counters counters() {
        std::promise<Counters> read;
        proxy->read_counters([&](Counters counters) { read.set_value(counters); });
        return read.get_future().get();
    }

    SystemRandom random_;
    std::unique_ptr<ProxyCredential::Made> made;
    AccessLogFile log_;
    std::unique_ptr<ExplicitProxy> proxy;

private:
    sockaddr_storage address_{};
    socklen_t size_ = 0;
};

TEST_F(ExplicitProxyTest, HandsOverWhoShowsThePasswordAndNobodyAfterItIsGone) {
    std::promise<http::Authority> admitted;
    set([&](UniqueFd, ProxyOpening opening) { admitted.set_value(opening.authority); });
    const UniqueFd client = dial("box", made->password.reveal());
    EXPECT_EQ(admitted.get_future().get(), (http::Authority{"a.example", 80, false}));
    EXPECT_EQ(all_of(client), std::string("\5\2\1\0", 4));
    std::promise<void> applied;
    proxy->remove_credential(SandboxId{"box"}, [&] { applied.set_value(); });
    applied.get_future().wait();
    EXPECT_EQ(all_of(dial("box", made->password.reveal())), std::string("\5\2\1\1", 4));
    EXPECT_EQ(counters().errors[static_cast<std::size_t>(ErrorCode::proxy_authentication)], 1u);
}

TEST_F(ExplicitProxyTest, EachSandboxHasItsOwn) {
    std::promise<std::string> admitted;
    const auto other = ProxyCredential::make(random_);
    set([&](UniqueFd, ProxyOpening) { admitted.set_value("box"); });
    std::promise<void> applied;
    proxy->set_credential(SandboxId{"other"}, other.credential,
                          [&](UniqueFd, ProxyOpening) { admitted.set_value("other"); }, [&] { applied.set_value(); });
    applied.get_future().wait();
    EXPECT_EQ(all_of(dial("other", made->password.reveal())), std::string("\5\2\1\1", 4));
    EXPECT_EQ(all_of(dial("other", other.password.reveal())), std::string("\5\2\1\0", 4));
    EXPECT_EQ(admitted.get_future().get(), "other");
}

TEST_F(ExplicitProxyTest, OnceClosedItTakesNobody) {
    EXPECT_TRUE(can_connect());
    proxy->close();
    (void)counters();  // behind it
    EXPECT_FALSE(can_connect());
    proxy->stop();
    EXPECT_FALSE(can_connect());
}

}  // namespace
}  // namespace sallyport::proxy
