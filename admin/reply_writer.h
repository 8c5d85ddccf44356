// Replies as HTTP/1.1 bytes. Pure, but for the date.
#pragma once

#include <string_view>

#include "admin/api.h"
#include "base/buffer.h"

namespace sallyport::admin {

struct ReplyForm {
    bool is_head = false;
    bool keep_alive = true;
};

// JSON leaves in printable ASCII, whatever it was.
void write_reply(Buffer& out, Reply reply, ReplyForm form);

// The head of an answer without end: chunked, or until the connection ends for a client that does not know chunks.
enum class StreamForm { chunked, until_close };
void write_event_stream_head(Buffer& out, StreamForm form);
void write_event_stream_piece(Buffer& out, StreamForm form, std::string_view text);

// RFC 9110 section 5.6.7, in GMT.
std::string http_date(std::int64_t seconds_since_epoch);

}  // namespace sallyport::admin
