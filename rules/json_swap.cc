#include "rules/json_swap.h"

#include <algorithm>

namespace sallyport::rules {
namespace {

constexpr std::string_view kEveryElement = "*";

std::optional<std::string> unescape_pointer(std::string_view token) {
    std::string text;
    for (std::size_t i = 0; i < token.size(); ++i) {
        if (token[i] != '~') {
            text += token[i];
            continue;
        }
        if (++i == token.size() || (token[i] != '0' && token[i] != '1')) return std::nullopt;
        text += token[i] == '0' ? '~' : '/';
    }
    return text;
}

bool is_at(const JsonScan::Level& level, const std::string& step) {
    if (!level.is_array) return !level.is_cut && level.key == step;
    return step == kEveryElement || step == std::to_string(level.index);
}

}  // namespace

std::optional<JsonPlace> parse_json_place(std::string_view pointer) {
    if (!pointer.starts_with('/')) return std::nullopt;
    JsonPlace place;
    while (!pointer.empty()) {
        pointer.remove_prefix(1);
        const auto end = std::min(pointer.find('/'), pointer.size());
        auto step = unescape_pointer(pointer.substr(0, end));
        if (!step || step->size() > kJsonKeyBytesMax) return std::nullopt;
        place.push_back(std::move(*step));
        pointer.remove_prefix(end);
    }
    return place.size() <= kJsonDepthMax ? std::optional(std::move(place)) : std::nullopt;
}

Result<void> JsonSwap::feed(std::string_view bytes, Buffer& out) {
    for (const char c : bytes) {
        has_begun_ = true;
        const bool is_inside = scan_.is_in_string_value();
        if (!take(scan_.feed(c))) return failure(ErrorCode::body_unreadable, "not JSON as all read it");
        if (auto fed = swap_.feed(c, is_inside && is_declared_, out); !fed) return fed;
    }
    return {};
}

Result<void> JsonSwap::finish(Buffer& out) {
    if (has_begun_ && !scan_.finish()) return failure(ErrorCode::body_unreadable, "the JSON ends too early");
    return swap_.finish(out);
}

bool JsonSwap::take(JsonScan::Event event) {
    switch (event) {
        case JsonScan::Event::bad: return false;
        case JsonScan::Event::opens: seen_.push_back(0); return true;
        case JsonScan::Event::closes: seen_.pop_back(); return true;
        case JsonScan::Event::key: return take_key();
        case JsonScan::Event::string_begins: is_declared_ = is_declared(); return true;
        default: return true;
    }
}

bool JsonSwap::take_key() {
    std::uint32_t& seen = seen_.back();
    for (std::size_t i = 0; i < places_.size(); ++i) {
        if (places_[i].size() < seen_.size() || !leads_to(places_[i], seen_.size())) continue;
        const std::uint32_t bit = std::uint32_t{1} << i;
        if ((seen & bit) != 0) return false;
        seen |= bit;
    }
    return true;
}

bool JsonSwap::leads_to(const JsonPlace& place, std::size_t depth) const {
    return std::equal(scan_.levels().begin(), scan_.levels().begin() + static_cast<std::ptrdiff_t>(depth), place.begin(),
                      is_at);
}

bool JsonSwap::is_declared() const {
    const std::size_t depth = scan_.levels().size();
    return std::any_of(places_.begin(), places_.end(), [&](const JsonPlace& place) {
        return place.size() == depth && leads_to(place, depth);
    });
}

}  // namespace sallyport::rules
