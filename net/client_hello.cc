#include "net/client_hello.h"
namespace sallyport::net {
namespace {
struct Reader {
    std::string_view b; bool bad = false;
    std::size_t num(int n) { if (b.size() < static_cast<std::size_t>(n)) { bad = true; return 0; } std::size_t v = 0; for (int i = 0; i < n; ++i) v = v << 8 | static_cast<unsigned char>(b[static_cast<std::size_t>(i)]); b.remove_prefix(static_cast<std::size_t>(n)); return v; }
    std::string_view bytes(std::size_t n) { if (b.size() < n) { bad = true; return {}; } auto r = b.substr(0, n); b.remove_prefix(n); return r; }
};
}
Result<HelloReading> read_client_hello(std::string_view bytes) {
    HelloReading out;
    if (bytes.empty()) return out;
    if (bytes[0] != 0x16) { out.state = HelloState::not_tls; return out; }
    std::string hs;
    while (!bytes.empty()) {
        if (bytes.size() < 5) return out;
        if (bytes[0] != 0x16) return failure(ErrorCode::tls_client_hello, "record type");
        const std::size_t n = static_cast<std::size_t>(static_cast<unsigned char>(bytes[3])) << 8 | static_cast<unsigned char>(bytes[4]);
        if (n == 0 || n > 16384) return failure(ErrorCode::tls_client_hello, "record size");
        if (bytes.size() < 5 + n) return out;
        hs += bytes.substr(5, n); bytes.remove_prefix(5 + n);
        if (hs.size() >= 4) { std::size_t l = 0; for (int i = 1; i < 4; ++i) l = l << 8 | static_cast<unsigned char>(hs[static_cast<std::size_t>(i)]); if (hs[0] != 1 || l > 16384) return failure(ErrorCode::tls_client_hello, "not a hello"); if (hs.size() >= 4 + l) { hs.resize(4 + l); break; } }
    }
    if (hs.size() < 4) return out;
    Reader r{std::string_view(hs).substr(1)};
    const auto len = r.num(3);
    if (r.b.size() < len) return out;
    r.bytes(2); r.bytes(32); r.bytes(r.num(1)); r.bytes(r.num(2)); r.bytes(r.num(1));
    if (!r.bad && !r.b.empty()) {
        Reader e{r.bytes(r.num(2))};
        while (!e.b.empty() && !e.bad) {
            const auto t = e.num(2); Reader x{e.bytes(e.num(2))};
            if (t == 0) { Reader l{x.bytes(x.num(2))}; l.num(1); out.hello.server_name = l.bytes(l.num(2)); if (l.bad || x.bad) r.bad = true; }
            if (t == 16) { Reader l{x.bytes(x.num(2))}; while (!l.b.empty() && !l.bad) out.hello.alpn.emplace_back(l.bytes(l.num(1))); }
            if (t == 0xfe0d) out.hello.has_ech = true;
        }
        if (e.bad) r.bad = true;
    }
    if (r.bad) return failure(ErrorCode::tls_client_hello, "lengths");
    out.state = HelloState::complete;
    return out;
}
}
