#include "proxy/http2_downstream.h"

#include <algorithm>
#include <utility>

#include "proxy/egress.h"
#include "proxy/limits.h"

namespace sallyport::proxy {
namespace {

// Whether the codec is being run, for as long as it is.
class Busy {
public:
    explicit Busy(bool& flag) : flag_(flag), before_(std::exchange(flag, true)) {}
    ~Busy() { flag_ = before_; }
    Busy(const Busy&) = delete;
    Busy& operator=(const Busy&) = delete;

private:
    bool& flag_;
    const bool before_;
};

}  // namespace

Http2Downstream::Http2Downstream(WorkerContext& context, Egress& egress, Http2Carrier& carrier)
    : context_(context),
      egress_(egress),
      carrier_(carrier),
      codec_(*this, carrier.target().scheme, http::Http2Limits{}),
      stalled_(context.loop, [this] { look_for_stalled(); }) {}

Http2Downstream::~Http2Downstream() { abort({ErrorCode::draining, "stopped"}); }

void Http2Downstream::close(const Error& error) {
    abort(error);
    if (!std::exchange(is_counted_, false)) return;
    egress_.count_streams(-static_cast<std::ptrdiff_t>(exchanges_.size()));
}

Result<void> Http2Downstream::feed(std::string_view bytes) {
    const Busy busy(is_busy_);
    return codec_.feed(bytes);
}

void Http2Downstream::end_round() {
    resume_streams();
    // A call may touch others, and their turn comes in this round too.
    for (std::size_t i = 0; i < touched_.size(); ++i) {
        if (Http2Exchange* const exchange = find(touched_[i])) exchange->on_round_end();
    }
    touched_.clear();
    recycle_closed();
}

void Http2Downstream::resume_streams() {
    for (const http::Http2StreamId stream : std::exchange(resuming_, {})) {
        Http2Exchange* const exchange = find(stream);
        if (exchange == nullptr || !exchange->take_resumption()) continue;
        const Busy busy(is_busy_);
        codec_.resume(stream);
    }
}

void Http2Downstream::produce(Buffer& out) {
    if (is_busy_) return;
    {
        const Busy busy(is_busy_);
        codec_.produce(out, kHighWatermarkBytes);
    }
    recycle_closed();
}

void Http2Downstream::write_now() {
    is_busy_ ? carrier_.write_soon() : carrier_.write_now();
}

http::RequestSink* Http2Downstream::on_stream_opened(http::Http2StreamId stream) {
    // What a stream may keep is bounded, and so is what all of a sandbox's may.
    if (egress_.open_streams() >= context_.connections_max) return nullptr;
    ++requests_;
    return &add(stream);
}

Http2Exchange& Http2Downstream::add(http::Http2StreamId stream) {
    std::unique_ptr<Http2Exchange> exchange;
    if (unused_.empty()) {
        exchange = std::make_unique<Http2Exchange>(context_, egress_, *this);
    } else {
        exchange = std::move(unused_.back());
        unused_.pop_back();
    }
    exchange->begin(stream);
    if (is_counted_) egress_.count_streams(1);
    if (!stalled_.running()) stalled_.start(context_.deadlines.body_progress);
    return *(exchanges_[stream] = std::move(exchange));
}

Http2Exchange* Http2Downstream::find(http::Http2StreamId stream) const {
    const auto found = exchanges_.find(stream);
    return found == exchanges_.end() ? nullptr : found->second.get();
}

void Http2Downstream::on_stream_malformed(http::Http2StreamId stream, Error error) {
    Http2Exchange* exchange = find(stream);
    if (exchange == nullptr) {
        ++requests_;
        exchange = &add(stream);
    }
    touch(*exchange);
    exchange->on_malformed(std::move(error));
}

void Http2Downstream::on_stream_drained(http::Http2StreamId stream) {
    if (Http2Exchange* const exchange = find(stream)) exchange->on_drained();
}

void Http2Downstream::on_stream_closed(http::Http2StreamId stream, bool was_reset_by_client) {
    const auto found = exchanges_.find(stream);
    if (found == exchanges_.end()) return;
    std::unique_ptr<Http2Exchange> exchange = std::move(found->second);
    exchanges_.erase(found);
    if (is_counted_) egress_.count_streams(-1);
    exchange->on_closed(was_reset_by_client ? "reset the stream" : "the stream has ended");
    closed_.push_back(std::move(exchange));
    carrier_.write_soon();
}

void Http2Downstream::recycle_closed() {
    if (is_busy_) return;
    for (auto& each : std::exchange(closed_, {})) {
        // Its last words are written, but it has not heard that itself.
        if (each->stream().is_active()) closed_.push_back(std::move(each));
        else if (unused_.size() < kUnusedExchangesMax) unused_.push_back(std::move(each));
        // Perhaps called from inside of one.
        else context_.loop.defer([dead = std::shared_ptr<Http2Exchange>(std::move(each))] {});
    }
}

void Http2Downstream::touch(Http2Exchange& exchange) {
    if (exchange.mark_touched()) touched_.push_back(exchange.id());
}

void Http2Downstream::resume_soon(Http2Exchange& exchange) {
    touch(exchange);
    resuming_.push_back(exchange.id());
    carrier_.write_soon();
}

// What is called may end others.
template <class Call>
void Http2Downstream::for_each_open(Call call) {
    std::vector<http::Http2StreamId> open;
    for (const auto& entry : exchanges_) open.push_back(entry.first);
    std::sort(open.begin(), open.end());
    for (const http::Http2StreamId stream : open) {
        if (Http2Exchange* const exchange = find(stream)) call(*exchange);
    }
}

void Http2Downstream::on_new_snapshot() {
    for_each_open([](Http2Exchange& each) { each.on_new_snapshot(); });
}

void Http2Downstream::abort(const Error& error) {
    for_each_open([&](Http2Exchange& each) { each.abort(error); });
}

void Http2Downstream::on_eof() {
    for_each_open([this](Http2Exchange& each) {
        if (!each.stream().awaits_request_body()) return;
        each.abort({ErrorCode::client_gone, "closed in the middle of a request"});
        codec_.reset(each.id(), http::Http2Error::cancel);
    });
    carrier_.write_soon();
}

void Http2Downstream::shut_down() {
    codec_.shut_down();
    carrier_.write_soon();
}

void Http2Downstream::look_for_stalled() {
    for_each_open([this](Http2Exchange& each) {
        if (!each.is_stalled()) return;
        each.abort({ErrorCode::request_timeout, "the client neither sends nor reads"});
        codec_.reset(each.id(), http::Http2Error::cancel);
    });
    if (!exchanges_.empty()) stalled_.start(context_.deadlines.body_progress);
    carrier_.write_soon();
}

const Stream* Http2Downstream::first_stream() const {
    const Http2Exchange* first = nullptr;
    for (const auto& entry : exchanges_) {
        const bool is_earlier = first == nullptr || entry.first < first->id();
        if (entry.second->stream().is_active() && is_earlier) first = entry.second.get();
    }
    return first != nullptr ? &first->stream() : nullptr;
}

}  // namespace sallyport::proxy
