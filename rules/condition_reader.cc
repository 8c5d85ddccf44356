#include "rules/condition_reader.h"

#include <algorithm>
#include <array>

#include "http/header_map.h"
#include "http/http1_codec.h"
#include "http/path.h"
#include "rules/fields.h"
#include "rules/token.h"

namespace sallyport::rules {
namespace {

constexpr std::array<std::string_view, 9> kMethods{"GET",   "HEAD",    "POST",     "PUT",   "DELETE",
                                                   "PATCH", "OPTIONS", "PROPFIND", "REPORT"};

bool is_printable(std::string_view text) {
    return !text.empty() && std::none_of(text.begin(), text.end(),
                                         [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; });
}

class ConditionReader {
public:
    ConditionReader(const Node& node, Rule& rule, Reporter& reporter) : node_(node), rule_(rule), reporter_(reporter) {}

    void read() {
        if (const Node* value = find(node_, "methods")) read_methods(*value);
        if (const Node* value = find(node_, "paths")) read_paths(*value);
        if (const Node* value = find(node_, "query")) read_query(*value);
        if (const Node* value = find(node_, "headers")) read_headers(*value, "headers");
    }

    void read_headers(const Node& value, std::string_view key) {
        each_condition(value, key, [&](const Entry& entry, Glob glob) {
            if (!is_token(entry.key))
                return reporter_.error(entry.place, quote(entry.key) + " is not the name of a header");
            const auto same = [&](const HeaderCondition& other) {
                return http::equals_ignoring_case(other.name, entry.key);
            };
            if (std::any_of(rule_.headers.begin(), rule_.headers.end(), same)) {
                return reporter_.error(entry.place,
                                       "duplicate key " + quote(entry.key) + ": header names have no case");
            }
            rule_.headers.push_back({entry.key, std::move(glob)});
        });
    }

private:
    void read_methods(const Node& value) {
        each_text(value, "methods", ListForm::list_only, reporter_, [&](const Node& item, std::string_view text) {
            std::string upper(text);
            for (char& c : upper) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - ('a' - 'A')) : c;
            if (!is_token(text)) {
                reporter_.error(item.place, quote(text) + " is not a method");
            } else if (upper != text) {
                reporter_.error(item.place, quote(text) + " is not a method: methods are upper case, did you mean " +
                                                quote(upper) + "?");
            } else if (!http::is_supported_method(text)) {
                reporter_.error(item.place,
                                quote(text) + " is not a method that is supported" + reporter_.suggest(text, kMethods));
            } else {
                rule_.methods.push_back(std::move(upper));
            }
        });
    }

    void read_paths(const Node& value) {
        each_text(value, "paths", ListForm::list_only, reporter_, [&](const Node& item, std::string_view text) {
            if (auto path = canonical_pattern(item, text)) add_glob(item, *path, GlobKind::path, rule_.paths);
        });
    }

    // Requests are compared in canonical form, so a pattern in another form would never match.
    std::optional<std::string> canonical_pattern(const Node& item, std::string_view text) {
        const auto refuse = [&](std::string_view why) {
            reporter_.error(item.place, quote(text) + " is not a path pattern: " + std::string(why));
            return std::nullopt;
        };
        if (text == "*") return std::string(text);
        if (!text.starts_with('/')) return refuse("it must begin with '/'");
        if (text.find_first_of("?#") != text.npos) return refuse("it ends before '?', use the key \"query\"");
        auto target = http::canonical_target(text);
        if (!target) return refuse("no request has such a path");
        if (target->ambiguous) return refuse("requests with such a path are refused as ambiguous");
        return std::move(target->path);
    }

    template <class Globs>
    void add_glob(const Node& item, std::string_view text, GlobKind kind, Globs& globs) {
        auto glob = Glob::compile(text, kind);
        if (!glob) return reporter_.error(item.place, glob.error().detail);
        globs.push_back(std::move(*glob));
    }

    // Calls `add(entry, glob)` for each entry of a mapping from names to patterns.
    template <class Add>
    void each_condition(const Node& value, std::string_view key, Add add) {
        if (!expect_map(value, quote(key), reporter_)) return;
        for (const Entry& entry : value.entries) {
            // The empty pattern is a condition too: the value is empty.
            const bool is_text = entry.value.kind == NodeKind::scalar;
            if (!is_text) {
                reporter_.error(entry.value.place, quote(entry.key) + " must be a string");
                continue;
            }
            auto glob = Glob::compile(entry.value.text, GlobKind::text);
            if (!glob) {
                reporter_.error(entry.value.place, glob.error().detail);
                continue;
            }
            add(entry, std::move(*glob));
        }
    }

    void read_query(const Node& value) {
        each_condition(value, "query", [&](const Entry& entry, Glob glob) {
            if (!is_printable(entry.key)) return reporter_.error(entry.place, quote(entry.key) + " is not a query key");
            rule_.query.push_back({entry.key, std::move(glob)});
        });
    }

    const Node& node_;
    Rule& rule_;
    Reporter& reporter_;
};

}  // namespace

void read_conditions(const Node& node, Rule& rule, Reporter& reporter) { ConditionReader(node, rule, reporter).read(); }

void read_header_conditions(const Node& value, std::string_view key, Rule& rule, Reporter& reporter) {
    ConditionReader(value, rule, reporter).read_headers(value, key);
}

}  // namespace sallyport::rules
