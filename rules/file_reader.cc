#include "rules/file_reader.h"

#include <algorithm>
#include <array>
#include <set>

#include "rules/credential_reader.h"
#include "rules/fields.h"
#include "rules/policy_reader.h"
#include "rules/secret_reader.h"

namespace sallyport::rules {
namespace {

constexpr std::array<std::string_view, 6> kKeys{"version",  "secrets",   "credentials",
                                                "policies", "sandboxes", "upstream_ca"};
constexpr std::array<std::string_view, 5> kUnsupportedKeys{"handlers", "limits", "admin", "audit", "listen"};
constexpr std::array<std::string_view, 2> kSandboxKeys{"policy", "params"};

class FileReader {
public:
    FileReader(const Node& root, PolicyFile& file, Reporter& reporter)
        : root_(root), file_(file), reporter_(reporter) {}

    void read() {
        if (!expect_map(root_, "the file", {kKeys, kUnsupportedKeys}, reporter_)) return;
        read_version();
        each_named("secrets", [&](const Entry& entry) { read_secret_entry(entry); });
        each_named("credentials", [&](const Entry& entry) { read_credential_entry(entry); });
        each_named("policies", [&](const Entry& entry) {
            file_.policies.emplace(entry.key, read_policy(entry.key, entry.value, credentials_, reporter_));
        });
        each_named("sandboxes", [&](const Entry& entry) { read_sandbox(entry); });
        read_upstream_ca();
        if (!reporter_.has_errors()) warn_of_unused();
    }

private:
    template <class Read>
    void each_named(std::string_view section, Read read) {
        const Node* node = find(root_, section);
        if (node == nullptr || !expect_map(*node, quote(section), reporter_)) return;
        for (const Entry& entry : node->entries) {
            if (expect_name(entry)) read(entry);
        }
    }

    bool expect_name(const Entry& entry) {
        if (secrets::is_name(entry.key)) return true;
        reporter_.error(
            entry.place,
            quote(entry.key) + " is not a valid name: 1 to 63 of A-Z, a-z, 0-9, '_' and '-', no '-' at either end");
        return false;
    }

    void read_version() {
        const Node* version = require(root_, "version", "the file", reporter_);
        if (version == nullptr) return;
        const bool is_one = version->kind == NodeKind::scalar && version->is_plain && version->text == "1";
        if (!is_one) reporter_.error(version->place, "\"version\" must be 1");
    }

    void read_secret_entry(const Entry& entry) {
        secret_names_.insert(entry.key);
        if (auto source = read_secret(entry.key, entry.value, reporter_)) file_.secrets.push_back(std::move(*source));
    }

    void read_credential_entry(const Entry& entry) {
        credentials_.names.insert(entry.key);
        auto spec = read_credential(entry.key, entry.value, secret_names_, reporter_);
        if (!spec) return;
        note_secrets(spec->username);
        note_secrets(spec->value);
        credentials_.specs.emplace(entry.key, std::move(*spec));
    }

    void note_secrets(const secrets::TemplateText& text) {
        for (const auto& part : text) {
            if (part.kind == secrets::PartKind::secret) used_secrets_.insert(part.text);
        }
    }

    void read_sandbox(const Entry& entry) {
        const std::string what = "sandbox " + quote(entry.key);
        if (!expect_map(entry.value, what, {kSandboxKeys}, reporter_)) return;
        SandboxEntry sandbox;
        if (const Node* policy = require(entry.value, "policy", what, reporter_)) {
            sandbox.policy = read_policy_name(*policy);
        }
        if (const Node* params = find(entry.value, "params")) read_params(*params, sandbox.params);
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

    void read_params(const Node& node, secrets::Params& params) {
        if (!expect_map(node, "\"params\"", reporter_)) return;
        for (const Entry& entry : node.entries) {
            if (!expect_name(entry)) continue;
            if (const auto value = read_text(entry.value, entry.key, reporter_)) params.emplace(entry.key, *value);
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
        warn_of_unused("secrets", "secret", used_secrets_);
        warn_of_unused("credentials", "credential", credentials_.used);
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
    std::set<std::string, std::less<>> secret_names_;
    std::set<std::string, std::less<>> used_secrets_;
    CredentialTable credentials_;
};

}  // namespace

void read_file(const Node& root, PolicyFile& file, Reporter& reporter) { FileReader(root, file, reporter).read(); }

}  // namespace sallyport::rules
