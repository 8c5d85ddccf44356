#include "http/message.h"

namespace sallyport::http {

void RequestHead::clear() {
    method.clear();
    target.clear();
    version_major = 1;
    version_minor = 1;
    headers.clear();
    body = {};
    keep_alive = true;
    expect_continue = false;
    upgrade = false;
    protocol.clear();
    holds_secrets = false;
}

void ResponseHead::clear() {
    status = 0;
    reason.clear();
    version_major = 1;
    version_minor = 1;
    headers.clear();
    body = {};
    keep_alive = true;
}

}  // namespace sallyport::http
