#include "net/resolver.h"
#include <ares.h>
#include <netdb.h>
#include <cstring>
#include <fstream>
#include <map>
#include <sstream>
#include <unordered_map>
#include "base/check.h"
namespace sallyport::net {
class Resolver::Impl {
public:
    Impl(Loop& l, ResolverOptions o) : loop(l), options(std::move(o)), timer(l, [this] { ares_process_fd(ch, -1, -1); arm(); }) {
        ares_library_init(ARES_LIB_INIT_ALL);
        ares_options a{}; a.flags = ARES_FLAG_NOSEARCH; a.timeout = 1500; a.tries = 3; a.sock_state_cb = [](void* s, int fd, int r, int w) { static_cast<Impl*>(s)->state(fd, r, w); }; a.sock_state_cb_data = this; a.resolvconf_path = const_cast<char*>(options.resolv_conf_path.c_str());
        char lookups[] = "b"; a.lookups = lookups;
        SALLYPORT_CHECK(ares_init_options(&ch, &a, ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB | ARES_OPT_RESOLVCONF | ARES_OPT_LOOKUPS) == ARES_SUCCESS);
    }
    ~Impl() { ares_destroy(ch); }
    void state(int fd, int r, int w) { if (!r && !w) { loop.defer([p = std::shared_ptr<FdWatch>(std::move(watches[fd]))] {}); watches.erase(fd); return; } auto& x = watches[fd]; if (!x) x = std::make_unique<FdWatch>(loop, fd, [this, fd](int rd) { ares_process_fd(ch, rd & 1 ? fd : -1, rd & 2 ? fd : -1); arm(); }); x->want((r ? 1 : 0) | (w ? 2 : 0)); }
    void arm() { timeval tv{}; if (ares_timeout(ch, nullptr, &tv)) timer.start(std::chrono::milliseconds(tv.tv_sec * 1000 + tv.tv_usec / 1000 + 1)); else timer.stop(); }
    std::vector<Address> hosts(const std::string& n) { std::vector<Address> v; std::ifstream in(options.hosts_path); for (std::string line; std::getline(in, line);) { line = line.substr(0, line.find('#')); std::istringstream s(line); std::string a, h; s >> a; while (s >> h) if (h == n) if (auto p = parse_address(a)) v.push_back(*p); } return v; }
    Loop& loop; ResolverOptions options; ares_channel ch{}; std::map<int, std::unique_ptr<FdWatch>> watches; Timer timer;
};
Resolver::Resolver(Loop& l, ResolverOptions o) : impl_(std::make_unique<Impl>(l, std::move(o))) {}
Resolver::~Resolver() = default;
namespace { struct Q : Resolver::Query { std::shared_ptr<std::function<void(Resolver::Answer)>> cb; ~Q() override { *cb = nullptr; } }; }
std::unique_ptr<Resolver::Query> Resolver::resolve(const std::string& n, std::function<void(Answer)> done) {
    if (auto h = impl_->hosts(n); !h.empty()) { done(h); return nullptr; }
    auto q = std::make_unique<Q>(); q->cb = std::make_shared<std::function<void(Answer)>>(std::move(done));
    struct Arg { std::shared_ptr<std::function<void(Answer)>> cb; Loop* loop; }; auto* arg = new Arg{q->cb, &impl_->loop};
    ares_addrinfo_hints hints{}; hints.ai_family = AF_UNSPEC; hints.ai_flags = ARES_AI_NOSORT;
    ares_getaddrinfo(impl_->ch, n.c_str(), nullptr, &hints, [](void* p, int st, int, ares_addrinfo* r) {
        std::unique_ptr<Arg> a(static_cast<Arg*>(p)); std::vector<Address> v;
        if (st == ARES_SUCCESS) for (auto* x = r->nodes; x; x = x->ai_next) { sockaddr_storage s{}; memcpy(&s, x->ai_addr, x->ai_addrlen); v.push_back(from_sockaddr(s)->address); }
        if (r) ares_freeaddrinfo(r);
        a->loop->defer([cb = a->cb, v, st] { if (!*cb) return; auto f = std::move(*cb); if (v.empty()) f(failure(st == ARES_ENOTFOUND || st == ARES_ENODATA ? ErrorCode::dns_not_found : ErrorCode::dns_failed, ares_strerror(st))); else f(v); });
    }, arg);
    impl_->arm();
    return q;
}
}
