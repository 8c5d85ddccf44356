// The engine against a plain reading of the policy: random rule sets, of fixed seeds, over every request of a small
// world.
#include "tests/rules/plain_reading.h"

#include <gtest/gtest.h>

#include "tests/rules/sample.h"

namespace sallyport::rules {
namespace {

std::string policy_text(const plain::World& world) {
    std::string text = "version: 1\npolicies:\n  p:\n    default: ";
    text += world.default_allow ? "allow\n" : "deny\n";
    if (world.has_script) text += "    script: handlers/vcs.js\n";
    text += "    rules:\n";
    for (const auto& rule : world.policy) text += "      - " + to_yaml(rule) + '\n';
    return text;
}

std::string runtime_text(const plain::World& world) {
    std::string text;
    for (const auto& rule : world.runtime) text += "- " + to_yaml(rule) + '\n';
    return text;
}

std::shared_ptr<const PolicySnapshot> snapshot_of(const plain::World& world) {
    sample::Extras extras;
    extras.runtime_rules = runtime_text(world);
    if (world.has_script) extras.script = ScriptExports{world.by_host, {"named"}, world.outbound};
    for (const auto& host : world.host_handlers)
        extras.host_handlers.emplace(host, HandlerRef{HandlerKind::named, "h", ""});
    if (world.catch_all) extras.catch_all = HandlerRef{HandlerKind::named, "c", ""};
    return sample::snapshot_with(policy_text(world), extras);
}

std::string describe(const plain::World& world) {
    std::string text = policy_text(world) + "runtime:\n" + runtime_text(world) + "byHost:";
    for (const auto& host : world.by_host) text += ' ' + host;
    text += "\nhandlers:";
    for (const auto& host : world.host_handlers) text += ' ' + host;
    return text + (world.outbound ? "\noutbound" : "") + (world.catch_all ? "\ncatch all" : "");
}

std::string to_text(const Decision& decision) {
    if (decision.verdict == Verdict::deny) return sample::to_text(decision);
    const char* actions[] = {"forward ", "respond ", "handler "};
    EXPECT_EQ(decision.action == Action::handler, decision.handler != nullptr);
    EXPECT_EQ(decision.action == Action::respond, decision.respond != nullptr);
    return "allow " + std::string(actions[static_cast<int>(decision.action)]) + std::string(decision.rule);
}

std::string to_text(Reach reach) {
    return reach == Reach::denied ? "denied" : reach == Reach::intercept ? "intercept" : "passthrough";
}

std::string tunnel_text(const Decision& decision) {
    return std::string(decision.verdict == Verdict::allow ? decision.rule : tag(decision.error));
}

TEST(PlainReading, P21_EveryRequestIsDecidedAsThePolicyReads) {
    plain::Dice dice(7);
    const auto requests = plain::all_requests();
    for (int round = 0; round < 300; ++round) {
        const plain::World world = plain::random_world(dice);
        const auto snapshot = snapshot_of(world);
        ASSERT_TRUE(snapshot) << describe(world);
        for (const plain::Request& request : requests) {
            for (const auto handlers : {Handlers::consult, Handlers::skip}) {
                const auto canonical = sample::request_of(request.text());
                const std::string expected = plain::decide(world, request, handlers == Handlers::consult);
                ASSERT_EQ(to_text(snapshot->decide(canonical, {}, handlers)), expected) << request.text() << '\n'
                                                                                        << describe(world);
            }
        }
    }
}

TEST(PlainReading, EveryConnectionIsDecidedAsThePolicyReads) {
    plain::Dice dice(11);
    for (int round = 0; round < 1000; ++round) {
        const plain::World world = plain::random_world(dice);
        const auto snapshot = snapshot_of(world);
        ASSERT_TRUE(snapshot) << describe(world);
        for (const std::string& host : plain::kHosts) {
            for (const int port : plain::kPorts) {
                const bool is_address = plain::is_address(host);
                const auto number = static_cast<std::uint16_t>(port);
                const auto where = host + ':' + std::to_string(port) + '\n' + describe(world);
                ASSERT_EQ(to_text(snapshot->reach(http::Scheme::https, host, is_address, number)),
                          plain::reach(world, "https", host, port))
                    << where;
                ASSERT_EQ(to_text(snapshot->reach(http::Scheme::http, host, is_address, number)),
                          plain::reach(world, "http", host, port))
                    << where;
                ASSERT_EQ(tunnel_text(snapshot->decide_tunnel(TunnelKind::tcp, host, is_address, number)),
                          plain::tunnel(world, true, host, port))
                    << where;
                ASSERT_EQ(tunnel_text(snapshot->decide_tunnel(TunnelKind::passthrough, host, is_address, number)),
                          plain::tunnel(world, false, host, port))
                    << where;
            }
        }
    }
}

// What reach() says is no more than a short cut: where it says denied, every request is.
TEST(PlainReading, NoRequestIsAllowedWhereTheConnectionIsNot) {
    plain::Dice dice(13);
    const auto requests = plain::all_requests();
    for (int round = 0; round < 200; ++round) {
        const plain::World world = plain::random_world(dice);
        const auto snapshot = snapshot_of(world);
        ASSERT_TRUE(snapshot);
        for (const plain::Request& request : requests) {
            const auto canonical = sample::request_of(request.text());
            const auto reach = snapshot->reach(canonical.scheme, request.host, canonical.authority.is_address,
                                               canonical.authority.port);
            if (reach != Reach::denied) continue;
            ASSERT_EQ(snapshot->decide(canonical, {}).verdict, Verdict::deny) << request.text() << '\n'
                                                                              << describe(world);
        }
    }
}

TEST(PlainReading, D7_EveryHostPatternMeansWhatItsLabelsSay) {
    // Every name and every pattern of up to four labels over two letters.
    std::vector<std::string> names{"a", "b", "ab"};
    std::vector<std::string> patterns = names;
    for (std::size_t i = 0; i < names.size() && names.size() < 363; ++i) {
        for (const char* label : {"a", "b", "ab"}) names.push_back(std::string(label) + '.' + names[i]);
    }
    patterns = names;
    patterns.resize(39);
    for (std::size_t i = 0, first = patterns.size(); i < first; ++i) {
        for (const char* wild : {"*.", "**.", "*.*.", "**.*.", "*.**.", "**.**."})
            patterns.push_back(wild + patterns[i]);
    }
    patterns.insert(patterns.end(), {"*", "**"});
    HostIndex index;
    for (std::uint32_t i = 0; i < patterns.size(); ++i) index.add(*parse_host_pattern(patterns[i]), i);
    for (const std::string& name : names) {
        std::vector<bool> found(patterns.size());
        index.find(name, [&](std::uint32_t at) { found[at] = true; });
        for (std::size_t i = 0; i < patterns.size(); ++i) {
            const bool expected = plain::host_matches(patterns[i], name);
            ASSERT_EQ(found[i], expected) << patterns[i] << ' ' << name;
            ASSERT_EQ(matches(*parse_host_pattern(patterns[i]), name), expected) << patterns[i] << ' ' << name;
        }
    }
}

// "Wider" is over all names, of which those of up to seven labels are enough to tell these patterns apart.
TEST(PlainReading, APatternCoversAnotherWhereItMatchesAllOfItsNames) {
    const std::vector<std::string> patterns{"b",     "a.b",    "*.b", "**.b", "*.*.b", "**.*.b",
                                            "*.a.b", "**.a.b", "*",   "c",    "**.c"};
    std::vector<std::string> names{"b", "c"};
    for (std::size_t i = 0; i < names.size() && names.size() < 4000; ++i) {
        for (const char* label : {"a", "x"}) names.push_back(std::string(label) + '.' + names[i]);
    }
    HostIndex index;
    for (std::uint32_t i = 0; i < patterns.size(); ++i) index.add(*parse_host_pattern(patterns[i]), i);
    for (const std::string& narrow : patterns) {
        std::vector<bool> found(patterns.size());
        index.find_covering(*parse_host_pattern(narrow), [&](std::uint32_t at) { found[at] = true; });
        for (std::size_t i = 0; i < patterns.size(); ++i) {
            const bool covers = std::all_of(names.begin(), names.end(), [&](const std::string& name) {
                return !plain::host_matches(narrow, name) || plain::host_matches(patterns[i], name);
            });
            EXPECT_EQ(found[i], covers) << patterns[i] << " over " << narrow;
        }
    }
}

}  // namespace
}  // namespace sallyport::rules
