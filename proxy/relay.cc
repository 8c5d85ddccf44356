#include "proxy/relay.h"

#include "proxy/limits.h"

namespace sallyport::proxy {

void Relay::set_sink(net::Connection& sink) {
    sink_ = &sink;
    flush();
}

std::string_view Relay::read(char* block) {
    if (!wants_to_read()) return {};
    const net::IoResult result = source_.read(block, kReadBytes);
    switch (result.state) {
        case net::IoState::ok: return {block, result.bytes};
        case net::IoState::again: return {};
        case net::IoState::failed: state_ = State::source_broken; return {};
        case net::IoState::closed: break;
    }
    saw_end_ = true;
    pass_end();
    return {};
}

// Straight on where nothing waits: a tunnel whose sides keep up needs no memory.
void Relay::pass(std::string_view bytes) {
    if (waiting_.empty()) write(bytes);
    if (state_ != State::flowing || bytes.empty()) return;
    waiting_.append(bytes);
    held_ = waiting_.size() > kHighWatermarkBytes;
}

void Relay::flush() {
    if (state_ != State::flowing) return;
    std::string_view bytes = waiting_.view();
    const std::size_t before = bytes.size();
    write(bytes);
    waiting_.consume(before - bytes.size());
    if (waiting_.size() <= kLowWatermarkBytes) held_ = false;
    waiting_.release_if_empty();
    pass_end();
}

// Takes what was written off the front.
void Relay::write(std::string_view& bytes) {
    while (sink_ != nullptr && !bytes.empty()) {
        const net::IoResult result = sink_->write(bytes);
        if (result.state == net::IoState::again) return;
        if (result.state != net::IoState::ok) {
            state_ = State::sink_broken;
            return;
        }
        bytes_passed_ += result.bytes;
        bytes.remove_prefix(result.bytes);
    }
}

void Relay::pass_end() {
    if (!saw_end_ || sink_ == nullptr || state_ != State::flowing || !waiting_.empty()) return;
    sink_->shutdown_write();
    state_ = State::ended;
}

}  // namespace sallyport::proxy
