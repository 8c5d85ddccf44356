#include "proxy/section_scrub.h"

#include <string>
#include <string_view>
#include <utility>

#include "base/secret_string.h"

namespace sallyport::proxy {
namespace {

// No needle goes on over the end of a line, and neither a name nor a value has one in it.
constexpr char kEnd = '\n';

// All names and values in one text, so that a section costs one scan. Wiped: it holds what is taken out.
struct Section {
    explicit Section(const http::HeaderMap& fields) {
        text.reserve(fields.wire_size());
        for (const auto [name, value] : fields) text.append(name).append(1, kEnd).append(value).append(1, kEnd);
    }
    Section(const Section&) = delete;
    Section& operator=(const Section&) = delete;
    ~Section() { wipe_bytes(text.data(), text.size()); }

    std::string text;
};

std::string_view take(std::string_view& text, std::size_t size) {
    const std::string_view part = text.substr(0, size);
    text.remove_prefix(size + 1);
    return part;
}

}  // namespace

void scrub_fields(ScrubChain& scrub, http::HeaderMap& fields) {
    Section section(fields);
    if (!scrub.scrub_whole(section.text)) return;
    http::HeaderMap clean;
    std::string_view rest = section.text;
    for (const auto [name, value] : fields) {
        const std::string_view clean_name = take(rest, name.size());
        const std::string_view clean_value = take(rest, value.size());
        if (clean_name == name) clean.add(name, clean_value);
    }
    fields.wipe();
    fields = std::move(clean);
}

void scrub_head(ScrubChain& scrub, http::ResponseHead& head) {
    scrub.scrub_whole(head.reason);
    scrub_fields(scrub, head.headers);
}

}  // namespace sallyport::proxy
