// Namespaces with an uplink, as a container engine makes them, for the tests that close one.
#pragma once

#include <net/if.h>

#include <cstdlib>
#include <string>

#include "sandbox/in_namespace.h"
#include "tests/sandbox/box.h"

namespace sallyport::sandbox {

inline void shell(const std::string& script) { EXPECT_EQ(std::system(("set -e\n" + script).c_str()), 0) << script; }

// inside (10.77.0.1) <-> router = the namespace to close (10.77.0.2, 10.78.0.1) <-> peer (10.78.0.2), and fd77::, fd78::
// alike. The router forwards between the two.
class Network {
public:
    Network() {
        shell("ip netns add " + peer() + "; ip netns add " + router() + "; ip netns add " + inside());
        link(inside(), "1", router(), "2", "77");
        link(router(), "1", peer(), "2", "78");
        shell("ip -n " + inside() + " route add default via 10.77.0.2; ip -n " + inside() +
              " -6 route add default via fd77::2; ip -n " + peer() + " route add default via 10.78.0.1; ip -n " + peer() +
              " -6 route add default via fd78::1; ip netns exec " + router() +
              " sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1; ip -n " + router() +
              " route add default via 10.78.0.2; ip -n " + router() + " -6 route add default via fd78::2");
    }
    ~Network() { shell("ip netns del " + inside() + "; ip netns del " + router() + "; ip netns del " + peer()); }

    std::string inside() const { return name_ + "-in"; }
    std::string router() const { return name_ + "-rt"; }
    std::string peer() const { return name_ + "-pr"; }
    static std::string path(const std::string& name) { return "/run/netns/" + name; }

    // Runs on a thread in the namespace.
    static void in(const std::string& name, const std::function<void()>& body) {
        const UniqueFd netns(::open(path(name).c_str(), O_RDONLY | O_CLOEXEC));
        ASSERT_OK(run_in_namespace(netns.get(), [&body]() -> Result<void> {
            body();
            return {};
        }));
    }

private:
    static void link(const std::string& left, const std::string& l, const std::string& right, const std::string& r,
                     const std::string& net) {
        shell("ip link add up" + net + " netns " + left + " type veth peer name up" + net + " netns " + right);
        for (const auto& [name, host] : {std::pair(left, l), std::pair(right, r)}) {
            shell("ip -n " + name + " link set lo up; ip -n " + name + " link set up" + net + " up; ip -n " + name +
                  " addr add 10." + net + ".0." + host + "/24 dev up" + net + "; ip -n " + name + " -6 addr add fd" + net +
                  "::" + host + "/64 dev up" + net + " nodad");
        }
    }

    std::string name_ = "sp" + std::to_string(::getpid());
};

// A listening TCP socket or a UDP socket on all of the namespace's addresses.
inline UniqueFd open_service(const std::string& netns, int type) {
    UniqueFd fd;
    Network::in(netns, [&] {
        fd.reset(::socket(AF_INET6, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        const Endpoint any = endpoint("::", 0);
        EXPECT_EQ(::bind(fd.get(), &any.any, size_of(any)), 0);
        EXPECT_TRUE(type != SOCK_STREAM || ::listen(fd.get(), 16) == 0);
    });
    return fd;
}

// Connects from the namespace; 0 or the error number. UDP: sends, and waits for what the kernel says to it.
inline int connect_error(const std::string& netns, int type, const std::string& address, std::uint16_t port) {
    int error = -1;
    Network::in(netns, [&] {
        const Endpoint to = endpoint(address, port);
        const UniqueFd fd(::socket(to.any.sa_family, type | SOCK_CLOEXEC, 0));
        const timeval patience{0, 300'000};  // for what is dropped without a word
        ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
        error = ::connect(fd.get(), &to.any, size_of(to)) == 0 ? 0 : errno;
        if (error == 0 && type == SOCK_DGRAM && ::send(fd.get(), "x", 1, 0) < 0) error = errno;
    });
    return error;
}

inline bool has_visitor(const UniqueFd& service) {
    pollfd item{service.get(), POLLIN, 0};
    return ::poll(&item, 1, 0) > 0;
}

}  // namespace sallyport::sandbox
