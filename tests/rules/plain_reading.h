// A second reading of what a policy means, as plainly as it can be written, for few hosts, ports, methods and paths:
// what the engine is compared with.
#pragma once

#include <algorithm>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::rules::plain {

enum class Act { forward, respond, handler, passthrough, tcp };

struct PlainRule {
    std::string host;
    bool deny = false;
    std::vector<int> ports;
    std::string scheme;
    std::vector<std::string> methods;
    std::vector<std::string> paths;
    Act act = Act::forward;

    bool is_about_requests() const { return !methods.empty() || !paths.empty(); }
};

struct Request {
    std::string method, scheme, host, path;
    int port = 443;
    bool is_ambiguous = false;

    bool is_on_own_port() const { return port == (scheme == "https" ? 443 : 80); }
    std::string text() const { return method + ' ' + scheme + "://" + host + ':' + std::to_string(port) + path; }
};

inline bool is_address(const std::string& host) { return host == "192.0.2.1"; }

struct World {
    std::vector<PlainRule> runtime, policy;
    bool default_allow = false;
    bool has_script = false;
    std::vector<std::string> by_host;  // of the script
    bool outbound = false;
    std::vector<std::string> host_handlers;  // attached; each to a handler called "h"
    bool catch_all = false;                  // attached; called "c"
};

inline std::vector<std::string> labels_of(const std::string& name) {
    std::vector<std::string> labels{""};
    for (const char c : name) {
        if (c == '.') {
            labels.emplace_back();
        } else {
            labels.back() += c;
        }
    }
    return labels;
}

inline bool labels_match(const std::vector<std::string>& pattern, std::size_t p, const std::vector<std::string>& host,
                         std::size_t h) {
    if (p == pattern.size() || h == host.size()) return p == pattern.size() && h == host.size();
    if (pattern[p] == "**") return labels_match(pattern, p + 1, host, h + 1) || labels_match(pattern, p, host, h + 1);
    return (pattern[p] == "*" || pattern[p] == host[h]) && labels_match(pattern, p + 1, host, h + 1);
}

inline bool host_matches(const std::string& pattern, const std::string& host) {
    if (is_address(host) || is_address(pattern)) return pattern == host;
    if (pattern == "*" || pattern == "**") return true;
    return labels_match(labels_of(pattern), 0, labels_of(host), 0);
}

template <class Items, class Item>
bool holds(const Items& items, const Item& item) {
    return std::find(items.begin(), items.end(), item) != items.end();
}

// Host, port and scheme ("" for bytes that may be anything).
inline bool endpoint_matches(const PlainRule& rule, const std::string& host, const std::string& scheme, int port) {
    if (!host_matches(rule.host, host)) return false;
    if (scheme.empty()) {
        if (!rule.ports.empty()) return holds(rule.ports, port);
        const auto own = [&](const char* name, int own_port) {
            return (rule.scheme.empty() || rule.scheme == name) && port == own_port;
        };
        return rule.deny || own("https", 443) || own("http", 80);
    }
    if (rule.act == Act::tcp && !rule.deny) return false;
    if (!rule.scheme.empty() && rule.scheme != scheme) return false;
    if (!rule.ports.empty()) return holds(rule.ports, port);
    return rule.deny || port == (scheme == "https" ? 443 : 80);
}

enum class Match { no, yes, bad_path };

inline Match match(const PlainRule& rule, const Request& request) {
    if (!endpoint_matches(rule, request.host, request.scheme, request.port)) return Match::no;
    if (rule.act == Act::passthrough) return Match::no;
    if (!rule.methods.empty() && !holds(rule.methods, request.method)) return Match::no;
    if (rule.paths.empty()) return Match::yes;
    if (request.is_ambiguous) return rule.deny ? Match::yes : Match::bad_path;
    return holds(rule.paths, request.path) ? Match::yes : Match::no;
}

struct Labelled {
    const PlainRule* rule;
    std::string label;
};

inline std::vector<Labelled> in_order(const World& world) {
    std::vector<Labelled> all;
    for (std::size_t i = 0; i < world.runtime.size(); ++i)
        all.push_back({&world.runtime[i], "runtime[" + std::to_string(i) + "]"});
    for (std::size_t i = 0; i < world.policy.size(); ++i)
        all.push_back({&world.policy[i], "rules[" + std::to_string(i) + "]"});
    return all;
}

// The label of the handler that takes the host before any rule does.
inline std::optional<std::string> host_handler(const World& world, const std::string& host) {
    if (is_address(host)) return std::nullopt;
    if (holds(world.host_handlers, host)) return "handler h";
    if (!world.has_script) return std::nullopt;
    if (holds(world.by_host, host)) return "outboundByHost[" + host + "]";
    for (const std::string& pattern : world.by_host) {
        if (host_matches(pattern, host)) return "outboundByHost[" + pattern + "]";
    }
    return std::nullopt;
}

inline std::optional<std::string> catch_all(const World& world, const std::string& host) {
    if (is_address(host)) return std::nullopt;
    if (world.catch_all) return "handler c";
    return world.has_script && world.outbound ? std::optional<std::string>("outbound") : std::nullopt;
}

// "allow forward rules[0]", "denied_by_rule rules[1]", ...
inline std::string decide(const World& world, const Request& request, bool asks_handlers) {
    const auto rules = in_order(world);
    for (const auto& each : rules) {
        if (each.rule->deny && match(*each.rule, request) == Match::yes) return "denied_by_rule " + each.label;
    }
    const auto handled = [&](const std::string& label) {
        return (world.has_script ? "allow handler " : "handler_missing ") + label;
    };
    const bool handles = asks_handlers && request.is_on_own_port();
    if (const auto label = host_handler(world, request.host); handles && label) return handled(*label);
    for (const auto& each : rules) {
        const Match found = each.rule->deny ? Match::no : match(*each.rule, request);
        if (found == Match::no) continue;
        if (found == Match::bad_path) return "bad_path " + each.label;
        if (each.rule->act == Act::respond) return "allow respond " + each.label;
        return (each.rule->act == Act::handler && asks_handlers ? "allow handler " : "allow forward ") + each.label;
    }
    if (const auto label = catch_all(world, request.host); handles && label) return handled(*label);
    if (is_address(request.host)) return "address_literal default";
    return world.default_allow ? "allow forward default" : "denied default";
}

inline std::string reach(const World& world, const std::string& scheme, const std::string& host, int port) {
    const auto rules = in_order(world);
    for (const auto& each : rules) {
        const bool denies = each.rule->deny && !each.rule->is_about_requests();
        if (denies && endpoint_matches(*each.rule, host, scheme, port)) return "denied";
    }
    const bool is_own = port == (scheme == "https" ? 443 : 80);
    if (is_own && host_handler(world, host)) return "intercept";
    for (const auto& each : rules) {
        if (each.rule->deny || !endpoint_matches(*each.rule, host, scheme, port)) continue;
        return each.rule->act == Act::passthrough ? "passthrough" : "intercept";
    }
    if (is_own && catch_all(world, host)) return "intercept";
    return world.default_allow && !is_address(host) ? "intercept" : "denied";
}

// The allowing rule's label; "denied" where none does, "denied_by_rule" where one denies.
inline std::string tunnel(const World& world, bool is_tcp, const std::string& host, int port) {
    const std::string scheme = is_tcp ? "" : "https";
    const auto rules = in_order(world);
    for (const auto& each : rules) {
        if (each.rule->deny && endpoint_matches(*each.rule, host, scheme, port)) return "denied_by_rule";
    }
    const std::string refused = is_address(host) ? "address_literal" : "denied";
    const bool may_be_handled = port == 443 || (is_tcp && port == 80);
    if (may_be_handled && host_handler(world, host)) return refused;
    for (const auto& each : rules) {
        if (each.rule->deny || !endpoint_matches(*each.rule, host, scheme, port)) continue;
        return each.rule->act == (is_tcp ? Act::tcp : Act::passthrough) ? each.label : refused;
    }
    return refused;
}

inline std::string listed(const std::vector<std::string>& items) {
    std::string text;
    for (const auto& item : items) text += (text.empty() ? "[\"" : ", \"") + item + '"';
    return text + ']';
}

inline std::string to_yaml(const PlainRule& rule) {
    std::string text = rule.act == Act::tcp ? "{ tcp: \"" + rule.host + ':' + std::to_string(rule.ports.at(0)) + '"'
                                            : "{ host: \"" + rule.host + '"';
    if (rule.deny) text += ", deny: true";
    if (!rule.scheme.empty()) text += ", scheme: " + rule.scheme;
    if (!rule.methods.empty()) text += ", methods: " + listed(rule.methods);
    if (!rule.paths.empty()) text += ", paths: " + listed(rule.paths);
    if (rule.act == Act::respond) text += ", respond: { body: x }";
    if (rule.act == Act::handler) text += ", handler: named";
    if (rule.act == Act::passthrough) text += ", tls: passthrough";
    if (rule.act == Act::tcp) return text + " }";
    for (std::size_t i = 0; i < rule.ports.size(); ++i)
        text += (i == 0 ? ", port: [" : ", ") + std::to_string(rule.ports[i]);
    return text + (rule.ports.empty() ? " }" : "] }");
}

class Dice {
public:
    explicit Dice(unsigned seed) : random_(seed) {}
    bool one_in(unsigned n) { return random_() % n == 0; }
    std::size_t below(std::size_t n) { return random_() % n; }
    template <class Items>
    auto pick(const Items& items) {
        return items[random_() % items.size()];
    }

private:
    std::mt19937 random_;
};

inline const std::vector<std::string> kPatterns{"a.b",   "b",      "x.a.b", "a.a",    "*.b", "**.b",
                                                "*.a.b", "**.a.b", "*.*.b", "**.*.b", "*",   "192.0.2.1"};
inline const std::vector<std::string> kHosts{"b", "a.b", "x.a.b", "y.x.a.b", "a.a", "c.b", "aa.b", "xa.b", "192.0.2.1"};
inline const std::vector<int> kPorts{80, 443, 8443};

inline PlainRule random_rule(Dice& dice, bool may_have_handler) {
    static const std::vector<std::string> kPaths{"/", "/p", "/q"};
    PlainRule rule;
    rule.host = dice.pick(kPatterns);
    rule.deny = dice.one_in(4);
    if (dice.one_in(8)) {
        rule.act = Act::tcp;
        rule.ports = {dice.pick(kPorts)};
        return rule;
    }
    if (dice.one_in(3)) rule.ports = {dice.pick(kPorts), dice.pick(kPorts)};
    if (!rule.deny && dice.one_in(7)) {
        rule.act = Act::passthrough;
        rule.scheme = "https";
        return rule;
    }
    if (dice.one_in(4)) rule.scheme = dice.one_in(2) ? "http" : "https";
    if (dice.one_in(3)) rule.methods = {dice.one_in(2) ? "GET" : "PUT"};
    if (dice.one_in(3)) rule.paths = {dice.pick(kPaths), dice.pick(kPaths)};
    if (rule.deny) return rule;
    if (dice.one_in(6)) rule.act = Act::respond;
    if (may_have_handler && dice.one_in(5)) rule.act = Act::handler;
    return rule;
}

inline World random_world(Dice& dice) {
    World world;
    world.has_script = dice.one_in(2);
    while (world.policy.empty() || !dice.one_in(5)) world.policy.push_back(random_rule(dice, world.has_script));
    if (dice.one_in(2)) {
        while (world.runtime.empty() || !dice.one_in(3)) world.runtime.push_back(random_rule(dice, world.has_script));
    }
    world.default_allow = dice.one_in(3);
    world.outbound = dice.one_in(3);
    world.catch_all = dice.one_in(5);
    for (std::size_t i = dice.below(4); i > 0; --i) {
        const std::string pattern = dice.pick(kPatterns);
        if (!is_address(pattern) && !holds(world.by_host, pattern)) world.by_host.push_back(pattern);
    }
    for (std::size_t i = dice.one_in(3) ? 2 : 0; i > 0; --i) {
        const std::string host = dice.pick(kHosts);
        if (!is_address(host) && !holds(world.host_handlers, host)) world.host_handlers.push_back(host);
    }
    return world;
}

inline std::vector<Request> all_requests() {
    std::vector<Request> requests;
    for (const std::string method : {"GET", "PUT"}) {
        for (const std::string scheme : {"http", "https"}) {
            for (const std::string& host : kHosts) {
                for (const int port : kPorts) {
                    for (const std::string path : {"/", "/p", "/q", "/p/../q"}) {
                        requests.push_back({method, scheme, host, path, port, path == "/p/../q"});
                    }
                }
            }
        }
    }
    return requests;
}

}  // namespace sallyport::rules::plain
