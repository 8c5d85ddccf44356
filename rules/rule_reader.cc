#include "rules/rule_reader.h"

#include <algorithm>
#include <array>

#include "http/authority.h"
#include "http/header_map.h"
#include "http/http1_codec.h"
#include "http/path.h"
#include "rules/credential_reader.h"
#include "rules/credential_rule.h"
#include "rules/fields.h"
#include "rules/token.h"

namespace sallyport::rules {
namespace {

constexpr std::size_t kRuleNameBytesMax = 128;

constexpr std::array<std::string_view, 12> kKeys{
    "name",  "host",    "port", "scheme", "methods",    "paths",
    "query", "headers", "cidr", "deny",   "credential", "allow_cleartext_credential",
};
constexpr std::array<std::string_view, 14> kUnsupportedKeys{
    "handler", "tcp",       "tls",   "upstream", "respond", "limit",    "limits",
    "script",  "websocket", "scrub", "approval", "budget",  "redirect", "placeholder",
};
constexpr std::array<std::string_view, 2> kSchemes{"http", "https"};
constexpr std::array<std::string_view, 9> kMethods{"GET",   "HEAD",    "POST",     "PUT",   "DELETE",
                                                   "PATCH", "OPTIONS", "PROPFIND", "REPORT"};

bool is_printable(std::string_view text) {
    return !text.empty() && std::none_of(text.begin(), text.end(),
                                         [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; });
}

class RuleReader {
public:
    RuleReader(const Node& node, Rule& rule, Reporter& reporter) : node_(node), rule_(rule), reporter_(reporter) {}

    void read() {
        with("name", [&](const Node& value) { read_name(value); });
        with("host", [&](const Node& value) { read_hosts(value); });
        with("cidr", [&](const Node& value) { read_networks(value); });
        with("port", [&](const Node& value) { read_ports(value); });
        with("scheme", [&](const Node& value) { read_scheme(value); });
        with("methods", [&](const Node& value) { read_methods(value); });
        with("paths", [&](const Node& value) { read_paths(value); });
        with("query", [&](const Node& value) { read_query(value); });
        with("headers", [&](const Node& value) { read_headers(value); });
        with("deny", [&](const Node& value) { rule_.deny = read_flag(value, "deny", reporter_).value_or(false); });
        with("allow_cleartext_credential", [&](const Node& value) {
            rule_.allow_cleartext_credential =
                read_flag(value, "allow_cleartext_credential", reporter_).value_or(false);
        });
        check_target();
    }

private:
    template <class Read>
    void with(std::string_view key, Read read) {
        if (const Node* value = find(node_, key)) read(*value);
    }

    template <class Take>
    void each_text(const Node& value, std::string_view key, ListForm form, Take take) {
        for (const Node* item : read_list(value, key, form, reporter_)) {
            if (const auto text = read_text(*item, key, reporter_)) take(*item, *text);
        }
    }

    void read_name(const Node& value) {
        const auto name = read_text(value, "name", reporter_);
        if (!name) return;
        rule_.label = *name;
        // A log line must not take one rule for another.
        if (*name == "default" || name->starts_with("rules[")) {
            reporter_.error(value.place, quote(*name) + " may not be the name of a rule");
        } else if (name->size() > kRuleNameBytesMax) {
            reporter_.error(value.place, "a rule's name has 128 bytes at most");
        }
    }

    void read_hosts(const Node& value) {
        each_text(value, "host", ListForm::one_or_list, [&](const Node& item, std::string_view text) {
            if (auto literal = http::canonical_ip_literal(text)) {
                rule_.addresses.push_back(std::move(*literal));
                return;
            }
            auto pattern = parse_host_pattern(text);
            if (!pattern) return reporter_.error(item.place, pattern.error().detail);
            rule_.hosts.push_back(std::move(*pattern));
        });
    }

    void read_networks(const Node& value) {
        each_text(value, "cidr", ListForm::one_or_list, [&](const Node& item, std::string_view text) {
            const auto network = parse_network(text);
            if (!network) return reporter_.error(item.place, network.error().detail);
            rule_.networks.push_back(*network);
            rule_.network_texts.push_back(to_string(*network));
        });
    }

    void read_ports(const Node& value) {
        for (const Node* item : read_list(value, "port", ListForm::one_or_list, reporter_)) {
            if (const auto port = read_port(*item, "port", reporter_)) rule_.ports.push_back(*port);
        }
    }

    void read_scheme(const Node& value) {
        const auto scheme = read_text(value, "scheme", reporter_);
        if (!scheme) return;
        rule_.http = *scheme == "http";
        rule_.https = *scheme == "https";
        if (rule_.http || rule_.https) return;
        reporter_.error(value.place, "\"scheme\" must be http or https, not " + quote(*scheme) +
                                         reporter_.suggest(*scheme, kSchemes));
    }

    void read_methods(const Node& value) {
        each_text(value, "methods", ListForm::list_only, [&](const Node& item, std::string_view text) {
            std::string upper(text);
            for (char& c : upper) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - ('a' - 'A')) : c;
            if (!is_token(text)) {
                reporter_.error(item.place, quote(text) + " is not a method");
            } else if (upper != text) {
                reporter_.error(item.place, quote(text) + " is not a method: methods are upper case, did you mean " +
                                                quote(upper) + "?");
            } else if (!http::is_supported_method(text)) {
                reporter_.error(item.place, quote(text) + " is not a method that is supported" + reporter_.suggest(text, kMethods));
            } else {
                rule_.methods.push_back(std::move(upper));
            }
        });
    }

    void read_paths(const Node& value) {
        each_text(value, "paths", ListForm::list_only, [&](const Node& item, std::string_view text) {
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

    void read_headers(const Node& value) {
        each_condition(value, "headers", [&](const Entry& entry, Glob glob) {
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

    void check_target() {
        const Node* host = find(node_, "host");
        const Node* cidr = find(node_, "cidr");
        if (host == nullptr && cidr == nullptr) {
            // Its own message says more: "hosts", or "tcp", which this version does not have.
            if (has_foreign_key(node_, kKeys)) return;
            return reporter_.error(node_.place, "a rule needs \"host\" or \"cidr\"");
        }
        if (cidr == nullptr) return;
        if (rule_.deny && host != nullptr) {
            return reporter_.error(cidr->place,
                                   "a rule with \"deny\" has either \"host\" or \"cidr\": it is decided "
                                   "before the name is resolved");
        }
        if (rule_.deny) {
            reporter_.warning(cidr->place, "this denies address literals, not names that resolve into the network");
        }
        for (const std::string& address : rule_.addresses) check_inside(*host, address);
    }

    void check_inside(const Node& host, const std::string& address) {
        const auto parsed = parse_ip(address);
        const auto holds = [&](const Network& network) { return parsed && network.contains(*parsed); };
        if (std::any_of(rule_.networks.begin(), rule_.networks.end(), holds)) return;
        reporter_.error(host.place, quote(address) + " is not inside the rule's \"cidr\"");
    }

    const Node& node_;
    Rule& rule_;
    Reporter& reporter_;
};

std::string read_credential_name(const Node& rule, const std::set<std::string, std::less<>>& names,
                                 Reporter& reporter) {
    const Node* node = find(rule, "credential");
    const auto name = node == nullptr ? std::nullopt : read_text(*node, "credential", reporter);
    if (!name) return {};
    if (!names.contains(*name)) reporter.error(node->place, not_defined("credential", *name, names, reporter));
    return std::string(*name);
}

}  // namespace

ReadRule read_rule(const Node& node, std::size_t index, const std::set<std::string, std::less<>>& credential_names,
                   Reporter& reporter) {
    ReadRule read;
    read.rule.label = "rules[" + std::to_string(index) + "]";
    read.rule.place = node.place;
    if (!expect_map(node, read.rule.label, {kKeys, kUnsupportedKeys}, reporter)) return read;
    RuleReader(node, read.rule, reporter).read();
    read.credential = read_credential_name(node, credential_names, reporter);
    if (find(node, "credential") != nullptr) {
        restrict_to_credential(node, read.rule, reporter);
    } else if (const Node* flag = find(node, "allow_cleartext_credential")) {
        reporter.error(flag->place, "\"allow_cleartext_credential\" needs \"credential\"");
    }
    return read;
}

}  // namespace sallyport::rules
