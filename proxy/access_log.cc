#include "proxy/access_log.h"

#include <sys/random.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>

#include "base/json.h"
#include "base/log.h"
#include "proxy/limits.h"

namespace sallyport::proxy {
namespace {

constexpr std::size_t kFlushBytes = 32 * 1024;
constexpr milliseconds kFlushDelay{20};

std::uint64_t random_seed() {
    std::uint64_t seed = 0;
    (void)!getrandom(&seed, sizeof seed, 0);
    return seed;
}

// The finaliser of SplitMix64: a bijection, so ids stay unique.
std::uint64_t scramble(std::uint64_t value) {
    static const std::uint64_t seed = random_seed();
    value += seed;
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ull;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebull;
    return value ^ (value >> 31);
}

// "2026-01-31T23:59:59.123Z", with its quotes. The text of a second is kept for the lines that share it.
std::string_view quoted_time(std::chrono::system_clock::time_point now) {
    thread_local std::time_t cached_second = -1;
    thread_local char text[] = "\"2000-01-01T00:00:00.000Z\"";
    constexpr std::size_t kMillisAt = 21;
    const auto since = now.time_since_epoch();
    const std::time_t second = std::chrono::duration_cast<std::chrono::seconds>(since).count();
    if (second != cached_second) {
        std::tm utc{};
        gmtime_r(&second, &utc);
        std::strftime(text, sizeof text, "\"%Y-%m-%dT%H:%M:%S", &utc);
        text[kMillisAt - 1] = '.';
        cached_second = second;
    }
    const auto millis = static_cast<unsigned>(std::chrono::duration_cast<milliseconds>(since).count() % 1000);
    text[kMillisAt] = static_cast<char>('0' + millis / 100);
    text[kMillisAt + 1] = static_cast<char>('0' + millis / 10 % 10);
    text[kMillisAt + 2] = static_cast<char>('0' + millis % 10);
    return {text, sizeof text - 1};
}

void add_error(JsonLine& line, const Error* error) {
    if (error == nullptr) return;
    line.field("error", tag(error->code)).field("blame", to_string(blame(error->code)));
    if (!error->detail.empty()) line.field("detail", error->detail);
}

void add_timings(JsonLine& line, const AccessRecord& record) {
    line.field("head_us", record.head_us);
    if (record.dns_us > 0) line.field("dns_us", record.dns_us);
    if (record.connect_us > 0) line.field("connect_us", record.connect_us);
    if (record.tls_us > 0) line.field("tls_us", record.tls_us);
    line.field("first_byte_us", record.first_byte_us).field("total_us", record.total_us);
}

}  // namespace

std::string to_string(RequestId id) {
    constexpr char kHex[] = "0123456789abcdef";
    std::string text(16, '0');
    std::uint64_t value = scramble(id.value);
    for (std::size_t i = text.size(); i-- > 0; value >>= 4) text[i] = kHex[value & 15];
    return text;
}

void append_access_line(std::string& out, const AccessRecord& record, std::chrono::system_clock::time_point now) {
    JsonLine line(out);
    line.raw("time", quoted_time(now))
        .field("request_id", to_string(record.request_id))
        .field("sandbox", record.sandbox)
        .field("policy", record.policy)
        .field("generation", record.generation.value)
        .field("method", record.method)
        .field("scheme", record.scheme)
        .field("host", record.host)
        .field("port", std::uint64_t{record.port})
        .field("target", record.target.substr(0, kLoggedPathBytesMax))
        .field("verdict", record.allowed ? "allow" : "deny")
        .field("rule", record.rule);
    if (!record.credential.empty()) line.field("credential", record.credential);
    if (!record.handler.empty()) line.field("handler", record.handler);
    if (record.call != RequestId{}) line.field("call", to_string(record.call));
    line.field("status", static_cast<std::uint64_t>(record.status));
    add_error(line, record.error);
    line.field("request_bytes", record.request_body_bytes).field("response_bytes", record.response_body_bytes);
    if (record.scrubbed > 0) line.field("scrubbed", record.scrubbed);
    if (record.secret_parts > 0) line.field("secret_parts", record.secret_parts);
    if (!record.upstream.empty()) line.field("upstream", record.upstream).field("reused", record.upstream_reused);
    add_timings(line, record);
    line.close();
    out += '\n';
}

void AccessLogFile::write(std::string_view lines) {
    const std::lock_guard lock(mutex_);
    if (!fd_) return;
    while (!lines.empty()) {
        const ssize_t written = ::write(fd_.get(), lines.data(), lines.size());
        if (written < 0 && errno == EINTR) continue;
        const bool failed = written <= 0;
        if (failed && !failing_) log(LogLevel::error, std::string("the access log cannot be written: ") + std::strerror(errno));
        failing_ = failed;
        if (failed) return;
        lines.remove_prefix(static_cast<std::size_t>(written));
    }
}

void AccessLogFile::reopen(UniqueFd fd) {
    const std::lock_guard lock(mutex_);
    fd_ = std::move(fd);
    failing_ = false;
}

AccessLog::AccessLog(net::Loop& loop, AccessLogFile& file, AccessTap tap)
    : file_(file), tap_(std::move(tap)), timer_(loop, [this] { flush(); }) {}

AccessLog::~AccessLog() { flush(); }

void AccessLog::add(const AccessRecord& record) {
    counters_.count({record.allowed, record.error, record.total_us, record.scrubbed, record.secret_parts});
    append_access_line(lines_, record, std::chrono::system_clock::now());
    if (lines_.size() >= kFlushBytes) return flush();
    if (!timer_.running()) timer_.start(kFlushDelay);
}

void AccessLog::flush() {
    if (lines_.empty()) return;
    file_.write(lines_);
    const bool is_tapped = tap_.is_wanted != nullptr && tap_.is_wanted->load(std::memory_order_relaxed);
    if (is_tapped && tap_.on_lines) tap_.on_lines(lines_);
    lines_.clear();
}

}  // namespace sallyport::proxy
