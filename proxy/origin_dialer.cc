#include "proxy/origin_dialer.h"

#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace sallyport::proxy {
namespace {

bool is_granted(const net::Address& address, const std::vector<std::string>& networks) {
    return std::any_of(networks.begin(), networks.end(), [&](const std::string& text) {
        const auto network = net::parse_network(text);
        return network && net::contains(*network, address);
    });
}

}  // namespace

std::string peer_text(int fd) {
    sockaddr_storage storage{};
    socklen_t size = sizeof storage;
    if (getpeername(fd, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return {};
    const auto endpoint = net::from_sockaddr(storage);
    return endpoint ? net::to_string(*endpoint) : std::string();
}

OriginDialer::OriginDialer(WorkerContext& context, OwnAddresses& own_addresses, OriginAddress origin, Done done)
    : context_(context),
      own_addresses_(own_addresses),
      origin_(std::move(origin)),
      done_(std::move(done)),
      refuse_(context.loop, [this] { finish(failure(std::move(refusal_))); }),
      lap_start_(net::Clock::now()) {
    if (origin_.is_address) {
        const auto address = net::parse_address(origin_.host);
        SALLYPORT_CHECK(address.has_value());
        on_resolved(std::vector<net::Address>{*address});
        return;
    }
    query_ = context_.resolver.resolve(origin_.host,
                                       [this](net::Resolver::Answer answer) { on_resolved(std::move(answer)); });
}

OriginDialer::~OriginDialer() = default;

void OriginDialer::on_resolved(net::Resolver::Answer answer) {
    dns_us_ = lap_us();
    Result<void> checked;
    if (!answer) {
        checked = failure(answer.error());
    } else {
        checked = check_addresses(*answer);
    }
    if (!checked) {
        refusal_ = checked.error();
        return refuse_.start(milliseconds(0));
    }
    dialer_ = std::make_unique<net::Dialer>(context_.loop, std::move(*answer), origin_.port, context_.deadlines.connect,
                                            [this](Result<UniqueFd> fd) { finish(std::move(fd)); });
}

// Every answer is checked, and only checked addresses are dialled: a second look-up has no say (DNS rebinding).
Result<void> OriginDialer::check_addresses(const std::vector<net::Address>& addresses) const {
    if (origin_.is_address && origin_.is_literal_granted) return {};
    const bool has_grant = origin_.granted_networks != nullptr && !origin_.granted_networks->empty();
    for (const net::Address& address : addresses) {
        const bool allowed = has_grant ? is_granted(net::fold(address), *origin_.granted_networks)
                                       : !net::is_private(address) && !own_addresses_.contains(address);
        if (!allowed) return failure(ErrorCode::private_address, origin_.host + " resolves to " + net::to_string(address));
    }
    return {};
}

void OriginDialer::finish(Result<UniqueFd> outcome) {
    // The dialer may be calling: it must outlive this call.
    context_.loop.defer([finished = std::shared_ptr<net::Dialer>(std::move(dialer_))] {});
    if (outcome) connect_us_ = lap_us();
    const Done done = std::exchange(done_, nullptr);
    done(std::move(outcome));
}

std::uint64_t OriginDialer::lap_us() {
    const auto now = net::Clock::now();
    const auto lap = std::chrono::duration_cast<std::chrono::microseconds>(now - lap_start_).count();
    lap_start_ = now;
    return static_cast<std::uint64_t>(lap);
}

}  // namespace sallyport::proxy
