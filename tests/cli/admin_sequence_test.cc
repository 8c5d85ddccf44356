// Random sequences of changes by the admin API, reloads and restarts, against a model that is simple enough to be right.
#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "tests/cli/admin_gate.h"

namespace sallyport::cli {
namespace {

constexpr const char* kHosts[] = {"a", "b", "c", "d"};

struct ModelRule {
    std::string host;
    bool deny = false;
};
struct ModelPolicy {
    bool default_allow = false;
    std::vector<ModelRule> rules;
};
struct ModelEgress {
    std::optional<std::string> policy;
    std::vector<ModelRule> rules;
};
struct ModelFile {
    std::map<std::string, ModelPolicy> policies;
    std::map<std::string, std::string> sandboxes;  // name, policy
};

std::string to_json(const std::vector<ModelRule>& rules) {
    std::string text;
    for (const ModelRule& rule : rules) {
        text += (text.empty() ? "" : ",") + std::string("{\"host\":\"") + rule.host + ".example\"" + (rule.deny ? ",\"deny\":true}" : "}");
    }
    return "[" + text + "]";
}

std::string to_json(const ModelPolicy& policy) {
    std::string text = std::string("{\"default\":\"") + (policy.default_allow ? "allow" : "deny") + "\"";
    if (!policy.rules.empty()) text += ",\"rules\":" + to_json(policy.rules);
    return text + "}";
}

std::string to_json(const ModelEgress& egress) {
    std::string text = egress.policy ? "\"policy\":\"" + *egress.policy + "\"" : "";
    if (!egress.rules.empty()) text += (text.empty() ? "" : ",") + std::string("\"rules\":") + to_json(egress.rules);
    return "{" + text + "}";
}

std::string to_yaml(const ModelFile& file) {
    std::string text = "version: 1\npolicies:\n";
    for (const auto& [name, policy] : file.policies) text += "  " + name + ": " + to_json(policy) + "\n";
    text += "sandboxes:\n";
    for (const auto& [name, policy] : file.sandboxes) text += "  " + name + ": { policy: " + policy + " }\n";
    return text;
}

struct Model {
    ModelFile file;
    std::map<std::string, ModelPolicy> policies;  // set by the API
    std::map<std::string, ModelEgress> egress;
    std::set<std::string> open;  // sandboxes

    const ModelPolicy* policy(const std::string& name) const {
        if (const auto found = policies.find(name); found != policies.end()) return &found->second;
        const auto found = file.policies.find(name);
        return found == file.policies.end() ? nullptr : &found->second;
    }
    // Empty where the sandbox's entry has vanished.
    std::string policy_of(const std::string& sandbox) const {
        const auto entry = file.sandboxes.find(sandbox);
        if (entry == file.sandboxes.end()) return "";
        const auto set = egress.find(sandbox);
        return set != egress.end() && set->second.policy ? *set->second.policy : entry->second;
    }
    bool is_allowed(const std::string& sandbox, const std::string& host) const {
        const ModelPolicy* own = policy(policy_of(sandbox));
        if (own == nullptr) return false;
        const auto set = egress.find(sandbox);
        std::vector<ModelRule> all = set == egress.end() ? std::vector<ModelRule>{} : set->second.rules;
        all.insert(all.end(), own->rules.begin(), own->rules.end());
        const auto says = [&](bool deny) {
            return std::any_of(all.begin(), all.end(), [&](const ModelRule& rule) { return rule.host == host && rule.deny == deny; });
        };
        return !says(true) && (says(false) || own->default_allow);
    }
    // What the API has set and was accepted must stay possible.
    bool is_possible() const {
        return std::all_of(egress.begin(), egress.end(), [&](const auto& each) {
            return !open.contains(each.first) || !each.second.policy || policy(*each.second.policy) != nullptr;
        });
    }
};

class AdminSequenceTest : public AdminGateTest {
protected:
    std::size_t pick(std::size_t count) { return std::uniform_int_distribution<std::size_t>(0, count - 1)(random); }
    std::vector<ModelRule> some_rules() {
        std::vector<ModelRule> rules;
        for (const char* host : kHosts) {
            if (pick(3) == 0) rules.push_back({host, pick(2) == 0});
        }
        return rules;
    }
    ModelPolicy some_policy() { return {pick(2) == 0, some_rules()}; }
    std::string some_policy_name() { return std::string(1, static_cast<char>('p' + pick(3))); }
    std::string some_sandbox() { return pick(2) == 0 ? "one" : "two"; }

    // Policies p and q, sometimes one alone; sandboxes one and two, sometimes one alone.
    ModelFile some_file() {
        ModelFile file;
        file.policies["p"] = some_policy();
        if (pick(4) != 0) file.policies["q"] = some_policy();
        file.sandboxes["one"] = "p";
        if (pick(4) != 0) file.sandboxes["two"] = file.policies.contains("q") ? "q" : "p";
        return file;
    }

    void start_again() {
        stop();
        model.open.clear();
        std::vector<std::string> sandboxes;
        for (const auto& [name, policy] : model.file.sandboxes) {
            model.open.insert(name);
            sandboxes.push_back(name);
        }
        start(to_yaml(model.file), sandboxes, nullptr, true);
    }

    void change_policy() {
        const std::string name = some_policy_name();
        const bool is_set = model.policies.contains(name);
        Model changed = model;
        if (pick(3) != 0) {
            changed.policies[name] = some_policy();
            EXPECT_EQ(put_policy(name, to_json(changed.policies[name])).status, 200);
        } else {
            changed.policies.erase(name);
            const bool is_in_use = std::any_of(model.open.begin(), model.open.end(),
                                               [&](const auto& sandbox) { return model.policy_of(sandbox) == name; });
            const bool may = is_set && (changed.policy(name) != nullptr || !is_in_use);
            const int status = delete_policy(name).status;
            EXPECT_EQ(status, may ? 204 : is_set ? 409 : 404) << name;
            // Of a sandbox whose entry has vanished it is not known whether it will be under it again.
            if (status != 204) return;
        }
        model = changed;
    }

    void change_egress() {
        const std::string sandbox = some_sandbox();
        const bool is_open = model.open.contains(sandbox);
        if (pick(3) == 0) {
            EXPECT_EQ(delete_egress(sandbox).status, is_open ? 204 : 404);
            if (is_open) model.egress.erase(sandbox);
            return;
        }
        ModelEgress egress{pick(2) == 0 ? std::optional(some_policy_name()) : std::nullopt, some_rules()};
        const bool is_orphan = !model.file.sandboxes.contains(sandbox);
        if (is_orphan && egress.policy && model.policy(*egress.policy) == nullptr) return;  // may be either
        const bool may = is_open && (!egress.policy || model.policy(*egress.policy) != nullptr);
        EXPECT_EQ(put_egress(sandbox, to_json(egress)).status, may ? 200 : is_open ? 422 : 404);
        if (may) model.egress[sandbox] = egress;
    }

    void refuse_something() {
        const std::string name = some_policy_name();
        const std::string sandbox = some_sandbox();
        EXPECT_EQ(put_policy(name, R"({"default":"perhaps"})").status, 422);
        EXPECT_EQ(put_policy(name, to_json(some_policy()), if_match("0")).status, 412);
        EXPECT_NE(put_egress(sandbox, R"({"rules":[{"hots":"a.example"}]})").status, 200);
        EXPECT_NE(put_egress(sandbox, "{}", if_match("0")).status, 200);
        write("p.yaml", "version: 1\npolices: {}\n");
        EXPECT_FALSE(gate->reload("test"));
    }

    void reload() {
        Model changed = model;
        changed.file = some_file();
        write("p.yaml", to_yaml(changed.file));
        const bool reloaded = gate->reload("test").has_value();
        EXPECT_EQ(reloaded, changed.is_possible());
        if (reloaded) model = changed;
    }

    void check() {
        for (const std::string sandbox : {"one", "two"}) {
            const auto got = get_egress(sandbox);
            ASSERT_EQ(got.status, model.open.contains(sandbox) ? 200 : 404);
            if (got.status != 200) continue;
            const auto json = nlohmann::json::parse(got.body);
            if (model.file.sandboxes.contains(sandbox)) {
                EXPECT_EQ(json["policy"], model.policy_of(sandbox));
            }
            const auto set = model.egress.find(sandbox);
            EXPECT_EQ(json["set"], set == model.egress.end() ? nlohmann::json() : nlohmann::json::parse(to_json(set->second)));
            for (const std::string host : kHosts) {
                const std::string decided = decision(sandbox, "https://" + host + ".example/");
                EXPECT_EQ(decided.starts_with("allow"), model.is_allowed(sandbox, host)) << sandbox << " " << host << ": " << decided;
            }
            check_tag("sandbox " + sandbox, got);
        }
        for (const std::string name : {"p", "q", "r"}) {
            const auto got = get_policy(name);
            const ModelPolicy* policy = model.policy(name);
            ASSERT_EQ(got.status, policy != nullptr ? 200 : 404);
            if (policy == nullptr) continue;
            EXPECT_EQ(nlohmann::json::parse(got.body), nlohmann::json::parse(to_json(*policy)));
            check_tag("policy " + name, got);
        }
    }

    // The same ETag is the same content, in every life of the daemon, and they never go back.
    void check_tag(const std::string& what, const admin::Reply& got) {
        auto& [tag, body] = last[what];
        const auto now = std::stoull(got.etag);
        EXPECT_GE(now, tag) << what;
        if (now == tag) {
            EXPECT_EQ(got.body, body) << what;
        }
        tag = now;
        body = got.body;
        EXPECT_LE(now, gate->deployment().generation().value);
    }

    void run(unsigned seed, int steps) {
        random.seed(seed);
        model.file.policies = {{"p", {true, {}}}, {"q", {false, {{"a", false}}}}};
        model.file.sandboxes = {{"one", "p"}, {"two", "q"}};
        testing::internal::CaptureStderr();
        start_again();
        for (int i = 0; i < steps && !HasFailure(); ++i) {
            const auto before = gate->deployment().generation();
            switch (pick(12)) {
                case 0: refuse_something(); break;
                case 1:
                case 2: reload(); break;
                case 3: start_again(); break;
                case 4:
                case 5:
                case 6:
                case 7: change_policy(); break;
                default: change_egress();
            }
            EXPECT_GE(gate->deployment().generation(), before);
            check();
            if (HasFailure()) ADD_FAILURE() << "seed " << seed << ", step " << i;
        }
        testing::internal::GetCapturedStderr();
    }

    std::mt19937 random;
    Model model;
    std::map<std::string, std::pair<unsigned long long, std::string>> last;
};

TEST_F(AdminSequenceTest, WhateverIsChangedTheModelSaysTheSame) { run(1, 400); }
TEST_F(AdminSequenceTest, AndInAnotherOrderToo) { run(20261121, 400); }

}  // namespace
}  // namespace sallyport::cli
