// A connection to an origin, and who uses it at present: made by an Upstream, and handed to an Http2Link where the origin chooses
// HTTP/2. Owned by its user. Lives on one worker.
#pragma once

#include <string>
#include <utility>

#include "net/connection.h"

namespace sallyport::proxy {

class WireUser {
public:
    // A set of FdWatch::Interest. May destroy the wire only through Loop::defer.
    virtual void on_wire_ready(int ready) = 0;
    // Takes ownership.
    virtual void keep_session(SSL_SESSION* session) = 0;

protected:
    ~WireUser() = default;
};

class Wire final {
public:
    Wire(net::Loop& loop, UniqueFd fd, std::string endpoint, WireUser& user)
        : user_(&user),
          endpoint_(std::move(endpoint)),
          connection_(loop, std::move(fd), [this](int ready) { user_->on_wire_ready(ready); }) {}

    net::Connection& connection() { return connection_; }
    // "address:port".
    const std::string& endpoint() const { return endpoint_; }
    WireUser& user() { return *user_; }
    void set_user(WireUser& user) { user_ = &user; }

private:
    WireUser* user_;
    std::string endpoint_;
    net::Connection connection_;
};

}  // namespace sallyport::proxy
