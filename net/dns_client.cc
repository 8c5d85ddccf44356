#include "net/dns_client.h"

#include <ares.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <optional>
#include <utility>

#include "base/check.h"

namespace sallyport::net {
namespace {

constexpr int kTries = 3;
constexpr int kFirstTryParts = 5;  // the first try gets a fifth of the time, the next twice that: c-ares doubles

// Process-wide, for good: workers come and go on their own threads.
bool is_library_ready() {
    static const int status = ares_library_init(ARES_LIB_INIT_ALL);
    return status == ARES_SUCCESS;
}

// Left of the loop's clock, rounded up: a timer that fires early would only be set again.
std::chrono::milliseconds to_milliseconds(const timeval& left) {
    return std::chrono::seconds(left.tv_sec) + std::chrono::milliseconds((left.tv_usec + 999) / 1000);
}

std::optional<Address> address_of(const ares_addrinfo_node& node) {
    sockaddr_storage storage{};
    if (node.ai_addr == nullptr || node.ai_addrlen > sizeof storage) return std::nullopt;
    std::memcpy(&storage, node.ai_addr, node.ai_addrlen);
    const auto endpoint = from_sockaddr(storage);
    return endpoint ? std::optional(endpoint->address) : std::nullopt;
}

DnsRecords to_records(const ares_addrinfo& answer) {
    DnsRecords records;
    int ttl = INT32_MAX;
    for (const auto* alias = answer.cnames; alias != nullptr; alias = alias->next) ttl = std::min(ttl, alias->ttl);
    for (const auto* node = answer.nodes; node != nullptr; node = node->ai_next) {
        const auto address = address_of(*node);
        if (!address) continue;
        ttl = std::min(ttl, node->ai_ttl);
        auto& all = records.addresses;
        if (std::find(all.begin(), all.end(), *address) == all.end()) all.push_back(*address);
    }
    records.ttl = std::chrono::seconds(std::max(0, ttl));
    return records;
}

bool says_there_is_none(int status) {
    return status == ARES_ENOTFOUND || status == ARES_ENODATA || status == ARES_ENONAME;
}

Result<DnsRecords> to_result(int status, const ares_addrinfo* answer) {
    if (status != ARES_SUCCESS) {
        return failure(says_there_is_none(status) ? ErrorCode::dns_not_found : ErrorCode::dns_failed,
                       ares_strerror(status));
    }
    DnsRecords records = to_records(*answer);
    if (records.addresses.empty()) return failure(ErrorCode::dns_not_found, "no address");
    return records;
}

}  // namespace

struct DnsClient::Question {
    DnsClient& client;
    Done done;

    static void on_answer(void* argument, int status, int, ares_addrinfo* answer) noexcept {
        const std::unique_ptr<Question> self(static_cast<Question*>(argument));
        const std::unique_ptr<ares_addrinfo, void (*)(ares_addrinfo*)> owned(answer, &ares_freeaddrinfo);
        if (!self->client.closing_) self->done(to_result(status, answer));
    }
};

DnsClient::DnsClient(Loop& loop, Options options)
    : loop_(loop), retry_(loop, [this] { process(ARES_SOCKET_BAD, ARES_SOCKET_BAD); }) {
    SALLYPORT_CHECK(is_library_ready());
    ares_options with{};
    char lookups[] = "b";  // DNS alone: the hosts file is the resolver's
    // Names are absolute. NOSEARCH does not cover ares_getaddrinfo() in c-ares 1.18: an empty list of domains does.
    with.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES;
    with.ndots = 0;
    with.ndomains = 0;
    with.lookups = lookups;
    with.timeout = std::max(1, static_cast<int>(options.timeout.count() / kFirstTryParts));
    with.tries = kTries;
    with.resolvconf_path = options.resolv_conf_path.data();
    with.sock_state_cb = [](void* self, ares_socket_t fd, int readable, int writable) noexcept {
        const int interest = (readable != 0 ? FdWatch::kRead : 0) | (writable != 0 ? FdWatch::kWrite : 0);
        static_cast<DnsClient*>(self)->on_socket_state(fd, interest);
    };
    with.sock_state_cb_data = this;
    const int mask = ARES_OPT_FLAGS | ARES_OPT_NDOTS | ARES_OPT_DOMAINS | ARES_OPT_LOOKUPS | ARES_OPT_TIMEOUTMS |
                     ARES_OPT_TRIES | ARES_OPT_RESOLVCONF | ARES_OPT_SOCK_STATE_CB;
    int status = ares_init_options(&channel_, &with, mask);
    if (status == ARES_SUCCESS && !options.servers.empty()) {
        status = ares_set_servers_ports_csv(channel_, options.servers.c_str());
    }
    if (status != ARES_SUCCESS) failure_ = ares_strerror(status);
}

DnsClient::~DnsClient() {
    SALLYPORT_CHECK(!is_busy());
    closing_ = true;
    if (channel_ != nullptr) ares_destroy(channel_);
}

void DnsClient::look_up(const std::string& name, Done done) {
    if (!failure_.empty()) return done(failure(ErrorCode::dns_failed, failure_));
    ares_addrinfo_hints hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_flags = ARES_AI_NOSORT;
    auto question = std::make_unique<Question>(Question{*this, std::move(done)});
    ++busy_;
    ares_getaddrinfo(channel_, name.c_str(), nullptr, &hints, &Question::on_answer, question.release());
    --busy_;
    arm();
}

void DnsClient::on_socket_state(int fd, int interest) {
    if (interest == FdWatch::kNone) {
        watches_.erase(fd);
        return;
    }
    auto& watch = watches_[fd];
    if (!watch) {
        watch = std::make_unique<FdWatch>(loop_, fd, [this, fd](int ready) {
            process((ready & FdWatch::kRead) != 0 ? fd : ARES_SOCKET_BAD,
                    (ready & FdWatch::kWrite) != 0 ? fd : ARES_SOCKET_BAD);
        });
    }
    watch->want(interest);
}

void DnsClient::process(int readable_fd, int writable_fd) {
    ++busy_;
    ares_process_fd(channel_, readable_fd, writable_fd);
    --busy_;
    arm();
}

void DnsClient::arm() {
    timeval left{};
    if (ares_timeout(channel_, nullptr, &left) == nullptr) return retry_.stop();
    retry_.start(std::max(std::chrono::milliseconds(1), to_milliseconds(left)));
}

}  // namespace sallyport::net
