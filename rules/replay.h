// Decides recorded requests again under another policy. Pure: whoever reads the audit log hands the records over.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "rules/explain.h"
#include "rules/policy_file.h"

namespace sallyport::rules {

// What the audit log holds of one decision in its replay mode.
struct RecordedDecision {
    std::uint64_t sequence = 0;
    std::string sandbox;
    std::string policy;
    http::CanonicalRequest request;
    http::HeaderMap headers;  // without values of the authentication family
    bool allowed = false;
    std::string rule;
    std::string credential;
    std::string error;
};

struct ReplayedDecision {
    std::uint64_t sequence = 0;
    std::string sandbox;
    std::string request;  // "GET https://api.github.com/repos/acme/x"
    std::string before;   // "allowed by read-acme with credential github"
    std::string after;
    bool changed = false;
};

// Decides for many records under one file, of which it makes each sandbox's snapshot once. Secrets count as there. What
// a script decided, where `file.scripts` does not hold it, counts as decided so again unless a deny comes first.
class Replayer final {
public:
    // The file outlives it.
    explicit Replayer(const PolicyFile& file) : file_(file) {}

    // Under what the file has for the record's sandbox: its entry, else the policy of the same name. Rules that the
    // admin API had set for the sandbox are not in the file.
    ReplayedDecision replay(const RecordedDecision& record);

private:
    struct Sandbox {
        std::shared_ptr<const PolicySnapshot> snapshot;  // null where there is no such policy
        bool lacks_script = false;
    };

    const Sandbox& find_sandbox(const RecordedDecision& record);

    const PolicyFile& file_;
    std::map<std::pair<std::string, std::string>, Sandbox> sandboxes_;  // by name and recorded policy
    std::map<std::string, std::shared_ptr<const CompiledPolicy>, std::less<>> without_script_;
};

// One record.
ReplayedDecision replay(const RecordedDecision& record, const PolicyFile& file);

}  // namespace sallyport::rules
