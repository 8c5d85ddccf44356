#include "admin/json_text.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>
#include <vector>

#include "admin/limits.h"
#include "base/json.h"
#include "http/characters.h"

namespace sallyport::admin {
namespace {

// What nlohmann's reader reports, counted instead of kept.
class Judge final : public nlohmann::json_sax<nlohmann::json> {
public:
    bool null() override { return count(); }
    bool boolean(bool) override { return count(); }
    bool number_integer(number_integer_t) override { return count(); }
    bool number_unsigned(number_unsigned_t) override { return count(); }
    bool number_float(number_float_t, const string_t&) override { return count(); }
    bool string(string_t&) override { return count(); }
    bool binary(binary_t&) override { return refuse("binary values are not JSON"); }
    bool start_object(std::size_t) override { return open(); }
    bool key(string_t& name) override {
        if (keys_.back().insert(name).second) return true;
        return refuse("the key \"" + name.substr(0, 64) + "\" is there twice in one object");
    }
    bool end_object() override { return close(); }
    bool start_array(std::size_t) override { return open(); }
    bool end_array() override { return close(); }
    bool parse_error(std::size_t position, const std::string&, const nlohmann::json::exception&) override {
        return refuse("this is not JSON at byte " + std::to_string(position));
    }

    std::string why;

private:
    bool open() {
        if (keys_.size() == kJsonDepthMax) return refuse("the JSON is nested too deeply");
        keys_.emplace_back();
        return count();
    }
    bool close() {
        keys_.pop_back();
        return true;
    }
    bool count() { return ++values_ <= kJsonValuesMax || refuse("the JSON has too many values"); }
    bool refuse(std::string text) {
        why = std::move(text);
        return false;
    }

    std::vector<std::set<std::string>> keys_;  // of each object, or array, that is open
    std::size_t values_ = 0;
};

bool is_above_ascii(char c) { return static_cast<unsigned char>(c) >= 0x7f; }

}  // namespace

Result<void> check_json(std::string_view text) {
    // The reader takes it for the end of the text, and what comes after it for nothing.
    if (text.find('\0') != std::string_view::npos) return failure(ErrorCode::bad_request, "JSON has no NUL bytes");
    Judge judge;
    if (nlohmann::json::sax_parse(text, &judge)) return {};
    return failure(ErrorCode::bad_request, judge.why);
}

std::string printable_json(std::string json) {
    if (http::is_printable(json, 0x20)) return json;
    std::string out;
    out.reserve(json.size() + json.size() / 8);
    for (std::size_t i = 0; i < json.size();) {
        // Outside of strings only blanks are below 0x20; inside there are none in what is JSON.
        if (!is_above_ascii(json[i])) {
            out += static_cast<unsigned char>(json[i]) < 0x20 ? ' ' : json[i];
            ++i;
            continue;
        }
        const auto end = std::find_if_not(json.begin() + static_cast<std::ptrdiff_t>(i), json.end(), is_above_ascii);
        const auto size = static_cast<std::size_t>(end - json.begin()) - i;
        std::string escaped;
        append_json_string(escaped, std::string_view(json).substr(i, size));
        out.append(escaped, 1, escaped.size() - 2);
        i += size;
    }
    return out;
}

}  // namespace sallyport::admin
