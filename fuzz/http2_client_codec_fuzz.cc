// HTTP/2 as a hostile origin would send it, in answer to a few requests. The first byte says how it is read and cut. Whatever
// comes: sinks hear the same however it is cut and wherever they pause, each stream's end is told once, a response that was
// told in full is no error, and memory is bounded.
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

class User final : public Http2ClientUser {
public:
    explicit User(bool pauses, bool meddles) : pauses_(pauses), meddles_(meddles), codec_(*this, Scheme::https, fuzz_limits()) {}

    struct Sink final : ResponseSink {
        explicit Sink(User& user) : user(user) {}
        Next on_response_head(ResponseHead& head) override {
            SALLYPORT_CHECK(head.status >= 100 && head.status <= 999 && head.status != 101);
            text += std::to_string(head.status) + " " + std::to_string(static_cast<int>(head.body.kind)) + "\n";
            for (const auto [name, value] : head.headers) {
                SALLYPORT_CHECK(is_token(name) && is_field_value(value));
                text += std::string(name) + ":" + std::string(value) + "\n";
            }
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
            return Next::go;
        }
        Next answer() {
            SALLYPORT_CHECK(!ended && !std::exchange(paused, user.pauses_));
            return paused ? Next::pause : Next::go;
        }
        User& user;
        Http2StreamId id = 0;
        std::string text;
        bool paused = false;
        bool ended = false;
        bool closed = false;
        std::string ending;
    };

    void on_settings() override {}
    void on_stream_drained(Http2StreamId) override {}
    void on_goaway() override {}
    void on_stream_closed(Http2StreamId id, const Ending& ending) override {
        Sink& sink = *sinks_.at(id);
        SALLYPORT_CHECK(!std::exchange(sink.closed, true));
        SALLYPORT_CHECK(!sink.ended || ending.error == nullptr);
        SALLYPORT_CHECK(!ending.unprocessed || !sink.ended);
        sink.ending = ending.error ? std::string(tag(ending.error->code)) : "complete";
    }

    Heard run(std::string_view input, const Cutting& cutting) {
        ask();
        say();
        const std::string all = wire::settings() + std::string(input);
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
        codec_.finish();
        resume_all();
        say();
        SALLYPORT_CHECK(codec_.open_streams() == 0);
        SALLYPORT_CHECK(codec_.allocated_bytes() <= kAllocatedBytesMax);
        for (const auto& [id, sink] : sinks_) {
            heard_.streams[id] = sink->text;
            heard_.outcome += sink->ending + "\n";
        }
        return heard_;
    }

private:
    void ask() {
        for (const char* method : {"GET", "POST", "HEAD", "CONNECT"}) {
            auto sink = std::make_unique<Sink>(*this);
            sink->id = codec_.open(*sink);
            RequestHead head;
            head.method = method;
            head.target = "/";
            head.headers.add("Host", "a.com");
            head.upgrade = head.method == "CONNECT";
            if (head.method == "POST") head.body = {BodyKind::length, 5};
            RequestWriter& writer = codec_.request(sink->id);
            writer.write_head(head);
            if (head.method == "POST") writer.write_body("hello");
            if (!head.upgrade) writer.write_end({});
            sinks_[sink->id] = std::move(sink);
        }
    }
    void resume_all() {
        for (auto& [id, sink] : sinks_) {
            while (std::exchange(sink->paused, false)) codec_.resume(id);
        }
    }
    void say() {
        Buffer out;
        codec_.produce(out, 1 << 20);
    }

    const bool pauses_;
    const bool meddles_;
    std::map<Http2StreamId, std::unique_ptr<Sink>> sinks_;
    Heard heard_;
    Http2ClientCodec codec_;
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
