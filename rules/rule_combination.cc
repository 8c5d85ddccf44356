#include "rules/rule_combination.h"

#include <array>
#include <span>

#include "rules/fields.h"

namespace sallyport::rules {
namespace {

constexpr std::array<std::string_view, 6> kActions{"respond", "metadata", "upstream", "handler", "tls", "tcp"};

constexpr std::array<std::string_view, 10> kNotWithDeny{"credential", "respond", "metadata",  "upstream", "handler",
                                                        "tls",        "limit",   "websocket", "tokens",   "h2c"};
constexpr std::array<std::string_view, 4> kNotWithRespond{"credential", "websocket", "tokens", "h2c"};
// What the handler fetches is decided by other rules; it is spoken to as it likes.
constexpr std::array<std::string_view, 1> kNotWithHandler{"h2c"};
constexpr std::array<std::string_view, 8> kNotWithPassthrough{"credential", "methods",   "paths",  "query",
                                                              "headers",    "websocket", "tokens", "h2c"};
constexpr std::array<std::string_view, 11> kNotWithTcp{"host",    "port",       "scheme",    "methods", "paths", "query",
                                                       "headers", "credential", "websocket", "tokens",  "h2c"};

void refuse_each(const Node& node, std::string_view message, std::span<const std::string_view> keys,
                 Reporter& reporter) {
    for (const std::string_view key : keys) {
        if (const Node* value = find(node, key)) reporter.error(value->place, std::string(message) + quote(key));
    }
}

void refuse_two_actions(const Node& node, Reporter& reporter) {
    std::string_view first;
    for (const std::string_view action : kActions) {
        const Node* value = find(node, action);
        if (value == nullptr) continue;
        if (first.empty()) {
            first = action;
            continue;
        }
        reporter.error(value->place, "a rule has either " + quote(first) + " or " + quote(action));
    }
}

// Bytes that nobody looks at have no URL.
void refuse_url_entropy(const Node& node, std::string_view action, Reporter& reporter) {
    const Node* limit = find(node, "limit");
    const Node* value = limit != nullptr && limit->kind == NodeKind::map ? find(*limit, "url_entropy") : nullptr;
    if (value == nullptr) return;
    reporter.error(value->place, "a rule with " + quote(action) + " has no use for \"url_entropy\"");
}

}  // namespace

void check_combination(const Node& node, bool deny, Reporter& reporter) {
    const auto refuse = [&](std::string_view key, std::span<const std::string_view> others) {
        if (find(node, key) == nullptr) return;
        refuse_each(node, "a rule with " + quote(key) + " has no use for ", others, reporter);
    };
    // What the rule would do does not matter then.
    if (deny) {
        refuse("deny", kNotWithDeny);
        return refuse("tcp", kNotWithTcp);
    }
    refuse_two_actions(node, reporter);
    for (const std::string_view answer : {"respond", "metadata"}) {
        refuse(answer, kNotWithRespond);
        if (find(node, "host") != nullptr) refuse(answer, std::array<std::string_view, 1>{"cidr"});
    }
    refuse("handler", kNotWithHandler);
    refuse("tcp", kNotWithTcp);
    if (find(node, "tls") != nullptr) {
        refuse_each(node, "with \"tls: passthrough\" nobody looks at the request: a rule with it cannot have ",
                    kNotWithPassthrough, reporter);
    }
    for (const std::string_view raw : {"tls", "tcp"}) {
        if (find(node, raw) != nullptr) refuse_url_entropy(node, raw, reporter);
    }
}

}  // namespace sallyport::rules
