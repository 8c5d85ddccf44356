// The body of one HTTP/2 stream's message on its way out: waits here until it goes into frames. Owned by one stream.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/buffer.h"
#include "http/message.h"

namespace sallyport::http {

class Http2Outbox {
public:
    enum class Body { none, follows };

    Http2Outbox() = default;
    Http2Outbox(Http2Outbox&&) = delete;
    ~Http2Outbox() { body_.wipe(); }

    // The head has been handed to nghttp2. What is written is ignored before that, after the end, and without a body.
    void begin(Body body);
    // Whether there is something that was not there.
    bool write(std::string_view bytes);
    bool end(const HeaderMap& trailers);
    // Nothing more goes out.
    void drop();

    bool has_begun() const { return has_begun_; }
    // All has been written to it, not all of it need have been taken.
    bool is_ended() const { return is_ended_; }
    std::size_t size() const { return body_.size(); }
    const HeaderMap& trailers() const { return trailers_; }

    std::string_view front(std::size_t size) const { return body_.view().substr(0, size); }
    void consume(std::size_t size);

private:
    bool is_open() const { return has_begun_ && !is_ended_; }

    Buffer body_;
    HeaderMap trailers_;
    bool has_begun_ = false;
    bool is_ended_ = false;
};

}  // namespace sallyport::http
