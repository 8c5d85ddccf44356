// A response's way from an origin's bytes to a sandbox's, without the sockets: parsed, filtered and written anew as a Stream
// does it. And what a sandbox reads from them.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/http1_codec.h"
#include "http/http1_writer.h"
#include "http/validate.h"
#include "proxy/response_filter.h"

namespace sallyport::proxy {

class ResponsePath final : private http::ResponseSink {
public:
    explicit ResponsePath(ResponseFilter& filter) : filter_(filter), parser_(*this, {}) {
        parser_.await_response("GET");
    }

    void feed(std::string_view bytes) { EXPECT_TRUE(parser_.feed(bytes)); }
    void end() { EXPECT_TRUE(parser_.finish()); }
    // Nothing comes for now.
    void pause() {
        if (!in_body_) return;
        filter_.pause(clean_);
        write_body();
    }
    std::string_view to_sandbox() const { return out_.view(); }

private:
    http::Next on_response_head(http::ResponseHead& head) override {
        http::remove_hop_by_hop(head);
        if (head.status < 200) {
            filter_.filter_interim(head);
        } else {
            EXPECT_TRUE(filter_.filter_head(head));
            framing_ = head.body;
            in_body_ = true;
        }
        http::write_response_head(out_, head);
        return http::Next::go;
    }
    http::Next on_body(std::string_view bytes) override {
        auto more = filter_.feed(bytes, clean_);
        while (more && *more) more = filter_.go_on(clean_);
        EXPECT_TRUE(more);
        write_body();
        return http::Next::go;
    }
    http::Next on_message_end(http::HeaderMap& trailers) override {
        in_body_ = false;
        EXPECT_TRUE(filter_.finish(clean_));
        write_body();
        filter_.filter_trailers(trailers);
        if (framing_.kind == http::BodyKind::chunked) http::write_last_chunk(out_, trailers);
        return http::Next::go;
    }
    void write_body() {
        if (framing_.kind == http::BodyKind::chunked) {
            http::write_chunk(out_, clean_.view());
        } else {
            out_.append(clean_.view());
        }
        clean_.clear();
    }

    ResponseFilter& filter_;
    http::Http1ResponseParser parser_;
    http::BodyFraming framing_;
    bool in_body_ = false;
    Buffer clean_;
    Buffer out_;
};

using Fields = std::vector<std::pair<std::string, std::string>>;

// What a client makes of a connection's bytes.
struct SeenResponse {
    std::vector<Fields> interim;
    std::string reason;
    Fields fields;  // without those that say how long the body is
    http::BodyFraming framing;
    std::string body;
    Fields trailers;
};

class ResponseReader final : private http::ResponseSink {
public:
    static SeenResponse read(std::string_view bytes) {
        ResponseReader reader;
        http::Http1ResponseParser parser(reader, {});
        parser.await_response("GET");
        EXPECT_TRUE(parser.feed(bytes));
        EXPECT_TRUE(parser.finish());
        EXPECT_TRUE(reader.is_complete_);
        return std::move(reader.seen_);
    }

private:
    static Fields fields_of(const http::HeaderMap& headers) {
        Fields fields;
        for (const auto [name, value] : headers) {
            const bool is_framing = http::equals_ignoring_case(name, "Content-Length") ||
                                    http::equals_ignoring_case(name, "Transfer-Encoding");
            if (!is_framing) fields.emplace_back(name, value);
        }
        return fields;
    }
    http::Next on_response_head(http::ResponseHead& head) override {
        if (head.status < 200) {
            seen_.interim.push_back(fields_of(head.headers));
        } else {
            seen_.reason = head.reason;
            seen_.fields = fields_of(head.headers);
            seen_.framing = head.body;
        }
        return http::Next::go;
    }
    http::Next on_body(std::string_view bytes) override {
        seen_.body += bytes;
        return http::Next::go;
    }
    http::Next on_message_end(http::HeaderMap& trailers) override {
        seen_.trailers = fields_of(trailers);
        is_complete_ = true;
        return http::Next::go;
    }

    SeenResponse seen_;
    bool is_complete_ = false;
};

}  // namespace sallyport::proxy
