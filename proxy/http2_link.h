// A connection to an origin that speaks HTTP/2, shared by the requests of one sandbox with equal keys: its input and output, the
// streams on it, and how it ends. Owned by an UpstreamPool. Lives on one worker.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/buffer.h"
#include "http/http2_client_codec.h"
#include "proxy/linked_stream.h"
#include "proxy/upstream_key.h"
#include "proxy/wire.h"
#include "proxy/worker_context.h"
#include "rules/snapshot.h"

namespace sallyport::proxy {

class Http2Link final : private WireUser, private http::Http2ClientUser {
public:
    // `wire` is connected, its handshake over. `snapshot` keeps what `key` points to alive.
    Http2Link(WorkerContext& context, LinkOwner& owner, UpstreamKey key, std::shared_ptr<const rules::PolicySnapshot> snapshot,
              std::unique_ptr<Wire> wire);
    ~Http2Link();
    Http2Link(const Http2Link&) = delete;
    Http2Link& operator=(const Http2Link&) = delete;

    const UpstreamKey& key() const { return key_; }
    const std::string& endpoint() const { return wire_->endpoint(); }
    // Of one that has carried nothing: from now on it is this credential's.
    void claim(int credential_index) {
        key_.credential_index = credential_index;
        was_claimed_ = true;
    }

    bool may_open() const;
    bool allows_extended_connect() const { return codec_.allows_extended_connect(); }
    std::size_t streams() const { return streams_.size(); }
    // Before the next stream: it may have been closed without our knowing.
    bool was_used() const { return was_claimed_ || opened_ > 0; }

    // Only where may_open(). The request is to be written at once. `stream` lives until on_link_ended() or reset().
    http::Http2StreamId open(LinkedStream& stream);
    http::RequestWriter& request(http::Http2StreamId id) { return codec_.request(id); }
    std::size_t waiting_bytes(http::Http2StreamId id) const { return codec_.waiting_bytes(id); }
    // Writes what waits, of all streams, once the present event is handled.
    void flush_soon();
    // Overwrite what was written once it has gone out: it holds a credential.
    void wipe_after_write() { wipe_after_write_ = true; }
    // After the stream has paused. Not from inside of the codec.
    void resume(http::Http2StreamId id);
    // Nothing more is heard of it: after its response, where the request is written; and anywhere else.
    void let_go(http::Http2StreamId id);
    void reset(http::Http2StreamId id);

    // Takes no new streams, and ends with the last of those that run.
    void retire();

private:
    struct Stream final : http::ResponseSink {
        explicit Stream(Http2Link& owner) : link(owner) {}
        http::Next on_response_head(http::ResponseHead& head) override;
        http::Next on_body(std::string_view bytes) override;
        http::Next on_message_end(http::HeaderMap& trailers) override;

        Http2Link& link;
        LinkedStream* user = nullptr;  // null once it has let go
        http::Http2StreamId id = 0;
        bool is_touched = false;
        bool is_drained = false;
        bool is_closed = false;
        bool was_told = false;  // of a complete response
        std::optional<Error> error;
        bool unprocessed = false;
        bool needs_http1 = false;
    };

    // Http2ClientUser.
    void on_settings() override;
    void on_stream_drained(http::Http2StreamId id) override;
    void on_stream_closed(http::Http2StreamId id, const http::Http2ClientUser::Ending& ending) override;
    void on_goaway() override;
    // WireUser.
    void on_wire_ready(int ready) override;
    void keep_session(SSL_SESSION* session) override { owner_.keep_session(key_, session); }

    Stream* find(http::Http2StreamId id);
    void note(Stream& stream);
    void read_some();
    void flush();
    void settle();
    void tell(http::Http2StreamId id);
    void tell_end(http::Http2StreamId id);
    void end_if_unused();
    // Whether the codec knows that the connection is over.
    enum class Codec { to_finish, has_finished };
    void end(Error error, Codec codec);
    void close();
    enum class Waiting { nothing, settings, ping_answer, writing, idle, last_write };
    Waiting waiting_for() const;
    void update_deadline();
    void on_deadline();

    WorkerContext& context_;
    LinkOwner& owner_;
    UpstreamKey key_;
    const std::shared_ptr<const rules::PolicySnapshot> snapshot_;
    std::unique_ptr<Wire> wire_;
    http::Http2ClientCodec codec_;
    std::unordered_map<http::Http2StreamId, std::unique_ptr<Stream>> streams_;
    std::vector<http::Http2StreamId> noted_;  // of which something is to be told
    Buffer out_;
    std::uint64_t opened_ = 0;
    bool was_claimed_ = false;
    const std::shared_ptr<bool> lives_ = std::make_shared<bool>(true);
    int inside_codec_ = 0;
    bool settling_ = false;
    bool has_settings_ = false;
    bool has_pinged_ = false;  // and the answer is still to come
    bool has_room_ = false;    // to be told
    bool retired_ = false;
    std::optional<Error> gone_;  // the connection is over, and why
    bool closed_ = false;
    bool flush_scheduled_ = false;
    bool wipe_after_write_ = false;
    net::Clock::time_point last_read_;
    Waiting waiting_ = Waiting::nothing;
    std::uint64_t written_bytes_ = 0;
    std::uint64_t written_at_check_ = 0;
    net::Timer deadline_;
};

}  // namespace sallyport::proxy
