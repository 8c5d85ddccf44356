#include "proxy/held_request.h"

#include "base/secret_string.h"


namespace sallyport::proxy {

void HeldRequest::write_head(const http::RequestHead& head) {
    drop();
    head_ = head;
    // An offer that was passed over (h2c) has lost its field on the way here, and asks for nothing.
    head_.upgrade = head.upgrade && head.headers.has("Upgrade");
    holds_secrets_ = head.holds_secrets;
    has_head_ = true;
    was_cut_ = false;
}

void HeldRequest::write_body(std::string_view bytes) {
    if (has_head_) body_.append(bytes);
}

void HeldRequest::write_end(const http::HeaderMap& trailers) {
    if (!has_head_) return;
    trailers_ = trailers;
    has_ended_ = true;
}

void HeldRequest::pass_on(http::RequestWriter& to) const {
    if (!has_head_) return;
    to.write_head(head_);
    if (!body_.empty()) to.write_body(body_.view());
    if (has_ended_) to.write_end(trailers_);
}

void HeldRequest::drop() {
    was_cut_ = true;
    if (!has_head_) return;
    if (holds_secrets_) {
        head_.headers.wipe();
        wipe_bytes(head_.target.data(), head_.target.size());
        body_.wipe();
    }
    head_.clear();
    body_.clear();
    body_.release_if_empty();
    trailers_.clear();
    has_head_ = has_ended_ = false;
}

}  // namespace sallyport::proxy
