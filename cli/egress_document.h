// What the admin API has set for one sandbox, as the JSON that it was given and as what rules are made of.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "rules/runtime_rules.h"
#include "secrets/secrets.h"

namespace sallyport::cli {

// Why a change is not made: the admin API's answer.
struct Refusal {
    int status = 422;
    std::string code;     // "policy_invalid", "not_found", …
    std::string message;
    std::vector<rules::Diagnostic> diagnostics;
};

template <class T>
using Planned = tl::expected<T, Refusal>;

tl::unexpected<Refusal> refuse(int status, std::string code, std::string message,
                               std::vector<rules::Diagnostic> diagnostics = {});

struct EgressDocument {
    std::string json;
    std::uint64_t generation = 0;  // at which it was set
    std::optional<std::string> policy;
    std::optional<secrets::Params> params;
    std::optional<secrets::Params> labels;
    std::shared_ptr<const rules::RuntimeRules> runtime;
    // It was stored, and is not valid under the present file: the sandbox is denied everything.
    bool is_broken = false;
};

// 422 with diagnostics for what the file would not load either. Does not ask whether policy and handlers exist.
Planned<EgressDocument> parse_egress_document(std::string_view text, const rules::PolicyFile& file);

// {"handler": NAME, "params": {…}}
Planned<rules::HandlerRef> parse_handler_body(std::string_view text);

// The document with one host's handler (or, where `host` is empty, the catch-all) set to `body`, or removed.
Planned<std::string> with_handler(std::string_view document, std::string_view host,
                                  const std::optional<std::string>& body);

// Whether it only takes rights away from what `present` gives (null for nothing): all of that, and deny rules after
// its rules. What a caller may set that is no operator.
bool only_narrows(const EgressDocument* present, const EgressDocument& document);

}  // namespace sallyport::cli
