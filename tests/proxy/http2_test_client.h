// A client of HTTP/2 for tests of the gate: its end of a connection that a GateTest has made.
#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/http2_codec.h"
#include "tests/proxy/gate_fixture.h"

namespace sallyport::proxy {

// What a test sees of one response.
struct TestAnswer final : http::ResponseSink {
    std::vector<http::ResponseHead> interim;
    http::ResponseHead head;
    std::string body;
    http::HeaderMap trailers;
    bool ended = false;   // complete
    bool closed = false;  // nothing more comes
    std::optional<Error> error;
    bool unprocessed = false;
    http::Http2StreamId stream = 0;
    bool pauses = false;  // takes one piece at a time

    http::Next on_response_head(http::ResponseHead& given) override {
        if (given.status < 200) interim.push_back(given);
        else head = given;
        return http::Next::go;
    }
    http::Next on_body(std::string_view bytes) override {
        body += bytes;
        return pauses ? http::Next::pause : http::Next::go;
    }
    http::Next on_message_end(http::HeaderMap& given) override {
        ended = true;
        trailers = given;
        return http::Next::go;
    }
};

inline http::RequestHead h2_request(std::string method, std::string target, std::string host) {
    http::RequestHead head;
    head.version_major = 2;
    head.version_minor = 0;
    head.method = std::move(method);
    head.target = std::move(target);
    head.headers.add("Host", host);
    return head;
}

class Http2TestClient final : private http::Http2ClientUser {
public:
    // `take` gives what has come from the gate; `send` takes what goes there.
    Http2TestClient(std::function<std::string()> take, std::function<void(std::string_view)> send, http::Scheme scheme)
        : take_(std::move(take)), send_(std::move(send)), codec_(*this, scheme, http::Http2Limits{}) {
        pump();
    }
    explicit Http2TestClient(TestClient& wire)
        : Http2TestClient([&wire] { return std::exchange(wire.received, {}); },
                          [&wire](std::string_view bytes) { wire.send(bytes); }, http::Scheme::http) {}

    // Without a body, complete.
    TestAnswer& request(const http::RequestHead& head) {
        TestAnswer& answer = open(head);
        end(answer);
        return answer;
    }
    TestAnswer& open(const http::RequestHead& head) {
        answers_.emplace_back();
        TestAnswer& answer = answers_.back();
        answer.stream = codec_.open(answer);
        codec_.request(answer.stream).write_head(head);
        pump();
        return answer;
    }
    void write(TestAnswer& answer, std::string_view bytes) {
        if (!answer.closed) codec_.request(answer.stream).write_body(bytes);
        pump();
    }
    void end(TestAnswer& answer, const http::HeaderMap& trailers = {}) {
        if (!answer.closed) codec_.request(answer.stream).write_end(trailers);
        pump();
    }
    void reset(TestAnswer& answer) {
        codec_.reset(answer.stream, http::Http2Error::cancel);
        pump();
    }
    void resume(TestAnswer& answer) {
        answer.pauses = false;
        if (!answer.closed) codec_.resume(answer.stream);
        pump();
    }

    // Reads what has come, and writes what there is to write. To be called whenever something may have happened.
    void pump() {
        const std::string bytes = take_();
        if (!bytes.empty() && !failed) {
            if (auto taken = codec_.feed(bytes); !taken) failed = taken.error();
        }
        Buffer out;
        codec_.produce(out, 16 * 1024 * 1024);
        if (!out.empty()) send_(out.view());
    }

    http::Http2ClientCodec& codec() { return codec_; }
    std::optional<Error> failed;  // the connection
    bool goaway = false;

private:
    void on_settings() override {}
    void on_stream_drained(http::Http2StreamId) override {}
    void on_stream_closed(http::Http2StreamId stream, const Ending& ending) override {
        for (TestAnswer& each : answers_) {
            if (each.stream != stream) continue;
            each.closed = true;
            each.unprocessed = ending.unprocessed;
            if (ending.error != nullptr) each.error = *ending.error;
        }
    }
    void on_goaway() override { goaway = true; }

    std::function<std::string()> take_;
    std::function<void(std::string_view)> send_;
    http::Http2ClientCodec codec_;
    std::deque<TestAnswer> answers_;
};

}  // namespace sallyport::proxy
