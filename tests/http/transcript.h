// What a parser reports, as text, however the bytes were cut: consecutive body pieces are joined, a pause leaves no
// trace. Shared by the codec's tests and its fuzzer.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "http/http1_codec.h"

namespace sallyport::http {

// How many bytes to offer next, and whether the sink pauses after each event.
struct Cutting {
    std::function<std::size_t()> next_size;
    bool pauses = false;
};

inline Cutting whole() {
    return {[] { return static_cast<std::size_t>(-1); }};
}
inline Cutting byte_by_byte() {
    return {[] { return 1; }};
}
inline Cutting at_random(unsigned seed, std::size_t size_max) {
    return {[random = std::minstd_rand(seed + 1), size_max]() mutable { return 1 + random() % size_max; },
            seed % 2 == 1};
}

class Transcript final : public RequestSink, public ResponseSink {
public:
    explicit Transcript(bool pauses) : next_(pauses ? Next::pause : Next::go) {}

    Next on_request_head(RequestHead& head) override {
        line("request " + head.method + " " + head.target + " 1." + std::to_string(head.version_minor));
        if (head.expect_continue) line("expects continue");
        if (head.upgrade) line("upgrade");
        add_rest(head.headers, head.body, head.keep_alive);
        return next_;
    }
    Next on_response_head(ResponseHead& head) override {
        line("response " + std::to_string(head.status) + " [" + head.reason + "] 1." +
             std::to_string(head.version_minor));
        add_rest(head.headers, head.body, head.keep_alive);
        return next_;
    }
    Next on_body(std::string_view bytes) override {
        body_ += bytes;
        return next_;
    }
    Next on_message_end(HeaderMap& trailers) override {
        add_fields(trailers);
        line("end");
        return next_;
    }

    void line(const std::string& text) {
        if (!body_.empty()) text_ += "body [" + body_ + "]\n";
        body_.clear();
        text_ += text + "\n";
    }
    std::string text() const { return text_; }

private:
    void add_fields(const HeaderMap& headers) {
        for (const auto [name, value] : headers) line(std::string(name) + ": [" + std::string(value) + "]");
    }
    void add_rest(const HeaderMap& headers, const BodyFraming& body, bool keep_alive) {
        static constexpr const char* kKinds[] = {"none", "length", "chunked", "until_close"};
        add_fields(headers);
        line(std::string(kKinds[static_cast<int>(body.kind)]) + " " + std::to_string(body.length_bytes) +
             (keep_alive ? " keep-alive" : " close"));
    }

    const Next next_;
    std::string text_;
    std::string body_;
};

// Offers the bytes as a connection would: what was not taken comes first in the next offer.
template <class Parser>
void feed_all(Parser& parser, Transcript& transcript, std::string_view input, const Cutting& cutting) {
    std::size_t at = 0;
    std::size_t arrived = 0;
    int idle_rounds = 0;
    while (at < input.size()) {
        if (at == arrived) arrived += std::min(cutting.next_size(), input.size() - at);
        const std::string piece(input.substr(at, arrived - at));  // its own block, so that a sanitizer sees its end
        const auto taken = parser.feed(piece);
        if (!taken) return transcript.line("error " + std::string(tag(taken.error().code)));
        idle_rounds = *taken == 0 ? idle_rounds + 1 : 0;
        if (idle_rounds > 1) return transcript.line("stuck");
        at += *taken;
    }
    const bool between = parser.between_messages();
    const auto finished = parser.finish();
    transcript.line(finished ? "finished" : "finish: " + std::string(tag(finished.error().code)));
    if (between && !finished) transcript.line("between");
}

inline std::string request_transcript(std::string_view input, const Cutting& cutting, const Http1Limits& limits = {}) {
    Transcript transcript(cutting.pauses);
    Http1RequestParser parser(transcript, limits);
    feed_all(parser, transcript, input, cutting);
    return transcript.text();
}

// All of `input` answers one request.
inline std::string response_transcript(std::string_view input, const Cutting& cutting, std::string_view method = "GET",
                                       const Http1Limits& limits = {}) {
    Transcript transcript(cutting.pauses);
    Http1ResponseParser parser(transcript, limits);
    parser.await_response(method);
    feed_all(parser, transcript, input, cutting);
    return transcript.text();
}

}  // namespace sallyport::http
