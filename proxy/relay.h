// One direction of a tunnel: bytes from one connection to another, untouched, with back-pressure and half-close. Owned by a
// Tunnel, which waits for both connections. Lives on one worker.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/buffer.h"
#include "net/connection.h"

namespace sallyport::proxy {

class Relay final {
public:
    enum class State {
        flowing,
        ended,          // the source has ended, all is passed on, and so is the end
        source_broken,  // reset; what waited is of no use
        sink_broken,
    };

    explicit Relay(net::Connection& source) : source_(source) {}

    // Until there is a sink, bytes wait.
    void set_sink(net::Connection& sink);

    // One read into `block` (kReadBytes): what came, to be given to pass() at once. Empty where nothing did.
    std::string_view read(char* block);
    void pass(std::string_view bytes);
    // Writes what waits.
    void flush();

    bool wants_to_read() const { return state_ == State::flowing && !saw_end_ && !held_; }
    bool wants_to_write() const { return state_ == State::flowing && sink_ != nullptr && !waiting_.empty(); }
    State state() const { return state_; }
    std::uint64_t bytes_passed() const { return bytes_passed_; }

private:
    void write(std::string_view& bytes);
    void pass_end();

    net::Connection& source_;
    net::Connection* sink_ = nullptr;
    State state_ = State::flowing;
    Buffer waiting_;
    bool held_ = false;  // the sink is slow: from the high watermark until the low one
    bool saw_end_ = false;
    std::uint64_t bytes_passed_ = 0;
};

}  // namespace sallyport::proxy
