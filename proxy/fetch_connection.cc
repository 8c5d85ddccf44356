#include "proxy/fetch_connection.h"

#include <utility>

#include "proxy/absolute_target.h"
#include "proxy/egress.h"
#include "proxy/handler_calls.h"

namespace sallyport::proxy {

FetchConnection::FetchConnection(WorkerContext& context, Egress& egress, HandlerCalls& calls, UniqueFd fd)
    : context_(context),
      calls_(calls),
      id_(ConnectionId::random()),
      opened_(context.loop.now()),
      connection_(context.loop, std::move(fd), [this](int ready) { on_ready(ready); }),
      parser_(*this, http::Http1Limits{}),
      stream_(context, egress, *this),
      head_deadline_(context.loop, [this] { close(); }) {
    connection_.want(net::FdWatch::kRead);
}

FetchConnection::~FetchConnection() {
    leave_call();
    stream_.abort({ErrorCode::draining, "stopped"});
}

http::Next FetchConnection::on_request_head(http::RequestHead& head) {
    ++requests_;
    const auto token = head.headers.get("X-Sallyport-Call");
    HandlerCall* const call = token ? calls_.find(*token) : nullptr;
    auto named = take_absolute_target(head);
    if (!named) return refuse(head, named.error());
    target_ = std::move(*named);
    if (call == nullptr) return refuse(head, {ErrorCode::denied, "a fetch for no call that runs"});
    call_ = call;
    call_->add(*this);
    return stream_.on_request_head(head, head_started_, call_);
}

// Without a call nobody knows which values its target may hold: logs do not show it.
http::Next FetchConnection::refuse(http::RequestHead& head, Error error) {
    head.target = "***";
    return stream_.refuse(head, std::move(error), head_started_);
}

void FetchConnection::on_ready(int ready) {
    if (closed_) return;
    if ((ready & net::FdWatch::kWrite) != 0) end_round();
    if (!closed_ && (ready & net::FdWatch::kRead) != 0) read_some();
}

void FetchConnection::read_some() {
    const net::IoResult result = connection_.read(context_.read_block, kReadBytes);
    if (result.state == net::IoState::again) return;
    if (result.state == net::IoState::failed) return close();
    if (result.state == net::IoState::closed) {
        saw_eof_ = true;
        const bool is_cut = stream_.is_active() ? stream_.awaits_request_body() && pending_.empty() && !stream_.is_relaying()
                                                : !parser_.between_messages();
        if (is_cut) return close();
    } else {
        bytes_in_ += result.bytes;
        feed({context_.read_block, result.bytes});
    }
    end_round();
}

void FetchConnection::feed(std::string_view bytes) {
    if (closing_ || closed_) return;
    const bool is_wanted = pending_.empty() && !paused_ && (!stream_.is_active() || stream_.awaits_request_body());
    if (!is_wanted) return pending_.append(bytes);
    if (stream_.is_relaying()) return static_cast<void>(stream_.on_request_body(bytes));
    if (!stream_.is_active() && parser_.between_messages()) head_started_ = context_.loop.now();
    const auto taken = parser_.feed(bytes);
    if (!taken) {
        stream_.on_request_error(taken.error(), head_started_);
        closing_ = true;
        return;
    }
    pending_.append(bytes.substr(*taken));
}

void FetchConnection::end_round() {
    if (closed_) return;
    if (saw_eof_ && pending_.empty() && stream_.is_relaying()) stream_.on_client_finished();
    if (stream_.is_active()) stream_.on_downstream_round_end();
    flush();
    if (closed_) return;
    if (!pending_.empty() && takes_input()) schedule_round();
    if (!stream_.is_active() && ((saw_eof_ && pending_.empty()) || closing_) && out_.empty()) return close();
    const bool reads = pending_.empty() && !paused_ && !saw_eof_ && !closing_ && out_.size() <= kHighWatermarkBytes;
    connection_.want((reads ? net::FdWatch::kRead : 0) | (out_.empty() ? 0 : net::FdWatch::kWrite));
    const bool in_head = !stream_.is_active() && !parser_.between_messages();
    if (!in_head) return head_deadline_.stop();
    if (!head_deadline_.running()) head_deadline_.start(context_.deadlines.request_head);
}

bool FetchConnection::takes_input() const {
    return !paused_ && !closing_ && out_.size() <= kHighWatermarkBytes &&
           (!stream_.is_active() || stream_.awaits_request_body());
}

void FetchConnection::schedule_round() {
    if (std::exchange(round_scheduled_, true)) return;
    context_.loop.defer([this] {
        round_scheduled_ = false;
        if (closed_) return;
        if (!pending_.empty() && takes_input()) {
            Buffer bytes = std::move(pending_);
            pending_ = Buffer();
            feed(bytes.view());
        }
        end_round();
    });
}

void FetchConnection::flush() {
    if (closed_) return;
    const bool was_above = out_.size() > kLowWatermarkBytes;
    while (!out_.empty()) {
        const net::IoResult result = connection_.write(out_.view());
        if (result.state == net::IoState::again) {
            connection_.want(connection_.wanted() | net::FdWatch::kWrite);
            break;
        }
        if (result.state != net::IoState::ok) return close();
        bytes_out_ += result.bytes;
        out_.consume(result.bytes);
    }
    if (finishing_ && out_.empty()) {
        finishing_ = false;
        connection_.shutdown_write();
    }
    if (!was_above || out_.size() > kLowWatermarkBytes) return;
    stream_.on_downstream_drained();
    schedule_round();
}

void FetchConnection::resume_reading() {
    paused_ = false;
    schedule_round();
}

void FetchConnection::on_stream_finished(bool keep_alive) {
    leave_call();
    paused_ = false;
    if (!keep_alive) closing_ = true;
    schedule_round();
}

void FetchConnection::on_new_snapshot() {
    if (!closed_) stream_.on_new_snapshot();
}

void FetchConnection::cut(Error error) {
    stream_.abort(std::move(error));
    close();
}

void FetchConnection::abort() { close(); }

void FetchConnection::leave_call() {
    if (call_ != nullptr) std::exchange(call_, nullptr)->remove(*this);
}

void FetchConnection::close() {
    if (std::exchange(closed_, true)) return;
    stream_.abort({ErrorCode::client_gone, "closed"});
    leave_call();
    connection_.want(net::FdWatch::kNone);
    head_deadline_.stop();
    calls_.remove(*this);
}

LiveConnection FetchConnection::describe() const {
    LiveConnection live;
    live.id = id_.text();
    live.sandbox = calls_.sandbox().value;
    live.protocol = "fetch";
    live.host = target_.host;
    live.port = target_.port;
    live.state = stream_.is_active() ? "request" : "idle";
    live.age_ms = static_cast<std::uint64_t>(
        std::chrono::duration_cast<milliseconds>(context_.loop.now() - opened_).count());
    live.bytes_in = bytes_in_;
    live.bytes_out = bytes_out_;
    live.requests = requests_;
    stream_.describe(live);
    return live;
}

}  // namespace sallyport::proxy
