// Which policy every sandbox is under: the deployment's file, with what the admin API has set over it. A change is first
// planned (parsed, checked, every snapshot built, nothing changed), then committed as a whole; changes come one after the
// other, so that a reload and an edit are never mixed. Control thread only.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "admin/state_store.h"
#include "base/ids.h"
#include "cli/egress_document.h"
#include "cli/secret_cache.h"
#include "rules/policy_file.h"
#include "rules/script.h"
#include "rules/shared_credentials.h"
#include "rules/snapshot.h"

namespace sallyport::cli {

struct PolicyDocument {
    std::string json;
    std::uint64_t generation = 0;  // at which it was set
    std::shared_ptr<const rules::CompiledPolicy> policy;
    // It was stored, and is not valid under the present file: whoever is under it is denied everything.
    bool is_broken = false;
};

struct SandboxSnapshot {
    std::string sandbox;
    rules::SandboxPolicy policy;
    std::shared_ptr<const rules::PolicySnapshot> snapshot;
    SecretCache::Values secrets;  // that it was made with; null where it needs none, as everything is denied
};

// A change that is ready to be made.
struct Plan {
    Generation generation;
    std::shared_ptr<const rules::PolicyFile> file;       // as on disk
    std::shared_ptr<const rules::PolicyFile> effective;  // with the admin API's policies
    bool file_changed = false;
    std::map<std::string, std::optional<PolicyDocument>> policies;
    std::map<std::string, std::optional<EgressDocument>> egress;
    std::vector<SandboxSnapshot> snapshots;  // of the sandboxes that it concerns

    // What is kept of it.
    admin::StateChange stored() const;
};

class Deployment final {
public:
    // Finds out what a script exports, by running it; `path` as the policy has it.
    using LoadScript = std::function<Result<std::shared_ptr<const rules::Script>>(const std::string& path)>;

    // Fails where a script cannot be loaded.
    static Result<Deployment> create(std::shared_ptr<const rules::PolicyFile> file, LoadScript load_script);

    // What was set before a restart. What is not valid any more denies everything it is about, and is logged.
    void restore(const admin::StoredState& state);

    // A sandbox that is being opened.
    Result<SandboxSnapshot> add_sandbox(const std::string& name, const std::string& asked_policy);

    Planned<Plan> plan_file(std::shared_ptr<const rules::PolicyFile> file);
    Planned<Plan> plan_policy(const std::string& name, const std::optional<std::string>& text);
    Planned<Plan> plan_egress(const std::string& sandbox, const std::optional<std::string>& text);
    // For the sandboxes whose secrets have other values now; nothing where there are none.
    std::optional<Plan> plan_secrets();
    // All or nothing, and no failure: everything has been built. Only the plan that was made last, and only once.
    void commit(const Plan& plan);

    const rules::PolicyFile& file() const { return *effective_; }
    // As it was read from disk.
    const std::shared_ptr<const rules::PolicyFile>& disk_file() const { return file_; }
    Generation generation() const { return generation_; }
    bool has_sandbox(std::string_view name) const;
    std::vector<std::string> sandbox_names() const;
    const rules::SandboxPolicy* policy_of(std::string_view sandbox) const;  // null for none
    std::shared_ptr<const rules::PolicySnapshot> snapshot_of(std::string_view sandbox) const;
    // Which values its snapshot was made with; null for none.
    SecretCache::Values secrets_of(std::string_view sandbox) const;
    const PolicyDocument* policy_document(std::string_view name) const;  // set by the admin API; null for none
    std::uint64_t policy_generation(std::string_view name) const;
    const EgressDocument* egress_document(std::string_view sandbox) const;
    std::uint64_t egress_generation(std::string_view sandbox) const;
    SecretCache& secrets() { return secrets_; }
    const SecretCache& secrets() const { return secrets_; }

private:
    struct Sandbox {
        std::string asked_policy;
        bool has_entry = false;  // in the file, when it was made
        rules::SandboxPolicy policy;
        std::shared_ptr<const rules::PolicySnapshot> snapshot;
        SecretCache::Values secrets;
    };

    explicit Deployment(LoadScript load_script) : load_script_(std::move(load_script)) {}

    Plan next_plan() const;
    // The launcher connects to no other service.
    bool knows_socket(const std::string& path) const;
    Result<void> add_script(rules::PolicyFile& file, const rules::CompiledPolicy& policy);
    Planned<std::shared_ptr<const rules::PolicyFile>> with_scripts(const rules::PolicyFile& file);
    Planned<std::shared_ptr<const rules::PolicyFile>> merged(
        const rules::PolicyFile& file, const std::map<std::string, std::optional<PolicyDocument>>& changes);
    Result<PolicyDocument> restored_policy(const std::string& name, const admin::StoredDocument& stored,
                                           rules::PolicyFile& effective);
    EgressDocument restored_egress(const std::string& sandbox, const admin::StoredDocument& stored) const;
    Planned<void> check_policies_again(Plan& plan);
    Planned<void> check_egress_again(Plan& plan) const;
    Planned<rules::SandboxPolicy> policy_for(const std::string& name, const Sandbox& sandbox, const Plan& plan,
                                             const std::shared_ptr<const EgressDocument>& document) const;
    Planned<SandboxSnapshot> snapshot_for(const std::string& name, const Sandbox& sandbox, const Plan& plan,
                                          rules::SharedCredentials& shared);
    Planned<void> add_snapshots(Plan& plan, const std::function<bool(const std::string&, const Sandbox&)>& is_concerned);
    std::shared_ptr<const EgressDocument> document_in(const Plan& plan, const std::string& sandbox) const;
    bool is_broken_in(const Plan& plan, const std::string& policy) const;
    void forget_unused_secrets();

    LoadScript load_script_;
    std::shared_ptr<const rules::PolicyFile> file_;
    std::shared_ptr<const rules::PolicyFile> effective_;
    Generation generation_{1};
    std::uint64_t file_generation_ = 1;
    std::map<std::string, PolicyDocument, std::less<>> policies_;
    std::map<std::string, std::shared_ptr<const EgressDocument>, std::less<>> egress_;
    std::map<std::string, std::uint64_t, std::less<>> removed_at_;  // documents that are gone, for their ETag
    std::map<std::string, Sandbox, std::less<>> sandboxes_;
    SecretCache secrets_;
    rules::SharedCredentials shared_;  // by the snapshots of sandboxes that were opened since the last change
};

}  // namespace sallyport::cli
