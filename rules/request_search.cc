#include "rules/request_search.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/check.h"
#include "http/http1_codec.h"
#include "http/path.h"
#include "rules/repeated_value.h"

namespace sallyport::rules {
namespace {

// A rule that takes this many others out of the way one by one is not worth the stack.
constexpr std::size_t kDepthMax = 300;
constexpr std::string_view kAmbiguousPath = "/a//b";

// The three kinds of path that rules tell apart.
enum class PathKind { plain, asterisk, ambiguous };

// Requests that have not been ruled out, and one of them.
struct Box {
    PathKind kind = PathKind::plain;
    std::vector<std::string_view> methods;
    std::vector<TextCondition> path_conditions;
    std::string path;
    std::vector<RepeatedValue> query;
    std::vector<RepeatedValue> headers;
};

// The usual ones first: they make the better example.
const std::vector<std::string_view>& all_methods() {
    static const std::vector<std::string_view> kAll = [] {
        std::vector<std::string_view> methods{"GET", "POST", "PUT", "DELETE", "PATCH", "HEAD"};
        for (const std::string_view method : http::supported_methods()) {
            if (std::find(methods.begin(), methods.end(), method) == methods.end()) methods.push_back(method);
        }
        return methods;
    }();
    return kAll;
}

// What the request's other parts fix; nothing for all other fields.
std::optional<std::string> fixed_field(const std::string& name, const Origin& origin) {
    if (http::equals_ignoring_case(name, "Expect")) return "100-continue";
    if (!http::equals_ignoring_case(name, "Host")) return std::nullopt;
    return http::to_string(http::Authority{origin.host, origin.port, origin.is_address}, origin.scheme);
}

class RequestSearch {
public:
    RequestSearch(const SearchQuestion& question, Budget& budget)
        : question_(question), budget_(budget), is_in_the_way_(question.blocking.size()) {}

    SearchResult run() {
        for (const PathKind kind : {PathKind::plain, PathKind::asterisk, PathKind::ambiguous}) {
            Box box;
            box.kind = kind;
            const Search outcome = fill(box);
            if (outcome == Search::gave_up) is_unsure_ = true;
            if (outcome == Search::found && search(box, 0)) return std::move(result_);
            if (budget_.is_used_up()) is_unsure_ = true;
        }
        if (is_unsure_) return {Search::gave_up, {}, {}};
        for (std::size_t i = 0; i < is_in_the_way_.size(); ++i) {
            if (is_in_the_way_[i]) result_.in_the_way.push_back(question_.blocking[i]);
        }
        return std::move(result_);
    }

private:
    // All requests that the wanted rules match, and a first one.
    Search fill(Box& box) {
        box.methods = all_methods();
        if (box.kind == PathKind::asterisk) box.methods = {"OPTIONS"};
        for (const Rule* rule : question_.matching) {
            if (!may_match(*rule, box.kind)) return Search::none;
            if (!rule->methods.empty()) keep_methods(box, *rule, true);
            if (!rule->paths.empty()) box.path_conditions.push_back({rule->paths, true});
            for (const QueryCondition& each : rule->query) add_values(box.query, each.name);
            for (const HeaderCondition& each : rule->headers) add_values(box.headers, each.name);
        }
        for (const Rule* rule : question_.matching) add_conditions(box, *rule);
        for (const Glob* path : question_.paths) box.path_conditions.push_back(one(*path, false));
        return settle_all(box);
    }

    bool may_match(const Rule& rule, PathKind kind) const {
        if (rule.passthrough || !matches_endpoint(rule, question_.origin.scheme, question_.origin.port)) return false;
        const auto is_there = [](const HeaderCondition& each) { return !is_never_there(each.name); };
        if (!std::all_of(rule.headers.begin(), rule.headers.end(), is_there)) return false;
        if (kind == PathKind::asterisk && !rule.query.empty()) return false;
        if (rule.paths.empty() || kind == PathKind::plain) return true;
        if (kind == PathKind::ambiguous) return rule.deny;
        return std::any_of(rule.paths.begin(), rule.paths.end(), [](const Glob& glob) { return glob.matches("*"); });
    }

    static void add_values(std::vector<RepeatedValue>& all, const std::string& name) {
        // Not those that differ in case: a query key's case counts, and a field's may occur twice.
        const auto same = [&](const RepeatedValue& each) { return each.name == name; };
        if (std::none_of(all.begin(), all.end(), same)) all.emplace_back().name = name;
    }

    static void add_conditions(Box& box, const Rule& rule) {
        for (const QueryCondition& each : rule.query) {
            for (RepeatedValue& values : box.query) {
                if (rule.deny && values.name == each.name) values.some.push_back(one(each.value, true));
                if (!rule.deny && is_taken_for(values.name, each.name)) values.every.push_back(one(each.value, true));
            }
        }
        for (const HeaderCondition& each : rule.headers) {
            for (RepeatedValue& values : box.headers) {
                if (rule.deny && values.name == each.name) values.some.push_back(one(each.value, true));
                if (!rule.deny && http::equals_ignoring_case(values.name, each.name)) {
                    values.every.push_back(one(each.value, true));
                }
            }
        }
    }

    Search settle_all(Box& box) {
        if (box.methods.empty()) return Search::none;
        Search outcome = settle_path(box);
        for (RepeatedValue& values : box.query) {
            if (outcome == Search::found) outcome = settle(Universe::query_value, values, budget_);
        }
        for (RepeatedValue& values : box.headers) {
            if (outcome == Search::found) outcome = settle_field(values);
        }
        return outcome;
    }

    Search settle_path(Box& box) {
        if (box.kind != PathKind::plain) {
            box.path = box.kind == PathKind::asterisk ? std::string_view("*") : kAmbiguousPath;
            return Search::found;
        }
        FoundText found = find_text(Universe::path, box.path_conditions, budget_);
        box.path = std::move(found.text);
        return found.outcome;
    }

    Search settle_field(RepeatedValue& values) {
        const auto fixed = fixed_field(values.name, question_.origin);
        if (!fixed) return settle(Universe::field_value, values, budget_);
        values.is_fixed = true;
        values.texts = {*fixed};
        // There may be other spellings.
        const bool fits = meets(*fixed, values.every) && meets(*fixed, values.some);
        return fits ? Search::found : Search::gave_up;
    }

    // True where a request was found, which is in the result then.
    bool search(const Box& box, std::size_t depth) {
        result_.request = request_of(box);
        const auto request = canonical(question_.origin, result_.request);
        const auto headers = header_map(question_.origin, result_.request);
        for (const Rule* rule : question_.matching) {
            if (check_rule(*rule, request, headers).match == RuleMatch::yes) continue;
            is_unsure_ = true;
            return false;
        }
        const Rule* blocking = find_blocking(box, request, headers);
        if (blocking == nullptr) {
            if (!budget_.is_used_up()) result_.outcome = Search::found;
            return result_.outcome == Search::found;
        }
        if (depth == kDepthMax) is_unsure_ = true;
        return depth < kDepthMax && search_around(box, *blocking, depth);
    }

    // The one with the fewest ways around it. Null, too, where the budget is used up.
    const Rule* find_blocking(const Box& box, const http::CanonicalRequest& request, const http::HeaderMap& headers) {
        std::size_t found = question_.blocking.size();
        std::size_t fewest = 0;
        if (!budget_.spend(question_.blocking.size() + 1)) return nullptr;
        for (std::size_t i = 0; i < question_.blocking.size(); ++i) {
            const Rule& rule = *question_.blocking[i];
            if (!is_met(check_rule(rule, request, headers))) continue;
            const std::size_t ways = ways_around(box, rule);
            if (found == question_.blocking.size() || ways < fewest) {
                found = i;
                fewest = ways;
            }
        }
        if (found == question_.blocking.size()) return nullptr;
        is_in_the_way_[found] = true;
        return question_.blocking[found];
    }

    static std::size_t ways_around(const Box& box, const Rule& rule) {
        const bool has_path = !rule.paths.empty() && box.kind == PathKind::plain;
        return (rule.methods.empty() ? 0 : 1) + (has_path ? 1 : 0) + rule.query.size() + rule.headers.size();
    }

    bool search_around(const Box& box, const Rule& rule, std::size_t depth) {
        if (!rule.methods.empty()) {
            Box other = box;
            keep_methods(other, rule, false);
            if (!other.methods.empty() && search(other, depth + 1)) return true;
        }
        if (!rule.paths.empty() && box.kind == PathKind::plain) {
            Box other = box;
            other.path_conditions.push_back({rule.paths, false});
            if (is_found(settle_path(other)) && search(other, depth + 1)) return true;
        }
        for (const QueryCondition& each : rule.query) {
            const auto is_about = [&](const RepeatedValue& values) { return is_taken_for(values.name, each.name); };
            const auto settle_query = [&](RepeatedValue& values) {
                return settle(Universe::query_value, values, budget_);
            };
            if (search_around_values(box, &Box::query, rule, each.value, is_about, settle_query, depth)) return true;
        }
        for (const HeaderCondition& each : rule.headers) {
            const auto is_about = [&](const RepeatedValue& values) {
                return http::equals_ignoring_case(values.name, each.name);
            };
            const auto settle_header = [&](RepeatedValue& values) { return settle_field(values); };
            note_fixed(box, each);
            if (search_around_values(box, &Box::headers, rule, each.value, is_about, settle_header, depth)) return true;
        }
        return false;
    }

    // A deny matches where one occurrence does: none may. An allow, where all do: some may not.
    template <class IsAbout, class Settle>
    bool search_around_values(const Box& box, std::vector<RepeatedValue> Box::*part, const Rule& rule, const Glob& glob,
                              IsAbout is_about, Settle settle_one, std::size_t depth) {
        if (rule.deny) return search_without(box, part, glob, is_about, settle_one, depth);
        for (std::size_t i = 0; i < (box.*part).size(); ++i) {
            if (!is_about((box.*part)[i]) || (box.*part)[i].is_fixed) continue;
            Box other = box;
            RepeatedValue& values = (other.*part)[i];
            values.some.push_back(one(glob, false));
            if (is_found(settle_one(values)) && search(other, depth + 1)) return true;
        }
        return false;
    }

    template <class IsAbout, class Settle>
    bool search_without(const Box& box, std::vector<RepeatedValue> Box::*part, const Glob& glob, IsAbout is_about,
                        Settle settle_one, std::size_t depth) {
        Box other = box;
        bool is_changed = false;
        for (RepeatedValue& values : other.*part) {
            if (!is_about(values)) continue;
            if (values.is_fixed) return false;
            values.every.push_back(one(glob, false));
            if (!is_found(settle_one(values))) return false;
            is_changed = true;
        }
        return is_changed && search(other, depth + 1);
    }

    // Other spellings of the same value might not match: that there is no way around is not certain then.
    void note_fixed(const Box& box, const HeaderCondition& condition) {
        if (!fixed_field(condition.name, question_.origin)) return;
        const bool is_there = http::equals_ignoring_case(condition.name, "Host") ||
                              std::any_of(box.headers.begin(), box.headers.end(), [&](const RepeatedValue& values) {
                                  return http::equals_ignoring_case(values.name, condition.name);
                              });
        const auto other = find_text(Universe::field_value, {one(condition.value, false)}, budget_);
        if (is_there && other.outcome != Search::none) is_unsure_ = true;
    }

    bool is_found(Search outcome) {
        if (outcome == Search::gave_up) is_unsure_ = true;
        return outcome == Search::found;
    }

    static void keep_methods(Box& box, const Rule& rule, bool listed) {
        std::erase_if(box.methods, [&](std::string_view method) {
            const bool is_listed = std::find(rule.methods.begin(), rule.methods.end(), method) != rule.methods.end();
            return is_listed != listed;
        });
    }

    static FoundRequest request_of(const Box& box) {
        FoundRequest request{std::string(box.methods.front()), box.path, {}};
        char separator = '?';
        for (const RepeatedValue& values : box.query) {
            for (const std::string& text : values.texts) {
                request.target += separator;
                append_encoded(request.target, values.name);
                request.target += '=';
                append_encoded(request.target, text);
                separator = '&';
            }
        }
        for (const RepeatedValue& values : box.headers) {
            if (http::equals_ignoring_case(values.name, "Host")) continue;
            for (const std::string& text : values.texts) request.headers.emplace_back(values.name, text);
        }
        return request;
    }

    const SearchQuestion& question_;
    Budget& budget_;
    std::vector<bool> is_in_the_way_;
    bool is_unsure_ = false;
    SearchResult result_;
};

}  // namespace

SearchResult find_request(const SearchQuestion& question, Budget& budget) {
    return RequestSearch(question, budget).run();
}

http::CanonicalRequest canonical(const Origin& origin, const FoundRequest& request) {
    http::CanonicalRequest canonical;
    canonical.method = request.method;
    canonical.scheme = origin.scheme;
    canonical.authority = {origin.host, origin.port, origin.is_address};
    if (request.target == "*") {
        canonical.target.path = canonical.target.raw_path = "*";
        return canonical;
    }
    auto target = http::canonical_target(request.target);
    SALLYPORT_CHECK(target.has_value());
    canonical.target = std::move(*target);
    return canonical;
}

http::HeaderMap header_map(const Origin& origin, const FoundRequest& request) {
    http::HeaderMap headers;
    headers.add("Host", http::to_string(http::Authority{origin.host, origin.port, origin.is_address}, origin.scheme));
    for (const auto& header : request.headers) headers.add(header.first, header.second);
    return headers;
}

std::string url_of(const Origin& origin, const std::string& target) {
    const http::Authority authority{origin.host, origin.port, origin.is_address};
    return std::string(http::to_string(origin.scheme)) + "://" + http::to_string(authority, origin.scheme) +
           (target == "*" ? "" : target);
}

bool is_met(const RuleCheck& check) {
    return check.match == RuleMatch::yes || check.match == RuleMatch::ambiguous_path;
}

}  // namespace sallyport::rules
