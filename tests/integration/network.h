// Two network namespaces joined by a cable: the "host", in which the test, the daemon and its sandboxes live, and the
// "internet", which has every address that a test needs, public and private. What arrives on the internet's end of the
// cable is counted by the kernel, whatever protocol it is.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "base/unique_fd.h"

namespace sallyport::integration {

// The inner end of a cable, called eth0, and the way out.
struct Cable {
    std::string address;
    std::string address_v6;
    std::string gateway;
    std::string gateway_v6;
};

class Network final {
public:
    // `addresses`: the internet's own. The caller is in the host's namespace.
    explicit Network(const std::vector<std::string>& addresses);

    int internet() const { return internet_.get(); }
    // "203.0.113.66 tcp 443", "203.0.113.66 icmp": all that has reached the internet so far, but name server traffic.
    std::set<std::string> reached() const;
    void forget() const;

    // A namespace as a container runtime leaves it for `--network none`: lo, down.
    static UniqueFd make_namespace();
    // By which other programs can enter it.
    static std::string path_of(int netns);
    // Lays a cable of its own between `netns` and the internet, with addresses and default routes of both families.
    Cable connect(int netns) const;
    // Gives eth0 in `netns` the cable's addresses and routes.
    static void configure(int netns, const Cable& cable);
    // Runs `argv` in `netns` (-1: here) and gives its standard output; `input` goes to its standard input.
    static std::string command(int netns, const std::vector<std::string>& argv, const std::string& input = {});

private:
    UniqueFd internet_;
};

// The host's addresses on the cable.
inline constexpr const char* kHostAddress = "192.0.2.2";
inline constexpr const char* kHostAddressV6 = "2001:db8:ffff::2";

}  // namespace sallyport::integration
