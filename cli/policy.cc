#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "cli/admin_json.h"
#include "cli/commands.h"
#include "cli/config.h"
#include "proxy/audit_verify.h"
#include "rules/policy_diff.h"
#include "rules/prove.h"

namespace sallyport::cli {
namespace {

using nlohmann::ordered_json;

std::string as_text(const rules::Question& question) {
    std::string text = question.method + " " + question.url;
    for (const auto& [name, value] : question.headers) text += "\n    " + name + ": " + value;
    return text;
}

// What a sandbox has asked for is shown on a terminal.
std::string printable(const std::string& text) {
    std::string quoted;
    append_json_string(quoted, text);
    return quoted.substr(1, quoted.size() - 2);
}

ordered_json as_json(const rules::Proof& proof) {
    const char* const kOutcomes[] = {"proved", "refuted", "undecided"};
    ordered_json json{{"outcome", kOutcomes[static_cast<int>(proof.outcome)]}, {"rules", proof.rules_looked_at}};
    if (proof.outcome == rules::ProofOutcome::undecided) json["why"] = proof.why;
    if (proof.outcome != rules::ProofOutcome::refuted) return json;
    ordered_json headers = ordered_json::array();
    for (const auto& [name, value] : proof.counterexample.headers) headers.push_back({name, value});
    json["counterexample"] = {{"policy", proof.policy}, {"method", proof.counterexample.method},
                              {"url", proof.counterexample.url}, {"headers", headers},
                              {"rule", proof.rule}, {"sent_to", proof.sent_to},
                              {"by_handler", proof.by_handler}};
    return json;
}

void print(const rules::Proof& proof, const std::string& credential) {
    switch (proof.outcome) {
        case rules::ProofOutcome::proved:
            std::printf("proved: credential %s never leaves these places (%zu rules)\n", credential.c_str(), proof.rules_looked_at);
            return;
        case rules::ProofOutcome::undecided: std::printf("undecided: %s\n", proof.why.c_str()); return;
        case rules::ProofOutcome::refuted: break;
    }
    if (proof.by_handler) std::printf("(what follows is a request that a handler of the policy may send)\n");
    std::printf("refuted: under policy %s, rule %s sends credential %s to %s for\n  %s\n", proof.policy.c_str(),
                proof.rule.c_str(), credential.c_str(), proof.sent_to.c_str(), as_text(proof.counterexample).c_str());
}

}  // namespace

int policy_diff(const PolicyDiffOptions& options) {
    const auto before = load_config(options.before_file, rules::Severity::error);
    const auto after = load_config(options.after_file, rules::Severity::error);
    if (!before || !after) return no_answer(before ? after.error() : before.error());
    const auto changes = rules::diff(**before, **after);
    std::fputs((options.as_json ? rules::to_json(changes) + "\n" : rules::to_text(changes)).c_str(), stdout);
    return changes.empty() ? 0 : 1;
}

int policy_prove(const PolicyProveOptions& options) {
    const auto file = load_config(options.config_file, rules::Severity::error);
    if (!file) return no_answer(file.error());
    const auto proof = rules::prove(**file, {options.credential, options.never_outside, options.policy});
    if (!proof) return no_answer(proof.error());
    if (options.as_json) {
        std::printf("%s\n", dump(as_json(*proof)).c_str());
    } else {
        print(*proof, options.credential);
    }
    return static_cast<int>(proof->outcome);
}

int policy_replay(const PolicyReplayOptions& options) {
    const auto file = load_config(options.config_file, rules::Severity::error);
    if (!file) return no_answer(file.error());
    rules::Replayer replayer(**file);
    std::uint64_t decisions = 0;
    std::uint64_t changed = 0;
    const auto skipped = proxy::read_decisions(proxy::audit_files(options.log_file), [&](const rules::RecordedDecision& record) {
        const rules::ReplayedDecision replayed = replayer.replay(record);
        ++decisions;
        changed += replayed.changed ? 1 : 0;
        if (!replayed.changed && !options.all) return;
        std::printf("%s #%llu %s %s\n  was %s\n  is  %s\n", replayed.changed ? "changes" : "same   ",
                    static_cast<unsigned long long>(replayed.sequence), replayed.sandbox.c_str(), printable(replayed.request).c_str(),
                    replayed.before.c_str(), replayed.after.c_str());
    });
    if (!skipped) return no_answer(skipped.error());
    std::printf("%llu decisions, %llu would change", static_cast<unsigned long long>(decisions),
                static_cast<unsigned long long>(changed));
    if (*skipped > 0) std::printf("; %llu were not recorded for replay", static_cast<unsigned long long>(*skipped));
    std::printf("\n");
    return changed == 0 ? 0 : 1;
}

}  // namespace sallyport::cli
