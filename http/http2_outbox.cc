#include "http/http2_outbox.h"

namespace sallyport::http {

void Http2Outbox::begin(Body body) {
    has_begun_ = true;
    is_ended_ = body == Body::none;
}

bool Http2Outbox::write(std::string_view bytes) {
    if (!is_open() || bytes.empty()) return false;
    body_.append(bytes);
    return true;
}

bool Http2Outbox::end(const HeaderMap& trailers) {
    if (!is_open()) return false;
    is_ended_ = true;
    trailers_ = trailers;
    return true;
}

void Http2Outbox::drop() {
    body_.wipe();
    trailers_.clear();
    has_begun_ = is_ended_ = true;
}

// Between two events of a long stream it costs nothing.
void Http2Outbox::consume(std::size_t size) {
    body_.consume(size);
    if (!body_.empty()) return;
    body_.wipe();
    body_.release_if_empty();
}

}  // namespace sallyport::http
