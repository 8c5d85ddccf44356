#include "net/dialer.h"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "net/connection.h"

namespace sallyport::net {
namespace {

constexpr std::chrono::milliseconds kAttemptDelay{250};  // RFC 8305 section 5
constexpr std::size_t kAttemptsMax = 8;                  // a name with hundreds of addresses is not a port scan

std::string describe(const Address& address, std::uint16_t port, int error) {
    return to_string(Endpoint{address, port}) + ": " + std::strerror(error);
}

}  // namespace

std::vector<Address> interleave_families(const std::vector<Address>& addresses) {
    std::vector<Address> first, second, mixed;
    for (const Address& address : addresses) (address.is_v4 ? second : first).push_back(address);
    for (std::size_t i = 0; i < std::max(first.size(), second.size()); ++i) {
        if (i < first.size()) mixed.push_back(first[i]);
        if (i < second.size()) mixed.push_back(second[i]);
    }
    return mixed;
}

Dialer::Dialer(Loop& loop, std::vector<Address> addresses, std::uint16_t port, std::chrono::milliseconds timeout,
               Done done)
    : loop_(loop),
      addresses_(interleave_families(addresses)),
      port_(port),
      done_(std::move(done)),
      stagger_(loop, [this] { try_next(); }),
      deadline_(loop, [this] { finish(failure(ErrorCode::connect_timeout, last_failure_)); }) {
    if (addresses_.size() > kAttemptsMax) addresses_.resize(kAttemptsMax);
    deadline_.start(timeout);
    stagger_.start(std::chrono::milliseconds(0));
    attempts_.reserve(addresses_.size());
}

Dialer::~Dialer() = default;

void Dialer::try_next() {
    while (next_ < addresses_.size()) {
        if (begin_attempt(addresses_[next_++])) {
            if (next_ < addresses_.size()) stagger_.start(kAttemptDelay);
            return;
        }
    }
    if (pending_ == 0) finish(failure(ErrorCode::connect_failed, last_failure_));
}

bool Dialer::begin_attempt(const Address& address) {
    sockaddr_storage to{};
    const socklen_t size = to_sockaddr({address, port_}, to);
    UniqueFd fd(socket(to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd || (connect(fd.get(), reinterpret_cast<sockaddr*>(&to), size) != 0 && errno != EINPROGRESS)) {
        last_failure_ = describe(address, port_, errno);
        return false;
    }
    set_no_delay(fd.get());
    const std::size_t index = attempts_.size();
    auto watch = std::make_unique<FdWatch>(loop_, fd.get(), [this, index](int) { on_attempt_ready(index); });
    watch->want(FdWatch::kWrite);
    attempts_.push_back({std::move(fd), std::move(watch)});
    ++pending_;
    return true;
}

void Dialer::on_attempt_ready(std::size_t index) {
    Attempt& attempt = attempts_[index];
    int error = 0;
    socklen_t size = sizeof error;
    (void)getsockopt(attempt.fd.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    attempt.watch->want(FdWatch::kNone);
    if (error == 0) {
        // The new owner makes a watch of its own; this one must be gone before it.
        loop_.defer([watch = std::shared_ptr<FdWatch>(std::move(attempt.watch))] {});
        return finish(std::move(attempt.fd));
    }
    last_failure_ = describe(addresses_[index], port_, error);
    attempt.fd.reset();
    --pending_;
    stagger_.stop();
    try_next();
}

void Dialer::finish(Result<UniqueFd> outcome) {
    stagger_.stop();
    deadline_.stop();
    for (Attempt& attempt : attempts_) {
        if (attempt.watch) attempt.watch->want(FdWatch::kNone);
    }
    // `done` may destroy this object.
    const Done done = std::move(done_);
    if (done) done(std::move(outcome));
}

}  // namespace sallyport::net
