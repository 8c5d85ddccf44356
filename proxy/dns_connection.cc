#include "proxy/dns_connection.h"

#include "proxy/egress.h"
#include "proxy/name_server.h"

namespace sallyport::proxy {
namespace {

constexpr std::size_t kLengthBytes = 2;

std::size_t read_length(std::string_view bytes) {
    return static_cast<std::size_t>(static_cast<unsigned char>(bytes[0])) << 8 | static_cast<unsigned char>(bytes[1]);
}

}  // namespace

DnsConnection::DnsConnection(WorkerContext& context, Egress& egress, NameTable& names, UniqueFd fd)
    : context_(context),
      egress_(egress),
      names_(names),
      connection_(context.loop, std::move(fd), [this](int ready) { on_ready(ready); }),
      deadline_(context.loop, [this] { close(); }) {
    connection_.want(net::FdWatch::kRead);
    deadline_.start(context.deadlines.greeting);
}

void DnsConnection::on_ready(int ready) {
    if (closed_) return;
    if ((ready & net::FdWatch::kWrite) != 0) return answer_and_flush();
    const net::IoResult result = connection_.read(context_.read_block, kReadBytes);
    if (result.state == net::IoState::again) return;
    if (result.state != net::IoState::ok) return close();
    in_.append({context_.read_block, result.bytes});
    answer_and_flush();
}

// Reads on only when everything that came is answered and gone: what waits is bounded by one read.
void DnsConnection::answer_and_flush() {
    do {
        if (answer_some()) deadline_.start(context_.deadlines.greeting);
        if (!flush()) return;
    } while (has_query());
    connection_.want(net::FdWatch::kRead);
}

bool DnsConnection::has_query() const {
    return in_.size() >= kLengthBytes && in_.size() >= kLengthBytes + read_length(in_.view());
}

bool DnsConnection::answer_some() {
    bool answered = false;
    while (has_query() && out_.size() < kHighWatermarkBytes) {
        const std::size_t length = read_length(in_.view());
        const std::string answer = answer_dns(in_.view().substr(kLengthBytes, length), names_);
        in_.consume(kLengthBytes + length);
        if (answer.empty()) continue;
        out_.append(static_cast<char>(answer.size() >> 8));
        out_.append(static_cast<char>(answer.size() & 0xff));
        out_.append(answer);
        answered = true;
    }
    return answered;
}

bool DnsConnection::flush() {
    while (!out_.empty()) {
        const net::IoResult result = connection_.write(out_.view());
        if (result.state == net::IoState::again) connection_.want(net::FdWatch::kWrite);
        if (result.state == net::IoState::failed || result.state == net::IoState::closed) close();
        if (result.state != net::IoState::ok) return false;
        out_.consume(result.bytes);
    }
    return true;
}

void DnsConnection::close() {
    if (closed_) return;
    closed_ = true;
    deadline_.stop();
    connection_.want(net::FdWatch::kNone);
    egress_.remove(*this);
}

}  // namespace sallyport::proxy
