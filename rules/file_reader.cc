#include "rules/file_reader.h"

#include <algorithm>
#include <array>
#include <set>

#include "rules/admin_reader.h"
#include "rules/credential_reader.h"
#include "rules/definitions.h"
#include "rules/fields.h"
#include "rules/identity_check.h"
#include "rules/policy_reader.h"
#include "rules/proxy_reader.h"
#include "rules/secret_cycles.h"
#include "rules/secret_reader.h"
#include "secrets/inputs.h"
#include "secrets/template_text.h"

namespace sallyport::rules {
namespace {

constexpr std::array<std::string_view, 9> kKeys{"version",     "secrets", "credentials", "policies", "sandboxes",
                                                "upstream_ca", "admin",   "audit",       "proxy"};
constexpr std::array<std::string_view, 4> kSandboxKeys{"policy", "params", "labels", "namespace"};

class FileReader {
public:
    FileReader(const Node& root, PolicyFile& file, Reporter& reporter)
        : root_(root), file_(file), reporter_(reporter) {}

    void read() {
        if (!expect_map(root_, "the file", {kKeys}, reporter_)) return;
        read_version();
        name_secrets();
        each_named("secrets", [&](const Entry& entry) { read_secret_entry(entry); });
        each_named("credentials", [&](const Entry& entry) { read_credential_entry(entry); });
        check_inputs();
        each_named("policies", [&](const Entry& entry) {
            file_.policies.emplace(entry.key, read_policy(entry.key, entry.value, definitions_, reporter_));
        });
        each_named("sandboxes", [&](const Entry& entry) { read_sandbox(entry); });
        read_upstream_ca();
        if (const Node* admin = find(root_, "admin")) read_admin(*admin, file_.admin, reporter_);
        if (const Node* audit = find(root_, "audit")) read_audit(*audit, file_.audit, reporter_);
        if (const Node* proxy = find(root_, "proxy")) read_proxy(*proxy, file_.proxy, reporter_);
        file_.credentials = definitions_.specs;
        if (reporter_.has_errors()) return;
        warn_of_unused();
        warn_of_missing_params();
    }

private:
    template <class Read>
    void each_named(std::string_view section, Read read) {
        const Node* node = find(root_, section);
        if (node == nullptr || !expect_map(*node, quote(section), reporter_)) return;
        for (const Entry& entry : node->entries) {
            if (expect_name(entry, reporter_)) read(entry);
        }
    }

    void read_version() {
        const Node* version = require(root_, "version", "the file", reporter_);
        if (version == nullptr) return;
        const bool is_one = version->kind == NodeKind::scalar && version->is_plain && version->text == "1";
        if (!is_one) reporter_.error(version->place, "\"version\" must be 1");
    }

    // Before any is read: one may need another that comes after it.
    void name_secrets() {
        const Node* node = find(root_, "secrets");
        if (node == nullptr || node->kind != NodeKind::map) return;
        for (const Entry& entry : node->entries) {
            if (secrets::is_name(entry.key)) definitions_.secrets.insert(entry.key);
        }
    }

    void read_secret_entry(const Entry& entry) {
        auto source = read_secret(entry.key, entry.value, definitions_.secrets, reporter_);
        if (source) file_.secrets.push_back(std::move(*source));
    }

    // What a store needs is used, and may not need what it gives.
    void check_inputs() {
        std::set<std::string, std::less<>> reported;
        for (const secrets::SecretSource& source : file_.secrets) {
            for (std::string& name : secrets::inputs_of(source)) definitions_.used_secrets.insert(std::move(name));
            const auto cycle = cycle_through(source.name, file_.secrets);
            if (cycle.empty() || reported.contains(source.name)) continue;
            reported.insert(cycle.begin(), cycle.end());
            report_cycle(cycle);
        }
    }

    void report_cycle(const std::vector<std::string>& cycle) {
        std::string steps = quote(cycle.front());
        for (std::size_t i = 1; i < cycle.size(); ++i) steps += " needs " + quote(cycle[i]);
        const Node* node = find(*find(root_, "secrets"), cycle.front());
        reporter_.error(node->place, "these secrets need each other: " + steps);
    }

    void read_credential_entry(const Entry& entry) {
        definitions_.credentials.insert(entry.key);
        auto spec = read_credential(entry.key, entry.value, definitions_.secrets, reporter_, file_.secrets);
        if (!spec) return;
        spec->kind->visit_templates([this](const secrets::TemplateText& text) { note_secrets(text); });
        definitions_.specs.emplace(entry.key, std::move(*spec));
    }

    void note_secrets(const secrets::TemplateText& text) {
        for (const auto& part : text) {
            if (part.kind == secrets::PartKind::secret) definitions_.used_secrets.insert(part.text);
        }
    }

    void read_sandbox(const Entry& entry) {
        const std::string what = "sandbox " + quote(entry.key);
        if (!expect_map(entry.value, what, {kSandboxKeys}, reporter_)) return;
        SandboxEntry sandbox;
        if (const Node* policy = require(entry.value, "policy", what, reporter_)) {
            sandbox.policy = read_policy_name(*policy);
        }
        if (const Node* params = find(entry.value, "params")) read_values(*params, "params", sandbox.params);
        if (const Node* labels = find(entry.value, "labels")) read_values(*labels, "labels", sandbox.labels);
        if (const Node* value = find(entry.value, "namespace")) {
            sandbox.has_namespace = read_flag(*value, "namespace", reporter_).value_or(true);
            if (!sandbox.has_namespace && find(root_, "proxy") == nullptr) {
                reporter_.error(value->place, "a sandbox without a namespace has no other way out than \"proxy\"");
            }
        }
        file_.sandboxes.emplace(entry.key, std::move(sandbox));
    }

    std::string read_policy_name(const Node& node) {
        const auto name = read_text(node, "policy", reporter_);
        if (!name) return {};
        if (!file_.policies.contains(*name)) {
            std::set<std::string, std::less<>> names;
            for (const auto& [known, policy] : file_.policies) names.insert(known);
            reporter_.error(node.place, not_defined("policy", *name, names, reporter_));
        }
        return std::string(*name);
    }

    void read_values(const Node& node, std::string_view key, secrets::Params& values) {
        if (!expect_map(node, quote(key), reporter_)) return;
        for (const Entry& entry : node.entries) {
            if (!expect_name(entry, reporter_)) continue;
            if (const auto value = read_text(entry.value, entry.key, reporter_)) values.emplace(entry.key, *value);
        }
    }

    void read_upstream_ca() {
        const Node* node = find(root_, "upstream_ca");
        if (node == nullptr) return;
        for (const Node* item : read_list(*node, "upstream_ca", ListForm::one_or_list, reporter_)) {
            if (const auto path = read_text(*item, "upstream_ca", reporter_))
                file_.upstream_ca_files.emplace_back(*path);
        }
    }

    void warn_of_unused() {
        warn_of_unused("secrets", "secret", definitions_.used_secrets);
        warn_of_unused("credentials", "credential", definitions_.used_credentials);
    }

    void warn_of_missing_params() {
        const Node* sandboxes = find(root_, "sandboxes");
        if (sandboxes == nullptr) return;
        IdentityCheck check(file_);
        for (const Entry& entry : sandboxes->entries) {
            check.take(entry.key, file_.sandboxes.find(entry.key)->second, entry.place, reporter_);
        }
    }

    void warn_of_unused(std::string_view section, std::string_view what,
                        const std::set<std::string, std::less<>>& used) {
        const Node* node = find(root_, section);
        if (node == nullptr) return;
        for (const Entry& entry : node->entries) {
            if (used.contains(entry.key)) continue;
            reporter_.warning(entry.place, std::string(what) + ' ' + quote(entry.key) + " is not used");
        }
    }

    const Node& root_;
    PolicyFile& file_;
    Reporter& reporter_;
    Definitions definitions_;
};

}  // namespace

void read_file(const Node& root, PolicyFile& file, Reporter& reporter) { FileReader(root, file, reporter).read(); }

}  // namespace sallyport::rules
