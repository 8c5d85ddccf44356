// The connection that a stream answers: a sandbox's (Downstream), or one over which a handler fetches (FetchConnection).
// Implemented by whoever owns the stream; lives on one worker.
#pragma once

#include <cstdint>
#include <string>

#include "http/codec.h"
#include "proxy/connection_target.h"

namespace sallyport::proxy {

class StreamOwner {
public:
    virtual const ConnectionTarget& target() const = 0;
    // Where the answer goes. Nothing of it goes out before flush(), or the end of the present round.
    virtual http::ResponseWriter& response() = 0;
    // Of the answer.
    virtual std::size_t waiting_bytes() const = 0;
    virtual void flush() = 0;
    // From inside of what the owner has just handed over: no more of it until resume_reading().
    virtual void pause_reading() = 0;
    // Takes up reading, and writes what waits, once the present event is handled.
    virtual void resume_reading() = 0;
    virtual bool is_draining() const = 0;
    virtual void on_stream_finished(bool keep_alive) = 0;
    // Nothing more will be written to the client: it is told so once all is written. Reading goes on.
    virtual void finish_writing() = 0;
    // An answer has begun and cannot be finished: the client must see that it is cut.
    virtual void abort() = 0;

protected:
    ~StreamOwner() = default;
};

}  // namespace sallyport::proxy
