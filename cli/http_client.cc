#include "cli/http_client.h"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <functional>
#include <memory>
#include <utility>

#include "base/check.h"
#include "certs/tls_context.h"
#include "cli/config.h"
#include "http/authority.h"
#include "net/dialer.h"
#include "net/loop.h"

namespace sallyport::cli {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kHeaderBytesMax = 64 * 1024;
constexpr std::size_t kCaBytesMax = 4 * 1024 * 1024;
constexpr milliseconds kConnectTimeout{10'000};
constexpr milliseconds kStopCheck{100};

// What answers there is no store: a machine's metadata service gives its role's credentials to whoever asks.
constexpr std::array<std::string_view, 12> kNeverNetworks{
    "0.0.0.0/8",      "169.254.0.0/16",  "168.63.129.16/32", "100.100.100.200/32", "192.0.0.192/32", "224.0.0.0/4",
    "240.0.0.0/4",    "::/128",          "fe80::/10",        "fd00:ec2::254/128",  "fd20:ce::254/128", "ff00::/8",
};

tl::unexpected<Error> unavailable(std::string detail) {
    return failure(ErrorCode::secret_unavailable, std::move(detail));
}

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
    return out;
}

bool is_visible(char c) { return c > ' ' && c <= '~'; }

// "." and "..", however they are written: what the store would make of them is not what the file says.
bool is_dot_segment(std::string_view segment) {
    std::string plain;
    for (std::size_t i = 0; i < segment.size(); ++i) {
        const bool is_dot = lower(segment.substr(i, 3)) == "%2e";
        plain += is_dot ? '.' : segment[i];
        if (is_dot) i += 2;
    }
    return plain == "." || plain == "..";
}

bool has_dot_segment(std::string_view path) {
    for (std::size_t start = 0; start <= path.size();) {
        const auto end = std::min(path.find('/', start), path.size());
        if (is_dot_segment(path.substr(start, end - start))) return true;
        start = end + 1;
    }
    return false;
}

bool is_token_char(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c != '\0' && std::strchr("!#$%&'*+-.^_`|~", c));
}
bool is_token(std::string_view text) { return !text.empty() && std::all_of(text.begin(), text.end(), is_token_char); }

bool ends_line(char c) { return c == '\r' || c == '\n' || c == '\0'; }

Result<void> check_message(const secrets::HttpRequest& request) {
    if (!is_token(request.method)) return unavailable("not a method");
    for (const auto& [name, value] : request.fields) {
        // What a template put in must not become a field of its own.
        if (!is_token(name) || std::any_of(value.begin(), value.end(), ends_line)) {
            return unavailable("a header of the request would hold a line end");
        }
    }
    return {};
}

// A string that leaves nothing behind where it grows.
void append_wiped(std::string& to, std::string_view bytes) {
    if (to.capacity() - to.size() < bytes.size()) {
        std::string larger;
        larger.reserve(std::max(to.size() + bytes.size(), to.capacity() * 2));
        larger = to;
        wipe_bytes(to.data(), to.size());
        to.swap(larger);
    }
    to.append(bytes);
}

// libcurl's lists are copies: wiped when gone.
class FieldList {
public:
    ~FieldList() {
        for (curl_slist* each = list_; each != nullptr; each = each->next) wipe_bytes(each->data, std::strlen(each->data));
        curl_slist_free_all(list_);
    }
    void add(std::string line) {
        list_ = curl_slist_append(list_, line.c_str());
        wipe_bytes(line.data(), line.size());
        SALLYPORT_CHECK(list_ != nullptr);
    }
    curl_slist* get() const { return list_; }

private:
    curl_slist* list_ = nullptr;
};

// One request and what comes back, from libcurl's point of view.
class Exchange {
public:
    Exchange(const secrets::HttpRequest& request, const StoreUrl& url, const std::vector<net::Address>& addresses,
             const std::atomic<bool>& is_stopping)
        : request_(request), url_(url), addresses_(addresses), is_stopping_(is_stopping), curl_(curl_easy_init()) {
        SALLYPORT_CHECK(curl_ != nullptr);
    }
    ~Exchange() { curl_easy_cleanup(curl_); }
    Exchange(const Exchange&) = delete;
    Exchange& operator=(const Exchange&) = delete;

    Result<secrets::HttpReply> run(const std::string& ca_pem, milliseconds timeout) {
        set_isolation();
        set_destination();
        set_tls(ca_pem);
        set_message();
        set_bounds(timeout);
        const CURLcode code = curl_easy_perform(curl_);
        if (code != CURLE_OK) return unavailable(describe(code));
        long status = 0;
        curl_easy_getinfo(curl_, CURLINFO_RESPONSE_CODE, &status);
        reply_.status = static_cast<int>(status);
        return std::move(reply_);
    }

private:
    template <class Value>
    void set(CURLoption option, Value value) {
        SALLYPORT_CHECK(curl_easy_setopt(curl_, option, value) == CURLE_OK);
    }

    // Nothing of the environment, of files in the home folder, of an answer's wishes.
    void set_isolation() {
        set(CURLOPT_PROXY, "");
        set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
        set(CURLOPT_FOLLOWLOCATION, 0L);
        set(CURLOPT_PROTOCOLS_STR, url_.is_cleartext ? "http" : "https");
        set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
        set(CURLOPT_NOSIGNAL, 1L);
        set(CURLOPT_ERRORBUFFER, error_.data());
    }

    void set_destination() {
        set(CURLOPT_URL, (url_.origin + url_.target).c_str());
        set(CURLOPT_PATH_AS_IS, 1L);
        std::string entry = url_.host + ":" + std::to_string(url_.port) + ":";
        for (const net::Address& address : net::interleave_families(addresses_)) {
            if (entry.back() != ':' ) entry += ',';
            const std::string text = net::to_string(address);
            entry += address.is_v4 ? text : "[" + text + "]";
        }
        if (!url_.is_address) resolved_.add(std::move(entry));
        set(CURLOPT_RESOLVE, resolved_.get());
        set(CURLOPT_OPENSOCKETFUNCTION, &Exchange::open_socket);
        set(CURLOPT_OPENSOCKETDATA, this);
    }

    void set_tls(const std::string& ca_pem) {
        set(CURLOPT_SSL_VERIFYPEER, 1L);
        set(CURLOPT_SSL_VERIFYHOST, 2L);
        set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
        const curl_blob blob{const_cast<char*>(ca_pem.data()), ca_pem.size(), CURL_BLOB_NOCOPY};
        set(CURLOPT_CAINFO_BLOB, &blob);
        set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));
        if (request_.client_certificate_file.empty()) return;
        set(CURLOPT_SSLCERT, request_.client_certificate_file.c_str());
        set(CURLOPT_SSLKEY, request_.client_key_file.c_str());
    }

    void set_message() {
        set(CURLOPT_CUSTOMREQUEST, request_.method.c_str());
        if (request_.method == "HEAD") set(CURLOPT_NOBODY, 1L);
        const bool has_body = !request_.body.empty() || request_.method == "POST" || request_.method == "PUT";
        if (has_body) {
            set(CURLOPT_POSTFIELDS, request_.body.data());
            set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
        }
        // What libcurl would add on its own.
        bool has_type = false;
        for (const auto& [name, value] : request_.fields) {
            has_type |= lower(name) == "content-type";
            fields_.add(value.empty() ? name + ";" : name + ": " + value);
        }
        if (has_body && !has_type) fields_.add("Content-Type:");
        fields_.add("Expect:");
        set(CURLOPT_HTTPHEADER, fields_.get());
        set(CURLOPT_HEADERFUNCTION, &Exchange::take_header);
        set(CURLOPT_HEADERDATA, this);
        set(CURLOPT_WRITEFUNCTION, &Exchange::take_body);
        set(CURLOPT_WRITEDATA, this);
    }

    void set_bounds(milliseconds timeout) {
        set(CURLOPT_TIMEOUT_MS, static_cast<long>(std::max(timeout, milliseconds{1}).count()));
        set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(kConnectTimeout.count()));
        set(CURLOPT_NOPROGRESS, 0L);
        set(CURLOPT_XFERINFOFUNCTION, &Exchange::on_progress);
        set(CURLOPT_XFERINFODATA, this);
    }

    std::string describe(CURLcode code) const {
        if (!refusal_.empty()) return url_.origin + ": " + refusal_;
        const std::string why = error_[0] != '\0' ? error_.data() : curl_easy_strerror(code);
        return url_.origin + ": " + (is_stopping_ ? "the daemon ends" : why);
    }

    static Exchange& self(void* data) { return *static_cast<Exchange*>(data); }

    // Whatever libcurl has made of names: only what was checked is connected to.
    static curl_socket_t open_socket(void* data, curlsocktype, curl_sockaddr* to) noexcept {
        sockaddr_storage storage{};
        std::memcpy(&storage, &to->addr, std::min<std::size_t>(to->addrlen, sizeof storage));
        const auto endpoint = net::from_sockaddr(storage);
        const auto& checked = self(data).addresses_;
        if (!endpoint || std::find(checked.begin(), checked.end(), endpoint->address) == checked.end()) {
            self(data).refusal_ = "the address is not one that was looked up";
            return CURL_SOCKET_BAD;
        }
        return ::socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
    }

    static std::size_t take_header(char* bytes, std::size_t, std::size_t size, void* data) noexcept {
        return self(data).take_header_line({bytes, size}) ? size : 0;
    }
    static std::size_t take_body(char* bytes, std::size_t, std::size_t size, void* data) noexcept {
        return self(data).take_body_bytes({bytes, size}) ? size : 0;
    }
    static int on_progress(void* data, curl_off_t, curl_off_t, curl_off_t, curl_off_t) noexcept {
        return self(data).is_stopping_ ? 1 : 0;
    }

    bool take_header_line(std::string_view line) {
        header_bytes_ += line.size();
        if (header_bytes_ > kHeaderBytesMax) {
            refusal_ = "the answer's header is too large";
            return false;
        }
        // After an interim answer there comes another one.
        if (line.starts_with("HTTP/")) reply_.fields.clear();
        const auto colon = line.find(':');
        if (line.starts_with("HTTP/") || colon == line.npos) return true;
        std::string_view value = line.substr(colon + 1);
        while (!value.empty() && std::strchr(" \t", value.front()) != nullptr) value.remove_prefix(1);
        while (!value.empty() && std::strchr(" \t\r\n", value.back()) != nullptr) value.remove_suffix(1);
        reply_.fields.emplace_back(lower(line.substr(0, colon)), value);
        return true;
    }

    bool take_body_bytes(std::string_view bytes) {
        if (reply_.body.size() + bytes.size() > secrets::kReplyBytesMax) {
            refusal_ = "the answer is over 1 MiB";
            return false;
        }
        append_wiped(reply_.body, bytes);
        return true;
    }

    const secrets::HttpRequest& request_;
    const StoreUrl& url_;
    const std::vector<net::Address>& addresses_;
    const std::atomic<bool>& is_stopping_;
    CURL* curl_;
    FieldList fields_;
    FieldList resolved_;
    secrets::HttpReply reply_;
    std::size_t header_bytes_ = 0;
    std::string refusal_;
    std::array<char, CURL_ERROR_SIZE> error_{};
};

Result<std::string> trusted_pem(const std::string& ca_file, const std::vector<std::string>& upstream_ca_files) {
    if (!ca_file.empty()) return read_text_file(ca_file, kCaBytesMax);
    std::string more;
    for (const std::string& path : upstream_ca_files) {
        auto text = read_text_file(path, kCaBytesMax);
        if (!text) return text;
        more += *text + "\n";
    }
    return certs::trust_bundle(more);
}

Result<void> check_addresses(const StoreUrl& url, const std::vector<net::Address>& addresses, bool allow_private) {
    // Written into the file by the operator: that is what was meant.
    if (url.is_address && allow_private) return {};
    for (const net::Address& address : addresses) {
        if (auto checked = check_store_address(address, allow_private); !checked) {
            return unavailable(url.origin + ": " + checked.error().detail);
        }
    }
    return {};
}

}  // namespace

Result<void> check_store_address(const net::Address& address, bool allow_private) {
    const net::Address folded = net::fold(address);
    const std::string text = net::to_string(address);
    for (const std::string_view network : kNeverNetworks) {
        for (const net::Address& each : {address, folded}) {
            if (net::contains(*net::parse_network(network), each)) return unavailable(text + " is no address of a store");
        }
    }
    if (allow_private) return {};
    const auto own = net::own_addresses();
    if (!net::is_private(address) && std::find(own.begin(), own.end(), folded) == own.end()) return {};
    return unavailable(text + " is a private address");
}

Result<StoreUrl> parse_store_url(std::string_view url) {
    StoreUrl parsed;
    const bool is_visible_all = std::all_of(url.begin(), url.end(), is_visible);
    parsed.is_cleartext = url.starts_with("http://");
    if (!is_visible_all || (!parsed.is_cleartext && !url.starts_with("https://"))) return unavailable("not an URL of a store");
    const auto start = url.find("//") + 2;
    const auto end = std::min(url.find_first_of("/?#", start), url.size());
    const auto scheme = parsed.is_cleartext ? http::Scheme::http : http::Scheme::https;
    const auto authority = http::parse_authority(url.substr(start, end - start), scheme);
    const std::string_view rest = url.substr(end);
    if (!authority || rest.find_first_of("#\\") != rest.npos) return unavailable("not an URL of a store");
    if (has_dot_segment(rest.substr(0, rest.find('?')))) return unavailable("the path of the URL has \".\" or \"..\" in it");
    parsed.origin = std::string(url.substr(0, start)) + http::to_string(*authority, scheme);
    parsed.host = authority->host;
    parsed.port = authority->port;
    parsed.is_address = authority->is_address;
    parsed.target = (rest.starts_with('/') ? "" : "/") + std::string(rest);
    return parsed;
}

HttpClient::HttpClient(HttpClientOptions options) : options_(std::move(options)) {
    // Not safe beside other threads in every build of it.
    SALLYPORT_CHECK(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
}

HttpClient::~HttpClient() { curl_global_cleanup(); }

Result<std::vector<net::Address>> HttpClient::look_up(const std::string& host, milliseconds timeout) const {
    net::Loop loop;
    net::ResolverOptions options = options_.resolver;
    options.timeout = std::min(options.timeout, timeout);
    net::Resolver resolver(loop, options);
    net::Resolver::Answer answer = failure(ErrorCode::dns_failed, "the daemon ends");
    net::Timer* next_look = nullptr;
    net::Timer look(loop, [&] { is_stopping_ ? loop.stop() : next_look->start(kStopCheck); });
    next_look = &look;
    look.start(kStopCheck);
    const auto query = resolver.resolve(host, [&](net::Resolver::Answer found) {
        answer = std::move(found);
        loop.stop();
    });
    // Null: it has been answered already.
    if (query) loop.run();
    if (!answer) return unavailable(host + ": " + answer.error().detail);
    return answer;
}

Result<secrets::HttpReply> HttpClient::send(const secrets::HttpRequest& request) {
    const auto begun = net::Clock::now();
    if (is_stopping_) return unavailable("the daemon ends");
    const auto url = parse_store_url(request.url);
    if (!url) return failure(url.error());
    if (url->is_cleartext && !request.allow_cleartext) return unavailable(url->origin + ": not in the clear");
    if (auto checked = check_message(request); !checked) return failure(checked.error());
    const auto ca_pem = trusted_pem(request.ca_file, options_.upstream_ca_files);
    if (!ca_pem) return unavailable(ca_pem.error().detail);
    const auto addresses = look_up(url->host, request.timeout);
    if (!addresses) return failure(addresses.error());
    if (auto checked = check_addresses(*url, *addresses, request.allow_private); !checked) return failure(checked.error());
    const auto waited = std::chrono::duration_cast<milliseconds>(net::Clock::now() - begun);
    return Exchange(request, *url, *addresses, is_stopping_).run(*ca_pem, request.timeout - waited);
}

}  // namespace sallyport::cli
