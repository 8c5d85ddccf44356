// Feeds a BodyRewriter in pieces.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "rules/credential_action.h"

namespace sallyport::rules {

using MakeRewriter = std::function<std::unique_ptr<BodyRewriter>()>;

// What goes out; or the error's tag, behind it what had gone out by then.
inline std::string rewritten(BodyRewriter& rewriter, std::string_view text, const std::function<std::size_t()>& piece) {
    Buffer out;
    Result<void> outcome;
    while (outcome && !text.empty()) {
        const std::size_t size = std::min(std::max<std::size_t>(piece(), 1), text.size());
        outcome = rewriter.feed(text.substr(0, size), out);
        text.remove_prefix(size);
    }
    if (outcome) outcome = rewriter.finish(out);
    return outcome ? std::string(out.view()) : std::string(tag(outcome.error().code)) + " after " + std::string(out.view());
}

// The same whole, byte by byte and at every split; else what differs.
inline std::string rewritten_always(const MakeRewriter& make, std::string_view text) {
    const std::string whole = rewritten(*make(), text, [&] { return text.size(); });
    if (const auto bytes = rewritten(*make(), text, [] { return 1; }); bytes != whole) return "byte by byte: " + bytes;
    for (std::size_t split = 1; split < text.size(); ++split) {
        bool is_first = true;
        const auto piece = [&] { return std::exchange(is_first, false) ? split : text.size(); };
        if (const auto cut = rewritten(*make(), text, piece); cut != whole) return "split: " + cut;
    }
    return whole;
}

}  // namespace sallyport::rules
