// What every codec reports, whatever the version of HTTP. A sink is told of one message at a time, in wire order: head,
// any number of body pieces, end. Views and references are valid during the call only.
#pragma once

#include <string_view>

#include "http/message.h"

namespace sallyport::http {

// A sink that has had enough for now says pause: the codec returns from feed() right after that event, and goes on with
// the next call of feed().
enum class Next { go, pause };

class RequestSink {
public:
    virtual ~RequestSink() = default;
    // The sink may swap the head with one of its own, to keep it without copying.
    virtual Next on_request_head(RequestHead& head) = 0;
    virtual Next on_body(std::string_view bytes) = 0;
    // `trailers` is empty unless the message was chunked and had any.
    virtual Next on_message_end(HeaderMap& trailers) = 0;
};

class ResponseSink {
public:
    virtual ~ResponseSink() = default;
    // Called for each interim (1xx) response too; those have no body and no end.
    virtual Next on_response_head(ResponseHead& head) = 0;
    virtual Next on_body(std::string_view bytes) = 0;
    virtual Next on_message_end(HeaderMap& trailers) = 0;
};

}  // namespace sallyport::http
