#include "rules/rule_reader.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "http/authority.h"
#include "rules/action_reader.h"
#include "rules/condition_reader.h"
#include "rules/credential_reader.h"
#include "rules/credential_rule.h"
#include "rules/exchange_reader.h"
#include "rules/fields.h"
#include "rules/limit_reader.h"
#include "rules/metadata_spec.h"
#include "rules/rule_combination.h"

namespace sallyport::rules {
namespace {

using CredentialNames = std::set<std::string, std::less<>>;

constexpr std::size_t kRuleNameBytesMax = 128;

constexpr std::array<std::string_view, 26> kKeys{
    "name",      "host",     "port", "scheme", "methods",    "paths",
    "query",     "headers",  "cidr", "deny",   "credential", "allow_cleartext_credential",
    "respond",   "upstream", "tls",  "tcp",    "limit",      "handler",
    "websocket", "cookies",  "ranges", "selector", "tokens",   "allow_minting",
    "metadata",  "h2c",
};
constexpr std::array<std::string_view, 5> kUnsupportedKeys{"scrub", "approval", "budget", "redirect", "placeholder"};
constexpr std::array<std::string_view, 2> kSchemes{"http", "https"};
constexpr std::array<std::string_view, 1> kTlsModes{"passthrough"};

// Decisions use these for what is not a rule: a log line must not take one for the other.
bool is_taken(std::string_view name) {
    return name == "default" || name == "outbound" || name.starts_with("rules[") || name.starts_with("runtime[") ||
           name.starts_with("outboundByHost[") || name.starts_with("handler ");
}

std::optional<std::uint16_t> parse_port(std::string_view digits) {
    std::uint16_t port = 0;
    const char* const end = digits.data() + digits.size();
    const bool is_number = std::from_chars(digits.data(), end, port) == std::from_chars_result{end, std::errc{}};
    return is_number && !digits.starts_with('0') ? std::optional(port) : std::nullopt;
}

class RuleReader {
public:
    RuleReader(const Node& node, Rule& rule, const CredentialNames& credential_names, Reporter& reporter)
        : node_(node), rule_(rule), credential_names_(credential_names), reporter_(reporter) {}

    void read() {
        with("name", [&](const Node& value) { read_name(value); });
        with("host", [&](const Node& value) { read_hosts(value); });
        with("tcp", [&](const Node& value) { read_tcp(value); });
        with("cidr", [&](const Node& value) { read_networks(value); });
        with("port", [&](const Node& value) { read_ports(value); });
        with("scheme", [&](const Node& value) { read_scheme(value); });
        read_conditions(node_, rule_, reporter_);
        with("deny", [&](const Node& value) { rule_.deny = read_flag(value, "deny", reporter_).value_or(false); });
        with("allow_cleartext_credential", [&](const Node& value) {
            rule_.allow_cleartext_credential =
                read_flag(value, "allow_cleartext_credential", reporter_).value_or(false);
        });
        read_exchange(node_, rule_, reporter_);
        with("allow_minting", [&](const Node& value) {
            rule_.allow_minting = read_flag(value, "allow_minting", reporter_).value_or(false);
        });
        read_actions();
        check_target();
    }

private:
    template <class Read>
    void with(std::string_view key, Read read) {
        if (const Node* value = find(node_, key)) read(*value);
    }

    void read_name(const Node& value) {
        const auto name = read_text(value, "name", reporter_);
        if (!name) return;
        rule_.label = *name;
        if (is_taken(*name)) {
            reporter_.error(value.place, quote(*name) + " may not be the name of a rule");
        } else if (name->size() > kRuleNameBytesMax) {
            reporter_.error(value.place, "a rule's name has 128 bytes at most");
        }
    }

    void read_hosts(const Node& value) {
        each_text(value, "host", ListForm::one_or_list, reporter_,
                  [&](const Node& item, std::string_view text) { add_host(item, text); });
    }

    void add_host(const Node& item, std::string_view text) {
        if (auto literal = http::canonical_ip_literal(text)) {
            rule_.addresses.push_back(std::move(*literal));
            return;
        }
        auto pattern = parse_host_pattern(text);
        if (!pattern) return reporter_.error(item.place, pattern.error().detail);
        rule_.hosts.push_back(std::move(*pattern));
    }

    void read_actions() {
        with("respond", [&](const Node& value) { rule_.respond = read_respond(value, reporter_); });
        with("metadata", [&](const Node& value) { read_metadata_answer(value); });
        with("upstream", [&](const Node& value) { rule_.upstream = read_upstream(value, reporter_); });
        with("handler", [&](const Node& value) { rule_.handler = read_handler(value, reporter_); });
        with("limit", [&](const Node& value) { rule_.limit = read_limit(value, reporter_); });
        with("tls", [&](const Node& value) { read_tls(value); });
        with("websocket",
             [&](const Node& value) { rule_.websocket = read_flag(value, "websocket", reporter_).value_or(true); });
        with("h2c", [&](const Node& value) { rule_.h2c = read_flag(value, "h2c", reporter_).value_or(false); });
        check_combination(node_, rule_.deny, reporter_);
    }

    void read_metadata_answer(const Node& value) {
        auto answer = std::make_shared<Respond>();
        answer->metadata = read_metadata(value, credential_names_, reporter_);
        rule_.respond = std::move(answer);
    }

    void read_tls(const Node& value) {
        const auto text = read_text(value, "tls", reporter_);
        if (!text) return;
        if (*text != "passthrough") {
            return reporter_.error(
                value.place, "\"tls\" must be passthrough, not " + quote(*text) + reporter_.suggest(*text, kTlsModes));
        }
        rule_.passthrough = true;
        const Node* scheme = find(node_, "scheme");
        if (scheme != nullptr && !rule_.https)
            reporter_.error(scheme->place, "\"tls: passthrough\" is about https only");
        rule_.http = false;
    }

    // "db.internal:5432", "*.db.internal:5432", "192.0.2.1:22", "[2001:db8::1]:22".
    void read_tcp(const Node& value) {
        const auto text = read_text(value, "tcp", reporter_);
        if (!text) return;
        rule_.tcp = true;
        const auto colon = text->rfind(':');
        const auto port = colon == text->npos ? std::nullopt : parse_port(text->substr(colon + 1));
        const auto host = text->substr(0, colon);
        const bool is_bare_v6 = !host.starts_with('[') && host.find(':') != host.npos;
        if (!port || is_bare_v6) {
            return reporter_.error(value.place,
                                   quote(*text) + " is not a host and a port, such as \"db.internal:5432\"");
        }
        rule_.ports.push_back(*port);
        add_host(value, host);
    }

    void read_networks(const Node& value) {
        each_text(value, "cidr", ListForm::one_or_list, reporter_, [&](const Node& item, std::string_view text) {
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

    void check_target() {
        const Node* host = find(node_, rule_.tcp ? "tcp" : "host");
        const Node* cidr = find(node_, "cidr");
        if (host == nullptr && cidr == nullptr) {
            // Its own message says more: "hosts", or a "tcp" that is none.
            if (has_foreign_key(node_, kKeys) || find(node_, "tcp") != nullptr) return;
            return reporter_.error(node_.place, "a rule needs \"host\", \"cidr\" or \"tcp\"");
        }
        if (cidr == nullptr) return;
        if (rule_.deny && host != nullptr) {
            return reporter_.error(cidr->place,
                                   "a rule with \"deny\" has either a host or \"cidr\": it is decided before the "
                                   "name is resolved");
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
    const CredentialNames& credential_names_;
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

// Credentials and `scheme` take cleartext away; what has no use for `h2c` at all is told so elsewhere.
void check_h2c(const Node& node, const Rule& rule, Reporter& reporter) {
    if (!rule.h2c || rule.deny || rule.passthrough || rule.tcp || rule.respond || rule.handler) return;
    if (rule.http || (rule.upstream != nullptr && rule.upstream->scheme == http::Scheme::http)) return;
    reporter.error(find(node, "h2c")->place, "\"h2c\" is about cleartext, and the rule is about https only");
}

}  // namespace

ReadRule read_rule(const Node& node, std::string label, const std::set<std::string, std::less<>>& credential_names,
                   Reporter& reporter) {
    ReadRule read;
    read.rule.label = std::move(label);
    read.rule.place = node.place;
    if (!expect_map(node, read.rule.label, {kKeys, kUnsupportedKeys}, reporter)) return read;
    RuleReader(node, read.rule, credential_names, reporter).read();
    read.credential = read_credential_name(node, credential_names, reporter);
    const Node* credential = find(node, "credential");
    if (credential != nullptr && !read.rule.deny) {
        restrict_to_credential(node, read.rule, reporter);
    } else if (const Node* flag = find(node, "allow_cleartext_credential"); flag != nullptr && credential == nullptr) {
        reporter.error(flag->place, "\"allow_cleartext_credential\" needs \"credential\"");
    }
    if (const Node* flag = find(node, "allow_minting"); flag != nullptr && credential == nullptr) {
        reporter.error(flag->place, "\"allow_minting\" needs \"credential\"");
    }
    check_h2c(node, read.rule, reporter);
    return read;
}

}  // namespace sallyport::rules
