#include "rules/placeholders.h"

#include <algorithm>

#include "base/secret_string.h"
#include "http/header_map.h"
#include "rules/basic_value.h"

namespace sallyport::rules {
namespace {

constexpr std::string_view kAlphabet = "abcdefghijklmnopqrstuvwxyz234567";

bool is_random_char(char c) { return (c >= 'a' && c <= 'z') || (c >= '2' && c <= '7'); }

bool mentions_encoded(std::string_view value) {
    const auto pair = read_basic(value);
    return pair && mentions_placeholder(pair->view());
}

}  // namespace

std::string make_placeholder(std::string_view prefix, std::size_t size, Random& random) {
    const std::size_t fixed = prefix.size() + kPlaceholderMark.size();
    const std::size_t wanted = std::min(size, kPlaceholderBytesMax);
    const std::size_t count = std::max(wanted > fixed ? wanted - fixed : 0, kPlaceholderRandomMin);
    std::string text(prefix);
    text += kPlaceholderMark;
    std::string bytes(count, '\0');
    random.fill({reinterpret_cast<unsigned char*>(bytes.data()), bytes.size()});
    for (const char byte : bytes) text += kAlphabet[static_cast<unsigned char>(byte) & 31];
    return text;
}

std::string_view find_placeholder(std::string_view text, std::size_t from) {
    const auto at = text.find(kPlaceholderMark, from);
    if (at == text.npos) return {};
    std::size_t end = at + kPlaceholderMark.size();
    while (end < text.size() && is_random_char(text[end])) ++end;
    return text.substr(at, end - at);
}

bool mentions_placeholder(const http::RequestHead& head) {
    if (mentions_placeholder(std::string_view(head.target))) return true;
    for (const http::HeaderMap::Field field : head.headers) {
        if (mentions_placeholder(field.value) || mentions_placeholder(field.name) || mentions_encoded(field.value)) return true;
    }
    return false;
}

Result<void> refuse_placeholders(const http::RequestHead& head) {
    if (!mentions_placeholder(head)) return {};
    return failure(ErrorCode::placeholder_misused, "in the head");
}

std::shared_ptr<const Placeholders> Placeholders::make(std::span<const PlaceholderNeed> needs,
                                                       const Placeholders* earlier, Random& random) {
    auto made = std::make_shared<Placeholders>();
    if (earlier != nullptr) made->entries_ = earlier->entries_;
    for (const PlaceholderNeed& need : needs) {
        Entry& entry = made->entries_[need.credential];
        entry.variable = need.variable;
        // Another prefix is another placeholder: it would be looked for in vain.
        if (!entry.text.empty() && entry.text.starts_with(need.prefix + std::string(kPlaceholderMark))) continue;
        const std::size_t fixed = need.prefix.size() + kPlaceholderMark.size();
        const std::size_t size = need.secret_size != 0 ? need.secret_size : fixed + kPlaceholderRandomDefault;
        entry.text = make_placeholder(need.prefix, size, random);
    }
    return made;
}

std::string_view Placeholders::of(std::string_view credential) const {
    const auto found = entries_.find(credential);
    return found == entries_.end() ? std::string_view() : std::string_view(found->second.text);
}

}  // namespace sallyport::rules
