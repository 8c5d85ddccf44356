// Everything secret out of one response, on its way to whoever must not have it: interim heads, the head, the body, the
// trailers. A body is decoded before it is looked through, and goes on decoded; a part that was asked for with more around
// it is cut to size; cookies go where the rule says; an answer that holds tokens is kept until it is whole. Knows of no
// version of HTTP: what it changes of a body's length, it says in the head. Owned by a Stream, for one exchange; lives on
// one worker.
//
// Anything that cannot be looked through is an error, and then nothing more of the response may be passed on: what is held
// is dropped with it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "base/buffer.h"
#include "base/result.h"
#include "http/content_decoder.h"
#include "http/message.h"
#include "proxy/cookie_jar.h"
#include "proxy/range_trim.h"
#include "proxy/scrub_chain.h"
#include "rules/exchange_options.h"

namespace sallyport::proxy {

// Takes tokens out of an answer that is there as a whole: appends to `out` a body with what stands for them, and returns
// what must not come back from now on. Nothing of the answer may be passed on where it fails.
using TokenSwapper = std::function<Result<std::shared_ptr<const rules::NeedleSet>>(
    const http::ResponseHead& head, std::string_view body, Buffer& out)>;

class ResponseFilter final {
public:
    struct Setup {
        ScrubChain scrub;
        rules::RangeUse ranges = rules::RangeUse::strip;
        std::optional<RangeTrim> range;  // that was asked for
        rules::CookieUse cookies = rules::CookieUse::pass;
        // Where `cookies` says jar. The jar outlives this; the views of `place` too.
        CookieJar* jar = nullptr;
        CookiePlace place;
        CookieTime now{};
        TokenSwapper swap_tokens;  // empty for none
    };
    explicit ResponseFilter(Setup setup);
    ~ResponseFilter();
    ResponseFilter(const ResponseFilter&) = delete;
    ResponseFilter& operator=(const ResponseFilter&) = delete;

    // All heads without their hop-by-hop fields.
    void filter_interim(http::ResponseHead& head);
    // `head.body` is changed to what goes on. origin_unknown_coding, and origin_bad_response for a part that nobody asked
    // for.
    Result<void> filter_head(http::ResponseHead& head);
    // After filter_head(): the answer has to be whole before its head, which finish() completes, can go on.
    bool holds_head() const { return holds_head_; }

    // Takes all of `bytes` and appends to `out` what is ready. True if there is more: then go_on(), until it says false,
    // before anything else.
    Result<bool> feed(std::string_view bytes, Buffer& out);
    Result<bool> go_on(Buffer& out);
    // Nothing has come for kScrubPause.
    void pause(Buffer& out);
    bool holds_bytes() const { return scrub_.held_bytes() > 0; }
    // The body is complete. `head`: where holds_head(), the head whose length is known now.
    Result<void> finish(Buffer& out, http::ResponseHead* head = nullptr);
    void filter_trailers(http::HeaderMap& trailers);

    // To be looked for too in what comes from here on.
    void add_needles(const std::shared_ptr<const rules::NeedleSet>& needles) { scrub_.add(needles); }
    // A part of something is being cut to size.
    bool is_part() const { return range_.has_value(); }

    // How many secrets were found so far.
    std::uint64_t scrubbed() const { return scrub_.found(); }
    std::uint64_t secret_parts() const { return scrub_.parts(); }

private:
    void take_cookies(http::HeaderMap& headers, bool is_final);
    Result<void> read_codings(http::ResponseHead& head);
    void decode_from(http::ResponseHead& head, std::span<const http::ContentCoding> codings);
    Result<void> check_part(http::ResponseHead& head);
    Result<bool> decode(std::string_view& bytes, Buffer& out);
    Result<void> pass(std::string_view bytes, Buffer& out);
    void scrub(std::string_view bytes, Buffer& out);
    Result<void> swap_tokens(http::ResponseHead& head, Buffer& out);

    ScrubChain scrub_;
    const rules::RangeUse ranges_;
    std::optional<RangeTrim> range_;
    const rules::CookieUse cookies_;
    CookieJar* const jar_;
    const CookiePlace place_;
    const CookieTime now_;
    const TokenSwapper swap_tokens_;
    bool holds_head_ = false;
    std::optional<http::ContentDecoder> decoder_;
    Buffer undecoded_;
    Buffer decoded_;
    Buffer clean_;     // before it is cut to size
    Buffer gathered_;  // an answer that has to be whole
    Buffer swapped_;   // the same without its tokens
};

}  // namespace sallyport::proxy
