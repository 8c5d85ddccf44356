// A WebSocket beside a credential: what may pass in each direction. Nothing secret comes back in the origin's frames,
// and where the credential is swapped into messages, it goes into the sandbox's. Frames that cannot be read end the
// connection: nobody could tell what is in them. The handshake must have agreed on no extension. Owned by a stream; lives
// on its worker.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "base/buffer.h"
#include "base/random.h"
#include "base/result.h"
#include "http/websocket_frame.h"
#include "proxy/scrub_chain.h"
#include "rules/credential_action.h"

namespace sallyport::proxy {

// From the origin to the sandbox. A message is one text, however it is cut into frames; text and binary alike, the
// payloads of control frames each for itself. Content and lengths of messages stay, and so does the frame of a message
// that comes in one; a message in fragments leaves in others, because what waits at the end of one may be decided in the
// next (section 5.4 lets whoever stands between do that). A secret that is cut by the end of a message is overwritten too,
// but for its beginning: see rules::Scrubber::end_message().
//
// Where a secret is not of whole characters, a text message may not be UTF-8 afterwards: then its receiver refuses it.
class WebSocketScrubber final : private http::WebSocketFrameSink {
public:
    explicit WebSocketScrubber(ScrubChain scrub);

    // Appends to `out` what is settled. origin_bad_frame ends the connection: what is in `out` is clean.
    Result<void> feed(std::string_view bytes, Buffer& out);
    // How many needles were found so far.
    std::uint64_t found() const { return scrub_.found(); }
    std::uint64_t parts() const { return scrub_.parts(); }
    void add_needles(const std::shared_ptr<const rules::NeedleSet>& needles) { scrub_.add(needles); }

private:
    Result<void> on_frame(const http::WebSocketFrame& frame) override;
    Result<void> on_payload(std::string_view bytes, std::uint64_t at) override;
    Result<void> on_frame_end() override;
    void write_control_frame();
    void write_fragment(bool is_final);

    ScrubChain scrub_;
    http::WebSocketFrameParser parser_;
    Buffer* out_ = nullptr;  // of the feed() that is running
    http::WebSocketFrame frame_;
    bool in_one_frame_ = true;  // is the message
    http::WebSocketOpcode next_opcode_ = http::WebSocketOpcode::text;  // of a message in fragments
    Buffer settled_;                                                   // of one
    Buffer control_;                                                   // a control frame's payload
};

// From the sandbox to the origin: text messages go through a rewriter, which may change their length; then they leave in
// frames of ours. Binary messages and control frames go on as they came.
class WebSocketRewriter final : private http::WebSocketFrameSink {
public:
    // A longer message leaves in fragments of this much.
    static constexpr std::size_t kFragmentBytes = 64 * 1024;

    // `rewriter` gets one message after the other, each ended by finish(). `random` outlives this: a mask must not be
    // foreseen (section 10.3).
    WebSocketRewriter(std::unique_ptr<rules::BodyRewriter> rewriter, Random& random);
    ~WebSocketRewriter() override;

    // Appends to `out`, which then may hold a credential. frame_unreadable, or what the rewriter says, ends the connection:
    // no frame of the message was final.
    Result<void> feed(std::string_view bytes, Buffer& out);

private:
    Result<void> on_frame(const http::WebSocketFrame& frame) override;
    Result<void> on_payload(std::string_view bytes, std::uint64_t at) override;
    Result<void> on_frame_end() override;
    bool passes_on() const { return is_control(frame_.opcode) || message_ != http::WebSocketOpcode::text; }
    void write_fragment(std::size_t size, bool is_final);

    std::unique_ptr<rules::BodyRewriter> rewriter_;
    Random& random_;
    http::WebSocketFrameParser parser_;
    Buffer* out_ = nullptr;  // of the feed() that is running
    http::WebSocketFrame frame_;
    http::WebSocketOpcode message_ = http::WebSocketOpcode::text;      // the kind of the one under way
    http::WebSocketOpcode next_opcode_ = http::WebSocketOpcode::text;  // of its next frame
    Buffer unmasked_;
    Buffer rewritten_;
};

// Both directions of one connection.
class WebSocketFilter final {
public:
    // Where there is nothing to look for the origin's bytes, without a rewriter the sandbox's go on as they are.
    WebSocketFilter(ScrubChain scrub, std::unique_ptr<rules::BodyRewriter> rewriter, Random& random);

    Result<void> from_origin(std::string_view bytes, Buffer& to_sandbox);
    // Whether it is_rewriting(): wipe `to_origin` once it has gone out.
    Result<void> from_sandbox(std::string_view bytes, Buffer& to_origin);
    bool is_rewriting() const { return rewriter_ != nullptr; }
    // To be looked for too from here on. False where nothing was looked for so far: then frames are not followed.
    bool add_needles(const std::shared_ptr<const rules::NeedleSet>& needles);
    // How many needles were found in what came from the origin.
    std::uint64_t found() const { return scrubber_ ? scrubber_->found() : 0; }
    // And how many parts of needles.
    std::uint64_t parts() const { return scrubber_ ? scrubber_->parts() : 0; }

private:
    std::unique_ptr<WebSocketScrubber> scrubber_;
    std::unique_ptr<WebSocketRewriter> rewriter_;
};

}  // namespace sallyport::proxy
