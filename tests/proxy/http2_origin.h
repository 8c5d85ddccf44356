// An origin that speaks HTTP/2, in the clear or over TLS, on the test's loop: it keeps what it was asked, answers by itself or as the
// test says, and ends connections in every way that origins do. Over TLS it takes what ALPN offers.
#pragma once

#include <openssl/ssl.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "certs/tls_context.h"
#include "http/http1_writer.h"
#include "http/http2_server_codec.h"
#include "net/connection.h"
#include "net/listener.h"
#include "tests/admin/certificates.h"

namespace sallyport::proxy {

class Http2Origin;

// One request that has come, for as long as the connection lives.
class OriginRequest final : public http::RequestSink {
public:
    http::Next on_request_head(http::RequestHead& taken) override {
        head = taken;
        return pauses ? http::Next::pause : http::Next::go;
    }
    http::Next on_body(std::string_view bytes) override {
        body += bytes;
        return pauses ? http::Next::pause : http::Next::go;
    }
    http::Next on_message_end(http::HeaderMap& taken) override {
        trailers = taken;
        is_whole = true;
        return http::Next::go;
    }
    std::string field(std::string_view name) const { return std::string(head.headers.get(name).value_or("")); }

    std::size_t connection = 0;  // its number, from 0
    http::Http2StreamId stream = 0;
    http::RequestHead head;
    std::string body;
    http::HeaderMap trailers;
    bool is_whole = false;
    bool is_closed = false;
    bool was_reset = false;  // by the gate
    bool pauses = false;
    bool is_answered = false;
};

class Http2Origin final {
public:
    struct Peer final : http::Http2ServerUser {
        Peer(Http2Origin& owner, std::size_t number) : origin(owner), number(number) {}

        http::RequestSink* on_stream_opened(http::Http2StreamId stream) override {
            if (origin.refuses > 0) {
                --origin.refuses;
                return nullptr;
            }
            auto made = std::make_unique<OriginRequest>();
            made->connection = number;
            made->stream = stream;
            made->pauses = origin.pauses;
            open[stream] = made.get();
            origin.requests.push_back(std::move(made));
            return open[stream];
        }
        void on_stream_malformed(http::Http2StreamId stream, Error error) override {
            origin.malformed.push_back(std::move(error));
            codec->reset(stream, http::Http2Error::protocol_error);
        }
        void on_stream_drained(http::Http2StreamId) override {}
        void on_stream_closed(http::Http2StreamId stream, bool was_reset) override {
            const auto found = open.find(stream);
            if (found == open.end()) return;
            found->second->is_closed = true;
            found->second->was_reset = was_reset;
            open.erase(found);
        }

        Http2Origin& origin;
        const std::size_t number;
        std::unique_ptr<net::Connection> connection;
        std::unique_ptr<http::Http2ServerCodec> codec;  // null: not yet, or HTTP/1.1
        std::map<http::Http2StreamId, OriginRequest*> open;
        std::string received;  // over HTTP/1.1
        Buffer out;
        bool is_shaking = false;
        bool is_closed = false;
        bool reads = true;
    };

    enum class Speaks { http2_in_clear, http2, http1, both };

    // `listening` has been bound to loopback. TLS origins have a certificate for "vcs.example", signed by `ca`.
    Http2Origin(net::Loop& loop, UniqueFd listening, Speaks speaks)
        : speaks_(speaks), loop_(loop), leaf_(admin::issue("origin", "DNS:vcs.example", &ca)),
          context_(std::move(*certs::make_server_context())) {
        SSL_CTX_use_certificate(context_.get(), leaf_.certificate.get());
        SSL_CTX_use_PrivateKey(context_.get(), leaf_.key.get());
        SSL_CTX_set_alpn_select_cb(context_.get(), &select, this);
        listener_ = std::make_unique<net::Listener>(loop, std::move(listening), [this](UniqueFd fd) { accept(std::move(fd)); });
    }

    // What happens to a request that is whole; 200 "ok" where this is empty. Called outside of the codec.
    std::function<void(Http2Origin&, OriginRequest&)> answer;
    http::Http2Limits limits;
    int refuses = 0;       // so many of the next requests, with REFUSED_STREAM
    bool pauses = false;   // takes no bodies
    bool reads = true;     // of new connections
    std::vector<std::unique_ptr<Peer>> peers;
    std::vector<std::unique_ptr<OriginRequest>> requests;
    std::vector<Error> malformed;
    std::vector<std::string> offered;  // by ALPN, one for each handshake
    admin::Issued ca = admin::issue("Origins", "", nullptr, true);

    void respond(OriginRequest& request, int status, std::string_view body,
                 const std::vector<std::pair<std::string, std::string>>& fields = {}) {
        begin(request, status, fields);
        write(request, body);
        end(request);
    }
    void begin(OriginRequest& request, int status, const std::vector<std::pair<std::string, std::string>>& fields = {}) {
        http::ResponseHead head;
        head.status = status;
        for (const auto& [name, value] : fields) head.headers.add(name, value);
        request.is_answered = true;
        head.body = {http::BodyKind::chunked, 0, false};
        codec(request).response(request.stream).write_head(head);
        flush(request);
    }
    void interim(OriginRequest& request, int status, const std::vector<std::pair<std::string, std::string>>& fields) {
        http::ResponseHead head;
        head.status = status;
        for (const auto& [name, value] : fields) head.headers.add(name, value);
        codec(request).response(request.stream).write_interim(head);
        flush(request);
    }
    void write(OriginRequest& request, std::string_view body) {
        if (!body.empty()) codec(request).response(request.stream).write_body(body);
        flush(request);
    }
    void end(OriginRequest& request, const http::HeaderMap& trailers = {}) {
        codec(request).response(request.stream).write_end(trailers);
        flush(request);
    }
    void reset(OriginRequest& request, http::Http2Error error) {
        request.is_answered = true;
        codec(request).reset(request.stream, error);
        flush(request);
    }
    void resume(OriginRequest& request) {
        request.pauses = false;
        codec(request).resume(request.stream);
        flush(request);
    }
    void shut_down(std::size_t number) {
        peers[number]->codec->shut_down();
        write_out(*peers[number]);
    }
    void send_raw(std::size_t number, std::string_view bytes) {
        peers[number]->out.append(bytes);
        write_out(*peers[number]);
    }
    void close(std::size_t number) {
        Peer& peer = *peers[number];
        peer.is_closed = true;
        peer.connection->want(net::FdWatch::kNone);
        peer.connection->shutdown_write();
    }
    std::size_t closed() const {
        return static_cast<std::size_t>(std::count_if(peers.begin(), peers.end(), [](const auto& peer) { return peer->is_closed; }));
    }

private:
    static int select(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in, unsigned in_size,
                      void* self) noexcept {
        Http2Origin& origin = *static_cast<Http2Origin*>(self);
        const std::string offered(reinterpret_cast<const char*>(in), in_size);
        origin.offered.push_back(offered);
        static constexpr std::string_view kHttp2 = "h2";
        static constexpr std::string_view kHttp1 = "http/1.1";
        const bool may = origin.speaks_ != Speaks::http1 && offered.find("\x02h2") != offered.npos;
        const std::string_view chosen = may ? kHttp2 : kHttp1;
        if (offered.find(chosen) == offered.npos) return SSL_TLSEXT_ERR_ALERT_FATAL;
        *out = reinterpret_cast<const unsigned char*>(chosen.data());
        *out_size = static_cast<unsigned char>(chosen.size());
        return SSL_TLSEXT_ERR_OK;
    }

    http::Http2ServerCodec& codec(OriginRequest& request) { return *peers[request.connection]->codec; }
    void flush(OriginRequest& request) { write_out(*peers[request.connection]); }

    void accept(UniqueFd fd) {
        peers.push_back(std::make_unique<Peer>(*this, peers.size()));
        Peer& peer = *peers.back();
        peer.reads = reads;
        peer.connection = std::make_unique<net::Connection>(loop_, std::move(fd), [this, &peer](int) { on_ready(peer); });
        peer.is_shaking = speaks_ != Speaks::http2_in_clear;
        if (peer.is_shaking) peer.connection->start_tls_server(context_.get(), {});
        peer.connection->want(net::FdWatch::kRead);
        if (!peer.is_shaking) begin_http2(peer);
    }

    void begin_http2(Peer& peer) {
        const auto scheme = speaks_ == Speaks::http2_in_clear ? http::Scheme::http : http::Scheme::https;
        peer.codec = std::make_unique<http::Http2ServerCodec>(peer, scheme, limits);
        write_out(peer);
    }

    void on_ready(Peer& peer) {
        if (peer.is_closed) return;
        if (peer.is_shaking) {
            const net::IoState state = peer.connection->handshake();
            if (state == net::IoState::failed) peer.connection->want(net::FdWatch::kNone);
            if (state != net::IoState::ok) return;
            peer.is_shaking = false;
            const unsigned char* protocol = nullptr;
            unsigned size = 0;
            SSL_get0_alpn_selected(peer.connection->ssl(), &protocol, &size);
            if (size == 2) begin_http2(peer);
        }
        if (peer.reads) read(peer);
        if (!peer.is_closed) write_out(peer);
    }

    void read(Peer& peer) {
        char block[16 * 1024];
        while (!peer.is_closed) {
            const net::IoResult result = peer.connection->read(block, sizeof block);
            if (result.state == net::IoState::again) return;
            if (result.state != net::IoState::ok) {
                peer.is_closed = true;
                return peer.connection->want(net::FdWatch::kNone);
            }
            if (peer.codec == nullptr) {
                answer_http1(peer, {block, result.bytes});
            } else {
                SALLYPORT_CHECK(peer.codec->feed({block, result.bytes}).has_value());
                answer_whole(peer);
            }
        }
    }

    void answer_whole(Peer& peer) {
        for (std::size_t i = 0; i < requests.size(); ++i) {
            OriginRequest& request = *requests[i];
            if (request.connection != peer.number || !request.is_whole || request.is_answered || request.is_closed) continue;
            request.is_answered = true;
            if (answer) {
                answer(*this, request);
            } else {
                respond(request, 200, "ok");
            }
        }
    }

    void answer_http1(Peer& peer, std::string_view bytes) {
        peer.received += bytes;
        for (auto end = peer.received.find("\r\n\r\n"); end != std::string::npos; end = peer.received.find("\r\n\r\n")) {
            auto request = std::make_unique<OriginRequest>();
            request->connection = peer.number;
            request->head.target = peer.received.substr(0, end);
            request->is_answered = true;
            requests.push_back(std::move(request));
            peer.received.erase(0, end + 4);
            peer.out.append("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok1");
        }
    }

    void write_out(Peer& peer) {
        net::Connection& connection = *peer.connection;
        while (!peer.is_closed) {
            if (peer.codec != nullptr) peer.codec->produce(peer.out, 64 * 1024);
            if (peer.out.empty()) break;
            const net::IoResult result = connection.write(peer.out.view());
            if (result.state == net::IoState::again) return connection.want(connection.wanted() | net::FdWatch::kWrite);
            if (result.state != net::IoState::ok) return connection.want(net::FdWatch::kNone);
            peer.out.consume(result.bytes);
        }
        if (!peer.is_closed) connection.want(connection.wanted() & ~net::FdWatch::kWrite);
    }

    const Speaks speaks_;
    net::Loop& loop_;
    admin::Issued leaf_;
    certs::SslContextPtr context_;
    std::unique_ptr<net::Listener> listener_;
};

}  // namespace sallyport::proxy
