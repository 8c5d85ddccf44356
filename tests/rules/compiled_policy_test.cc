#include "rules/compiled_policy.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <span>

#include "tests/rules/sample.h"

namespace sallyport::rules {
namespace {

using sample::file_with;
using sample::snapshot_of;
using sample::verdict_of;

TEST(CompiledPolicy, ThreatP21DenyWinsAnywhereInTheList) {
    const auto snapshot = snapshot_of(
        file_with({"{ name: all, host: \"**.a.example\" }", "{ name: no, host: b.a.example, deny: true }"}));
    EXPECT_EQ(verdict_of(snapshot, "GET https://c.a.example/"), "allow all");
    EXPECT_EQ(verdict_of(snapshot, "GET https://b.a.example/"), "denied_by_rule no");
}

TEST(CompiledPolicy, TheFirstMatchDecidesThenTheDefault) {
    const std::vector<std::string> rules{"{ name: get, host: a.example, methods: [GET] }",
                                         "{ name: wide, host: \"*\", methods: [GET, PUT] }",
                                         "{ name: exact, host: a.example }"};
    const auto denying = snapshot_of(file_with(rules));
    EXPECT_EQ(verdict_of(denying, "GET https://a.example/"), "allow get");
    EXPECT_EQ(verdict_of(denying, "PUT https://a.example/"), "allow wide");
    EXPECT_EQ(verdict_of(denying, "POST https://a.example/"), "allow exact");
    EXPECT_EQ(verdict_of(denying, "POST https://b.example/"), "denied default");
    const auto allowing = snapshot_of(file_with(rules, "allow"));
    EXPECT_EQ(verdict_of(allowing, "POST https://b.example/"), "allow default");
    EXPECT_EQ(verdict_of(allowing, "POST https://b.example:8443/"), "allow default");
}

TEST(CompiledPolicy, ThreatP22NoRulesAllowNothing) {
    const auto snapshot = snapshot_of("version: 1\npolicies: { p: { default: deny } }\n");
    EXPECT_EQ(verdict_of(snapshot, "GET https://a.example/"), "denied default");
}

TEST(CompiledPolicy, ThreatP8AnEarlierRuleWithPathsRefusesAnAmbiguousPath) {
    const auto paths_first = snapshot_of(file_with({"{ host: a.example, paths: [/a/**] }", "{ host: a.example }"}));
    EXPECT_EQ(verdict_of(paths_first, "GET https://a.example/b/../a"), "bad_path rules[0]");
    EXPECT_EQ(verdict_of(paths_first, "GET https://a.example/b"), "allow rules[1]");
    const auto paths_last =
        snapshot_of(file_with({"{ host: a.example, methods: [GET] }", "{ host: a.example, paths: [/a/**] }"}));
    EXPECT_EQ(verdict_of(paths_last, "GET https://a.example/b/../a"), "allow rules[0]");
    EXPECT_EQ(verdict_of(paths_last, "PUT https://a.example/b/../a"), "bad_path rules[1]");
    const auto denied =
        snapshot_of(file_with({"{ host: a.example, paths: [/a/**] }", "{ host: a.example, paths: [/b], deny: true }"}));
    EXPECT_EQ(verdict_of(denied, "GET https://a.example/a/../x"), "denied_by_rule rules[1]");
}

TEST(CompiledPolicy, ThreatD8AddressesNeedARuleOfTheirOwn) {
    const auto open = snapshot_of(file_with({"{ host: \"*\" }", "{ host: \"**\", cidr: 192.0.2.0/24 }"}, "allow"));
    for (const auto* host : {"192.0.2.1", "[::1]", "127.0.0.1", "[::ffff:192.0.2.1]"}) {
        EXPECT_EQ(verdict_of(open, std::string("GET http://") + host + "/"), "address_literal default") << host;
    }
    const auto ruled =
        snapshot_of(file_with({"{ host: 192.0.2.1 }", "{ cidr: [10.20.0.0/16, \"fd00::/8\"] }",
                               "{ host: \"[2001:db8::1]\", port: 8080 }", "{ cidr: 10.20.30.0/24, deny: true }"}));
    EXPECT_EQ(verdict_of(ruled, "GET http://192.0.2.1/"), "allow rules[0]");
    EXPECT_EQ(verdict_of(ruled, "GET http://[::ffff:192.0.2.1]/"), "allow rules[0]");
    EXPECT_EQ(verdict_of(ruled, "GET http://192.0.2.2/"), "address_literal default");
    EXPECT_EQ(verdict_of(ruled, "GET https://10.20.1.1/"), "allow rules[1]");
    EXPECT_EQ(verdict_of(ruled, "GET https://10.20.30.1/"), "denied_by_rule rules[3]");
    EXPECT_EQ(verdict_of(ruled, "GET https://10.21.1.1/"), "address_literal default");
    EXPECT_EQ(verdict_of(ruled, "GET https://[fd12::1]/"), "allow rules[1]");
    EXPECT_EQ(verdict_of(ruled, "GET http://[2001:db8::1]:8080/"), "allow rules[2]");
    EXPECT_EQ(verdict_of(ruled, "GET http://[2001:db8::1]/"), "address_literal default");
}

TEST(CompiledPolicy, ReachKnowsWhatNoRequestCanHave) {
    const auto snapshot =
        snapshot_of(file_with({"{ host: a.example, paths: [/a] }", "{ host: b.example, port: 8443 }",
                               "{ host: \"*.c.example\" }", "{ host: no.c.example, deny: true }",
                               "{ host: some.c.example, methods: [PUT], deny: true }", "{ cidr: 10.0.0.0/8 }"}));
    const auto reach = [&](std::string_view host, std::uint16_t port, bool is_address = false) {
        return snapshot->reach(http::Scheme::https, host, is_address, port) == Reach::intercept;
    };
    EXPECT_TRUE(reach("a.example", 443));
    EXPECT_FALSE(reach("a.example", 8443));
    EXPECT_FALSE(reach("b.example", 443));
    EXPECT_TRUE(reach("b.example", 8443));
    EXPECT_TRUE(reach("d.c.example", 443));
    EXPECT_FALSE(reach("no.c.example", 443));
    EXPECT_TRUE(reach("some.c.example", 443));
    EXPECT_FALSE(reach("other.example", 443));
    EXPECT_TRUE(reach("10.1.1.1", 443, true));
    EXPECT_FALSE(reach("11.1.1.1", 443, true));
}

// A second reading of policy.md, as plainly as it can be written, on few hosts, ports, methods and paths.
struct PlainRule {
    std::string host;
    bool deny = false;
    std::vector<int> ports;
    std::string scheme;
    std::vector<std::string> methods;
    std::vector<std::string> paths;
};

std::vector<std::string> labels_of(const std::string& name) {
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

bool plain_labels_match(std::span<const std::string> pattern, std::span<const std::string> host) {
    if (pattern.empty() || host.empty()) return pattern.empty() && host.empty();
    if (pattern[0] == "**") {
        return plain_labels_match(pattern.subspan(1), host.subspan(1)) || plain_labels_match(pattern, host.subspan(1));
    }
    return (pattern[0] == "*" || pattern[0] == host[0]) && plain_labels_match(pattern.subspan(1), host.subspan(1));
}

bool plain_host_matches(const std::string& pattern, const std::string& host) {
    if (pattern == "*") return true;
    const auto a = labels_of(pattern);
    const auto b = labels_of(host);
    return plain_labels_match(a, b);
}

template <class Items, class Item>
bool is_any_or_in(const Items& items, const Item& item) {
    return items.empty() || std::find(items.begin(), items.end(), item) != items.end();
}

struct PlainRequest {
    std::string method, scheme, host, path;
    int port;
    bool is_ambiguous;
};

enum class Plain { no, yes, bad_path };

Plain plain_match(const PlainRule& rule, const PlainRequest& request) {
    const int own_port = request.scheme == "https" ? 443 : 80;
    const bool port_matches =
        rule.ports.empty() ? rule.deny || request.port == own_port : is_any_or_in(rule.ports, request.port);
    if (!plain_host_matches(rule.host, request.host) || !port_matches) return Plain::no;
    if (!rule.scheme.empty() && rule.scheme != request.scheme) return Plain::no;
    if (!is_any_or_in(rule.methods, request.method)) return Plain::no;
    if (rule.paths.empty()) return Plain::yes;
    if (request.is_ambiguous) return rule.deny ? Plain::yes : Plain::bad_path;
    return is_any_or_in(rule.paths, request.path) ? Plain::yes : Plain::no;
}

std::string plain_verdict(const std::vector<PlainRule>& rules, bool default_allow, const PlainRequest& request) {
    for (std::size_t i = 0; i < rules.size(); ++i) {
        if (rules[i].deny && plain_match(rules[i], request) == Plain::yes)
            return "denied_by_rule rules[" + std::to_string(i) + "]";
    }
    for (std::size_t i = 0; i < rules.size(); ++i) {
        const Plain match = rules[i].deny ? Plain::no : plain_match(rules[i], request);
        if (match != Plain::no)
            return (match == Plain::yes ? "allow rules[" : "bad_path rules[") + std::to_string(i) + "]";
    }
    return default_allow ? "allow default" : "denied default";
}

std::string listed(const std::vector<std::string>& items) {
    std::string text;
    for (const auto& item : items) text += (text.empty() ? "[\"" : ", \"") + item + '"';
    return text + ']';
}

std::string to_yaml(const PlainRule& rule) {
    std::string text = "{ host: \"" + rule.host + "\"";
    if (rule.deny) text += ", deny: true";
    if (!rule.scheme.empty()) text += ", scheme: " + rule.scheme;
    if (!rule.methods.empty()) text += ", methods: " + listed(rule.methods);
    if (!rule.paths.empty()) text += ", paths: " + listed(rule.paths);
    for (std::size_t i = 0; i < rule.ports.size(); ++i)
        text += (i == 0 ? ", port: [" : ", ") + std::to_string(rule.ports[i]);
    return text + (rule.ports.empty() ? " }" : "] }");
}

class Dice {
public:
    explicit Dice(unsigned seed) : random_(seed) {}
    bool one_in(unsigned n) { return random_() % n == 0; }
    template <class Items>
    auto pick(const Items& items) {
        return items[random_() % items.size()];
    }

private:
    std::mt19937 random_;
};

PlainRule random_rule(Dice& dice) {
    static const std::vector<std::string> kHosts{"a.b",   "b",      "x.a.b", "a.a",    "*.b", "**.b",
                                                 "*.a.b", "**.a.b", "*.*.b", "**.*.b", "*"};
    static const std::vector<int> kPorts{80, 443, 8443};
    static const std::vector<std::string> kPaths{"/", "/p", "/q"};
    PlainRule rule;
    rule.host = dice.pick(kHosts);
    rule.deny = dice.one_in(4);
    if (dice.one_in(3)) rule.ports = {dice.pick(kPorts), dice.pick(kPorts)};
    if (dice.one_in(4)) rule.scheme = dice.one_in(2) ? "http" : "https";
    if (dice.one_in(3)) rule.methods = {dice.one_in(2) ? "GET" : "PUT"};
    if (dice.one_in(3)) rule.paths = {dice.pick(kPaths), dice.pick(kPaths)};
    return rule;
}

std::vector<PlainRequest> all_requests() {
    std::vector<PlainRequest> requests;
    for (const std::string method : {"GET", "PUT"}) {
        for (const std::string scheme : {"http", "https"}) {
            for (const std::string host : {"b", "a.b", "x.a.b", "y.x.a.b", "a.a", "c.b", "aa.b", "xa.b"}) {
                for (const int port : {80, 443, 8443}) {
                    for (const std::string path : {"/", "/p", "/q", "/p/../q"}) {
                        requests.push_back({method, scheme, host, path, port, path == "/p/../q"});
                    }
                }
            }
        }
    }
    return requests;
}

TEST(CompiledPolicy, AgreesWithAPlainReadingOfThePolicy) {
    Dice dice(7);
    const auto requests = all_requests();
    for (int round = 0; round < 300; ++round) {
        std::vector<PlainRule> rules;
        std::vector<std::string> lines;
        while (rules.empty() || !dice.one_in(6)) rules.push_back(random_rule(dice));
        for (const PlainRule& rule : rules) lines.push_back(to_yaml(rule));
        const bool default_allow = dice.one_in(3);
        const auto snapshot = snapshot_of(file_with(lines, default_allow ? "allow" : "deny"));
        ASSERT_TRUE(snapshot) << file_with(lines);
        for (const PlainRequest& request : requests) {
            const std::string text = request.method + ' ' + request.scheme + "://" + request.host + ':' +
                                     std::to_string(request.port) + request.path;
            const std::string expected = plain_verdict(rules, default_allow, request);
            ASSERT_EQ(verdict_of(snapshot, text), expected) << text << '\n' << file_with(lines);
            if (!expected.starts_with("allow")) continue;
            const auto scheme = request.scheme == "https" ? http::Scheme::https : http::Scheme::http;
            ASSERT_EQ(snapshot->reach(scheme, request.host, false, static_cast<std::uint16_t>(request.port)),
                      Reach::intercept)
                << text;
        }
    }
}

}  // namespace
}  // namespace sallyport::rules
