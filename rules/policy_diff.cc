#include "rules/policy_diff.h"

#include <nlohmann/json.hpp>
#include <set>

#include "rules/compiled_policy.h"
#include "rules/example_search.h"
#include "rules/mismatch_text.h"
#include "rules/rule_pairs.h"
#include "secrets/provider.h"

namespace sallyport::rules {
namespace {

using nlohmann::ordered_json;

ordered_json as_json(const secrets::SecretSource& source) {
    return {{std::string(secrets::type_of(source)), source.provider ? source.provider->describe() : source.location}};
}

// References only: literal text may be a value that somebody pasted.
std::string references(const secrets::TemplateText& text) {
    std::string found;
    for (const auto& part : text) {
        if (part.kind == secrets::PartKind::literal) continue;
        const std::string name =
            part.kind == secrets::PartKind::secret ? "secret \"" + part.text + '"' : describe(part);
        found += (found.empty() ? "" : ", ") + name;
    }
    return found;
}

ordered_json as_json(const CredentialSpec& spec) {
    ordered_json json{{"type", spec.kind->type()}, {"place", spec.kind->place()}};
    std::string all;
    spec.kind->visit_templates([&](const secrets::TemplateText& text) {
        const std::string found = references(text);
        if (!found.empty()) all += (all.empty() ? "" : ", ") + found;
    });
    json["value"] = all;
    // So that a change of anything else is seen, whatever it is.
    json["settings"] = "#" + std::to_string(std::hash<std::string>{}(spec.source_json) % 100'000);
    return json;
}

ordered_json as_json(const SandboxEntry& sandbox) {
    return {{"policy", sandbox.policy}, {"params", sandbox.params}, {"labels", sandbox.labels}};
}

ordered_json as_json(const AuditSpec& audit) {
    return {{"file", audit.file}, {"rotate", audit.rotate_bytes}, {"keep", audit.keep}, {"replay", audit.replay}};
}

ordered_json as_json(const AdminSpec& admin) {
    ordered_json json{{"socket", admin.socket},
                      {"listen", admin.listen},
                      {"certificate", admin.certificate_file},
                      {"key", admin.key_file},
                      {"client_ca", admin.client_ca_file},
                      {"callers", ordered_json::object()}};
    for (const AdminCaller& caller : admin.callers) {
        ordered_json& entry = json["callers"][caller.name];
        if (caller.uid) entry["uid"] = *caller.uid;
        if (!caller.token_file.empty()) entry["token"] = caller.token_file;
        if (!caller.certificate.empty()) entry["certificate"] = caller.certificate;
        if (!caller.sandboxes.empty()) entry["sandboxes"] = caller.sandboxes;
    }
    return json;
}

ordered_json source_of(const CompiledPolicy& policy) {
    auto json = ordered_json::parse(policy.source_json, nullptr, false);
    return json.is_object() ? json : ordered_json::object();
}

// As many as the policy has.
ordered_json rules_of(const CompiledPolicy& policy, const ordered_json& source) {
    if (!policy.expanded_rules_json.empty()) return ordered_json::parse(policy.expanded_rules_json, nullptr, false);
    return source.contains("rules") && source["rules"].is_array() ? source["rules"] : ordered_json::array();
}

class Differ {
public:
    Differ(const PolicyFile& before, const PolicyFile& after) : before_(before), after_(after) {}

    std::vector<PolicyChange> run() && {
        compare_named("secret", by_name(before_.secrets), by_name(after_.secrets));
        compare_named("credential", before_.credentials, after_.credentials);
        each_name(before_.policies, after_.policies, [&](const std::string& name) { compare_policy(name); });
        each_name(before_.sandboxes, after_.sandboxes, [&](const std::string& name) { compare_sandbox(name); });
        add("file",
            difference({{"upstream_ca", before_.upstream_ca_files}}, {{"upstream_ca", after_.upstream_ca_files}}));
        add("admin", difference(as_json(before_.admin), as_json(after_.admin)));
        add("audit", difference(as_json(before_.audit), as_json(after_.audit)));
        return std::move(changes_);
    }

private:
    using Sources = std::map<std::string, secrets::SecretSource, std::less<>>;

    static Sources by_name(const std::vector<secrets::SecretSource>& sources) {
        Sources named;
        for (const auto& source : sources) named.emplace(source.name, source);
        return named;
    }

    template <class Map, class Visit>
    static void each_name(const Map& before, const Map& after, Visit visit) {
        std::set<std::string> names;
        for (const auto& entry : before) names.insert(entry.first);
        for (const auto& entry : after) names.insert(entry.first);
        for (const std::string& name : names) visit(name);
    }

    template <class Map>
    void compare_named(const std::string& what, const Map& before, const Map& after) {
        each_name(before, after, [&](const std::string& name) {
            const auto was = before.find(name);
            const auto is = after.find(name);
            const std::string where = what + ' ' + name;
            if (was == before.end()) return add(where, "added");
            if (is == after.end()) return add(where, "removed");
            add(where, difference(as_json(was->second), as_json(is->second)));
        });
    }

    void compare_sandbox(const std::string& name) {
        const auto was = before_.sandboxes.find(name);
        const auto is = after_.sandboxes.find(name);
        const std::string where = "sandbox " + name;
        if (was == before_.sandboxes.end()) return add(where, "added");
        if (is == after_.sandboxes.end()) return add(where, "removed");
        std::optional<Example> example;
        if (was->second.policy != is->second.policy) {
            example =
                ExampleSearch(before_.policies.at(was->second.policy), after_.policies.at(is->second.policy)).for_any();
        }
        add(where, difference(as_json(was->second), as_json(is->second)), std::move(example));
    }

    void compare_policy(const std::string& name) {
        const auto was = before_.policies.find(name);
        const auto is = after_.policies.find(name);
        const std::string where = "policy " + name;
        if (was == before_.policies.end()) return add(where, "added");
        if (is == after_.policies.end()) return add(where, "removed");
        ordered_json source_before = source_of(*was->second);
        ordered_json source_after = source_of(*is->second);
        if (source_before == source_after) return;
        ExampleSearch examples(was->second, is->second);
        const ordered_json rules_before = rules_of(*was->second, source_before);
        const ordered_json rules_after = rules_of(*is->second, source_after);
        source_before.erase("rules");
        source_after.erase("rules");
        const std::string keys = difference(source_before, source_after);
        const bool is_default = was->second->default_allow != is->second->default_allow;
        add(where, keys, is_default ? examples.for_default() : std::nullopt);
        for (const RulePair& pair : pair_rules(rules_before, rules_after)) {
            compare_rule(where, *was->second, *is->second, pair, examples, rules_before, rules_after);
        }
    }

    void compare_rule(const std::string& where, const CompiledPolicy& before, const CompiledPolicy& after,
                      const RulePair& pair, ExampleSearch& examples, const ordered_json& rules_before,
                      const ordered_json& rules_after) {
        const Rule& rule = pair.after ? after.rules[*pair.after] : before.rules[*pair.before];
        const std::string place = where + ", rule " + shown(rule.label);
        if (!pair.before) return add(place, "added", examples.for_rule_after(*pair.after));
        if (!pair.after) return add(place, "removed", examples.for_rule_before(*pair.before));
        std::string what = difference(rules_before[*pair.before], rules_after[*pair.after]);
        if (pair.is_moved)
            what += (what.empty() ? "" : "; ") + std::string("moved, was ") + std::to_string(*pair.before + 1) +
                    ". of " + std::to_string(rules_before.size()) + ", is " + std::to_string(*pair.after + 1) +
                    ". of " + std::to_string(rules_after.size());
        if (what.empty()) return;
        auto example = examples.for_rule_after(*pair.after);
        if (!example) example = examples.for_rule_before(*pair.before);
        add(place, std::move(what), std::move(example));
    }

    void add(std::string where, std::string what, std::optional<Example> example = std::nullopt) {
        if (what.empty()) return;
        PolicyChange change{std::move(where), std::move(what), std::nullopt, {}, {}};
        if (example) {
            change.example = std::move(example->question);
            change.before = std::move(example->before);
            change.after = std::move(example->after);
        }
        changes_.push_back(std::move(change));
    }

    const PolicyFile& before_;
    const PolicyFile& after_;
    std::vector<PolicyChange> changes_;
};

}  // namespace

std::vector<PolicyChange> diff(const PolicyFile& before, const PolicyFile& after) {
    return Differ(before, after).run();
}

std::string to_text(const std::vector<PolicyChange>& changes) {
    if (changes.empty()) return "no differences\n";
    std::string text;
    for (const PolicyChange& change : changes) {
        text += change.where + ": " + change.what + '\n';
        if (!change.example) continue;
        text += "  " + change.example->method + ' ' + change.example->url + '\n';
        for (const auto& header : change.example->headers) text += "    " + header.first + ": " + header.second + '\n';
        text += "    was " + change.before + "\n    is  " + change.after + '\n';
    }
    return text;
}

std::string to_json(const std::vector<PolicyChange>& changes) {
    ordered_json json = ordered_json::array();
    for (const PolicyChange& change : changes) {
        ordered_json entry{{"where", change.where}, {"what", change.what}, {"example", nullptr}};
        if (change.example) {
            ordered_json headers = ordered_json::array();
            for (const auto& header : change.example->headers) headers.push_back({header.first, header.second});
            entry["example"] = {{"method", change.example->method},
                                {"url", change.example->url},
                                {"headers", headers},
                                {"before", change.before},
                                {"after", change.after}};
        }
        json.push_back(std::move(entry));
    }
    return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

}  // namespace sallyport::rules
