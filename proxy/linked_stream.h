// What is on either side of an Http2Link: who has a stream on it, and who owns it. Interfaces.
#pragma once

#include <openssl/ssl.h>

#include "base/error.h"
#include "http/codec.h"
#include "proxy/upstream_key.h"

namespace sallyport::proxy {

class Http2Link;

// Whoever has a stream. It hears of the response as a ResponseSink, from inside of the codec; the calls below come outside,
// and may open, write, reset, and let the link go.
class LinkedStream : public http::ResponseSink {
public:
    struct Ending {
        const Error* error = nullptr;  // null: the response is complete
        bool unprocessed = false;      // the origin has done nothing with the request
        bool needs_http1 = false;
    };
    // After the pieces that one read brought.
    virtual void on_link_round_end() = 0;
    // At most the low watermark waits to be written.
    virtual void on_link_drained() = 0;
    // The stream is no more. For a complete response before the end of the round that brought its end.
    virtual void on_link_ended(const Ending& ending) = 0;
};

// Who owns links.
class LinkOwner {
public:
    // It takes no new streams from now on; those that run go on. May be called from inside of the codec.
    virtual void on_link_retired(Http2Link& link) = 0;
    // Another stream may be opened.
    virtual void on_link_room(Http2Link& link) = 0;
    // It is closed, and to be deleted later.
    virtual void on_link_closed(Http2Link& link) = 0;
    // Takes ownership.
    virtual void keep_session(const UpstreamKey& key, SSL_SESSION* session) = 0;

protected:
    ~LinkOwner() = default;
};

}  // namespace sallyport::proxy
