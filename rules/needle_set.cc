#include "rules/needle_set.h"

#include <algorithm>

#include "base/buffer.h"
#include "base/check.h"
#include "rules/needle_edges.h"
#include "rules/utf16.h"

namespace sallyport::rules {
namespace {

using Texts = std::vector<std::string_view>;
using Start = NeedleSet::Start;

void add_text(Texts& texts, std::string_view text) {
    if (!can_be_needle(text)) return;
    if (std::find(texts.begin(), texts.end(), text) == texts.end()) texts.push_back(text);
}

bool has_any(std::string_view value, const Texts& texts) {
    return std::any_of(texts.begin(), texts.end(),
                       [&](std::string_view text) { return value.find(text) != value.npos; });
}

// "Basic dXNlcjpwYXNz=" to "dXNlcjpwYXNz".
std::string_view bare_credentials(std::string_view rendered) {
    rendered.remove_prefix(std::min(rendered.find(' ') + 1, rendered.size()));
    return rendered.substr(0, rendered.find_last_not_of('=') + 1);
}

Texts texts_of(std::span<const std::string_view> secrets, std::span<const std::string_view> rendered) {
    Texts texts;
    for (const auto secret : secrets) add_text(texts, secret);
    const Texts as_they_are = texts;
    for (const auto value : rendered) {
        if (!has_any(value, as_they_are)) add_text(texts, bare_credentials(value));
    }
    return texts;
}

// None of these is a character of base64, of hexadecimal digits or of an escape.
char fill_for(const Texts& texts) {
    for (const char c : std::string_view("*~!.,:|^$@?(){}[]<> ")) {
        const bool is_used =
            std::any_of(texts.begin(), texts.end(), [&](std::string_view text) { return text.find(c) != text.npos; });
        if (!is_used) return c;
    }
    return '*';
}

bool is_ascii(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

// Every way in which one needle may begin, by the first byte and by the start_key() of more.
class StartCollector final {
public:
    explicit StartCollector(WipedVector<Start>& starts) : starts_(starts) {}

    void collect(const Needle& needle, std::uint32_t index) {
        index_ = index;
        for_each_edge(needle, {}, [&](std::uint8_t byte, const NeedleState&) { starts_.push_back({byte, index_}); });
        follow(needle, {}, 0);
    }

private:
    struct Edge {
        std::uint8_t byte;
        NeedleState next;

        friend bool operator==(const Edge&, const Edge&) = default;
    };

    void follow(const Needle& needle, const NeedleState& state, std::size_t size) {
        const std::uint32_t key = size < kStartBytes ? 0 : start_key({start_, size});
        if (key > 255) {
            starts_.push_back({key, index_});
            return;
        }
        // A letter leads to one place in either case, mostly: then one of them is enough.
        std::vector<Edge>& edges = edges_[size];
        edges.clear();
        for_each_edge(needle, state, [&](std::uint8_t byte, const NeedleState& next) {
            const Edge edge{static_cast<std::uint8_t>(byte | 32), next};
            if (std::find(edges.begin(), edges.end(), edge) == edges.end()) edges.push_back(edge);
        });
        for (std::size_t i = 0; i < edges.size(); ++i) {
            const NeedleState next = edges[i].next;
            start_[size] = static_cast<char>(edges[i].byte);
            follow(needle, next, size + 1);
        }
    }

    static constexpr std::size_t kKeyBytesMax = kStartBytes + 2;

    WipedVector<Start>& starts_;
    std::vector<Edge> edges_[kKeyBytesMax];
    char start_[kKeyBytesMax] = {};
    std::uint32_t index_ = 0;
};

template <class T>
void keep_each_once(WipedVector<T>& values) {
    std::sort(values.begin(), values.end());
    values.erase(std::unique(values.begin(), values.end()), values.end());
}

}  // namespace

std::shared_ptr<const NeedleSet> NeedleSet::compile(std::span<const std::string_view> secrets,
                                                    std::span<const std::string_view> rendered,
                                                    StartFilter::Speed speed) {
    const auto set = std::make_shared<NeedleSet>();
    const Texts texts = texts_of(secrets, rendered);
    set->fill_ = fill_for(texts);
    set->add_needles(texts);
    set->add_starts(speed);
    return set;
}

void NeedleSet::add_needles(std::span<const std::string_view> texts) {
    Buffer all;
    std::vector<std::size_t> ends;
    for (const auto text : texts) {
        all.append(text);
        ends.push_back(all.size());
        append_utf16_le(all, text);
        ends.push_back(all.size());
    }
    texts_ = SecretString(all.view());
    all.wipe();
    const auto add = [&](std::string_view text, Form form) {
        needles_.push_back(make_needle(text, form));
        longest_bytes_ = std::max(longest_bytes_, rules::longest_bytes(needles_.back()));
    };
    std::size_t begin = 0;
    for (std::size_t i = 0; i < ends.size(); i += 2) {
        const auto text = texts_.reveal().substr(begin, ends[i] - begin);
        const auto utf16 = texts_.reveal().substr(ends[i], ends[i + 1] - ends[i]);
        for (const auto form : {Form::text, Form::hex, Form::base64_0, Form::base64_1, Form::base64_2}) add(text, form);
        for (const auto form : {Form::utf16_le, Form::utf16_be}) add(utf16, form);
        if (!is_ascii(text)) add(utf16, Form::code_units);
        begin = ends[i + 1];
    }
}

void NeedleSet::add_starts(StartFilter::Speed speed) {
    WipedVector<Start> starts;
    StartCollector collector(starts);
    for (std::size_t i = 0; i < needles_.size(); ++i) collector.collect(needles_[i], static_cast<std::uint32_t>(i));
    keep_each_once(starts);
    WipedVector<std::uint32_t> keys;
    for (const Start& start : starts) {
        if (start.key > 255) keys.push_back((start.key & 0x20000000u) == 0 ? kUnicodeStart : start.key);
    }
    keep_each_once(keys);
    filter_ = StartFilter(keys, speed);
    starts_ = LockedArray<Start>(starts);
}

std::span<const NeedleSet::Start> NeedleSet::starting_with(std::uint32_t key) const {
    const auto by_key = [](const Start& a, const Start& b) { return a.key < b.key; };
    const auto all = starts_.span();
    const auto [first, last] = std::equal_range(all.begin(), all.end(), Start{key, 0}, by_key);
    return {first, last};
}

}  // namespace sallyport::rules
