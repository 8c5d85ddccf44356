// HTTP/2 as a hostile client would send it, after the preface. The first byte says how it is read and cut. Whatever comes:
// sinks hear the same however it is cut and wherever they pause, heads pass as HTTP/1 would have them, each stream's end is
// told once, and memory is bounded.
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "fuzz/http2_input.h"
#include "http/characters.h"
#include "http/http2_codec.h"
#include "tests/http/transcript.h"

namespace sallyport::http {
namespace {

class User final : public Http2ServerUser {
public:
    explicit User(bool pauses, bool meddles) : pauses_(pauses), meddles_(meddles), codec_(*this, Scheme::https, fuzz_limits()) {}

    struct Sink final : RequestSink {
        explicit Sink(User& user, Http2StreamId id) : user(user), id(id) {}
        Next on_request_head(RequestHead& head) override {
            check(head);
            text = head.method + " " + head.target + " " + std::to_string(static_cast<int>(head.body.kind)) + "\n";
            for (const auto [name, value] : head.headers) text += std::string(name) + ":" + std::string(value) + "\n";
            return answer();
        }
        Next on_body(std::string_view bytes) override {
            text += bytes;
            if (user.meddles_ && bytes.size() % 3 == 0) user.codec_.reset(id, Http2Error::cancel);
            return answer();
        }
        Next on_message_end(HeaderMap& trailers) override {
            SALLYPORT_CHECK(!std::exchange(ended, true));
            text += "end " + std::to_string(trailers.size()) + "\n";
            user.respond(id, 200);
            return Next::go;
        }
        Next answer() {
            SALLYPORT_CHECK(!ended && !std::exchange(paused, user.pauses_));
            return paused ? Next::pause : Next::go;
        }
        static void check(const RequestHead& head) {
            SALLYPORT_CHECK(is_token(head.method) && is_printable(head.target, 0x21));
            SALLYPORT_CHECK(head.headers.count("host") <= 1);
            for (const auto [name, value] : head.headers) SALLYPORT_CHECK(is_token(name) && is_field_value(value));
        }
        User& user;
        const Http2StreamId id;
        std::string text;
        bool paused = false;
        bool ended = false;
    };

    RequestSink* on_stream_opened(Http2StreamId id) override {
        const auto [at, is_new] = sinks_.try_emplace(id, *this, id);
        SALLYPORT_CHECK(is_new);
        return &at->second;
    }
    void on_stream_malformed(Http2StreamId id, Error error) override {
        heard_.outcome += "malformed " + std::to_string(id) + " " + std::string(tag(error.code)) + "\n";
        respond(id, 400);
    }
    void on_stream_drained(Http2StreamId) override {}
    void on_stream_closed(Http2StreamId id, bool) override { SALLYPORT_CHECK(closed_.emplace(id, true).second); }

    Heard run(std::string_view input, const Cutting& cutting) {
        const std::string all = wire::greeting() + std::string(input);
        bool good = true;
        for (std::size_t at = 0; at < all.size() && good;) {
            const std::string piece = all.substr(at, cutting.next_size());
            const auto fed = codec_.feed(piece);
            good = fed.has_value();
            if (!good) heard_.outcome += std::string(tag(fed.error().code)) + "\n";
            at += piece.size();
            resume_all();
            if (meddles_) say();
        }
        say();
        SALLYPORT_CHECK(good || codec_.open_streams() == 0);
        SALLYPORT_CHECK(codec_.allocated_bytes() <= kAllocatedBytesMax);
        for (const auto& [id, sink] : sinks_) heard_.streams[id] = sink.text;
        return heard_;
    }

private:
    void respond(Http2StreamId id, int status) {
        ResponseHead head;
        head.status = status;
        head.body.kind = BodyKind::chunked;
        HeaderMap trailers;
        if (id % 4 == 1) trailers.add("Done", "1");
        codec_.response(id).write_head(head);
        codec_.response(id).write_body("hello");
        codec_.response(id).write_end(trailers);
    }
    // Each event is followed by a pause: as long as there is one, there may be another.
    void resume_all() {
        for (auto& [id, sink] : sinks_) {
            while (std::exchange(sink.paused, false)) codec_.resume(id);
        }
    }
    void say() {
        Buffer out;
        codec_.produce(out, 1 << 20);
    }

    const bool pauses_;
    const bool meddles_;
    std::map<Http2StreamId, Sink> sinks_;
    std::map<Http2StreamId, bool> closed_;
    Heard heard_;
    Http2ServerCodec codec_;
};

}  // namespace
}  // namespace sallyport::http

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sallyport::http;
    check_cuts(data, size, [](std::string_view input, const Cutting& cutting, bool meddles) {
        return User(cutting.pauses, meddles).run(input, cutting);
    });
    return 0;
}
