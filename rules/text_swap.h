// Puts a secret where its placeholder stands in bytes that pass, at any split. Holds back no more than what may be the
// beginning of the placeholder, which needs no memory: it is known what it is. Whether a place is one where the
// credential may go is said byte by byte by whoever reads the format around it. Everything else that bears the mark is
// misplaced: the placeholder elsewhere, another sandbox's, one that somebody guessed.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "base/result.h"
#include "rules/credential_action.h"

namespace sallyport::rules {

enum class Misplaced { block, pass };

// What is looked for. Owned by a credential's action, outlives those that use it.
struct SwapPattern {
    SwapPattern() = default;
    explicit SwapPattern(std::string_view placeholder);

    std::string text;                   // empty: nothing is exchanged
    std::size_t mark_end = 0;           // behind the mark, in `text`
    std::vector<std::size_t> fallback;  // of Knuth, Morris and Pratt: the longest border of each beginning
    Misplaced misplaced = Misplaced::block;
};

class TextSwap final {
public:
    // `secret` is as it has to stand there, escaped or encoded; it and `pattern` outlive this.
    TextSwap(const SwapPattern& pattern, std::string_view secret, unsigned count_max)
        : pattern_(pattern), secret_(secret), count_left_(count_max) {}

    // Appends to `out` what is settled. placeholder_misused for what is misplaced, and for more of them than may be.
    Result<void> feed(char c, bool is_declared, Buffer& out);
    // Nothing of what follows belongs to what was before.
    Result<void> finish(Buffer& out);

    std::size_t held_bytes() const { return matched_; }

private:
    Result<void> release(std::size_t size, Buffer& out);
    Result<void> complete(bool is_declared, Buffer& out);
    Result<void> misplaced() const;
    void follow_mark(char c);

    const SwapPattern& pattern_;
    const std::string_view secret_;
    unsigned count_left_;
    std::size_t matched_ = 0;       // of the placeholder: held back
    std::size_t mark_matched_ = 0;  // of the mark
};

// The text messages of a WebSocket, one after the other: the placeholder may stand anywhere in them.
class MessageSwap final : public BodyRewriter {
public:
    MessageSwap(const SwapPattern& pattern, std::string_view secret, unsigned count_max)
        : swap_(pattern, secret, count_max) {}

    Result<void> feed(std::string_view bytes, Buffer& out) override;
    Result<void> finish(Buffer& out) override { return swap_.finish(out); }

private:
    TextSwap swap_;
};

}  // namespace sallyport::rules
