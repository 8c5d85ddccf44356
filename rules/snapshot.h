// The policy of one sandbox under one generation, compiled, with its credentials rendered. Immutable: `const` calls are
// safe from any thread, and a request uses one snapshot from start to end. Pure: no sockets, no clock.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/secret_string.h"
#include "http/validate.h"
#include "rules/policy_file.h"
#include "secrets/secrets.h"

namespace sallyport::rules {

struct CompiledPolicy;      // rules/compiled_policy.h
struct Rule;                // rules/rule.h
struct RenderedCredential;  // rules/shared_credentials.h
struct RuntimeRules;        // rules/runtime_rules.h
struct Respond;             // rules/actions.h
struct Destination;
struct LimitSpec;
struct HandlerRef;
struct HandlerLimits;
struct BlockAnswer;
struct ExchangeOptions;  // rules/exchange_options.h
class CredentialAction;  // rules/credential_action.h
class NeedleSet;         // rules/needle_set.h
class Placeholders;      // rules/placeholders.h
struct NeedleTexts;      // rules/needle_texts.h
struct OutgoingRequest;
class Script;             // rules/script.h
class SharedCredentials;  // rules/shared_credentials.h

enum class Verdict { allow, deny };

// What a connection may become, asked before anything is minted or answered.
enum class Reach {
    denied,       // no request to this host and port can be allowed
    intercept,    // some may: look at each request
    passthrough,  // TLS goes through untouched: decide_tunnel() says by which rule
};

// A connection whose bytes are not looked at.
enum class TunnelKind { tcp, passthrough };

enum class Action { forward, respond, handler };

// Whether handlers are asked: not for what a handler itself fetches.
enum class Handlers { consult, skip };

// The outcome for one request. Views point into the snapshot.
struct Decision {
    Verdict verdict = Verdict::deny;
    ErrorCode error = ErrorCode::denied;  // why, where the verdict is deny
    std::string_view rule;                // its name, or "rules[3]", or "default"
    std::string_view credential;          // its name; empty for none
    int credential_index = -1;            // for apply_credential
    // Private networks that the rule grants, as text checked at load ("10.20.0.0/16"). Where this is not empty, every
    // resolved address must be inside one of them.
    const std::vector<std::string>* granted_networks = nullptr;
    bool allow_cleartext_credential = false;
    const ExchangeOptions* exchange = nullptr;  // the rule's; null where none lets the request through
    // The rule looked at the path: send the canonical one.
    bool path_decided = false;

    Action action = Action::forward;
    const Respond* respond = nullptr;  // where action is respond
    // Where action is handler. Then `rule` is "outboundByHost[x.dev]", "outbound", "handler NAME" for one that was
    // attached at run time, and for a rule's handler that rule's own name. It carries no credential and no networks:
    // those are decided for what the handler fetches.
    const HandlerRef* handler = nullptr;
    const Destination* upstream = nullptr;  // where the request goes instead; null for where it was meant to go
    // The rule's; null for none. Counted under `limit_key`, which is equal for the same rule of two generations.
    const LimitSpec* limit = nullptr;
    std::string_view limit_key;
    bool websocket = true;  // an upgrade to WebSocket may go through
    // Over cleartext the origin speaks HTTP/2 with prior knowledge (RFC 9113 section 3.3), and clients may.
    bool h2c = false;
};

// Which policy a sandbox is under, who it is, and what the admin API has set for it.
struct SandboxPolicy {
    std::string policy;
    secrets::Identity identity;
    std::shared_ptr<const RuntimeRules> runtime;  // null for none
    // What stands for secrets inside: the same as long as the sandbox lives; null where nothing does.
    std::shared_ptr<const Placeholders> placeholders = nullptr;
};

class PolicySnapshot final {
public:
    ~PolicySnapshot();

    Generation generation() const { return generation_; }
    std::string_view policy_name() const;

    // `host` is canonical: a name, or an address where `is_address`.
    Reach reach(http::Scheme scheme, std::string_view host, bool is_address, std::uint16_t port) const;

    // Before a request is there: which of the allowing rules for this host and port comes first that forwards to where the
    // client meant to go. Its grants and its credential say how to connect to the origin to find out what it speaks; nothing
    // may be sent. Verdict deny where there is none: all is refused, answered here, handled, or sent elsewhere.
    Decision route(http::Scheme scheme, std::string_view host, bool is_address, std::uint16_t port) const;
    // Whether any rule for a cleartext host and port says `h2c: true`; `host` is empty where only requests can tell it.
    bool may_speak_h2c(std::string_view host, bool is_address, std::uint16_t port) const;

    // Whether a raw connection may be made: asked for `tcp` before a byte is read, for `passthrough` once the name is
    // known. First the denies: of bytes that nobody looks at, one that is about some requests only counts in full. Then
    // the first rule for the host and port must be a `tcp` or `passthrough` one; what has a handler is never raw. The
    // default allows neither.
    Decision decide_tunnel(TunnelKind kind, std::string_view host, bool is_address, std::uint16_t port) const;

    // Deny rules; the runtime handler of the host; the script's for the host; the runtime rules and the policy's, of
    // which the first match counts; the runtime catch-all; the script's; the default. Linear in the rules for this host
    // only, and allocates nothing. Where handlers are skipped, a rule's handler is an allow of that rule, without its
    // `limit`, which was counted when the handler was asked.
    Decision decide(const http::CanonicalRequest& request, const http::HeaderMap& headers,
                    Handlers handlers = Handlers::consult) const;

    // Who the sandbox is, and what applies to all its requests.
    const secrets::Identity& identity() const;
    const BlockAnswer& block_answer() const;
    const LimitSpec* policy_limit() const;  // null for none
    const HandlerLimits& handler_limits() const;
    std::string_view handler_socket() const;  // empty where a script is run, or there is none
    const Script* script() const;             // null for none
    // What the script may see, as {name, value}: secret_unavailable where one of them is missing.
    using Environment = std::vector<std::pair<std::string, std::string_view>>;
    Result<Environment> handler_environment() const;
    const CompiledPolicy& policy() const { return *policy_; }
    const RuntimeRules* runtime() const;  // null for none

    // What the decision's credential does; null for none. Valid as long as the snapshot.
    const CredentialAction* action_of(const Decision& decision) const;
    // Removes the sandbox's own copies of the authentication family from the head (fields and, in `target`, query keys),
    // and the rule's selector fields; then the action puts the credential in. Where it fails nothing may be sent. Only for
    // decisions of this snapshot that carry a credential.
    Result<void> apply_credential(const Decision& decision, OutgoingRequest& request) const;
    // All that must not come back to the sandbox: its credentials' secrets, and what handlers see. Compiled when it is
    // first asked for; null where there is nothing.
    std::shared_ptr<const NeedleSet> needles() const;
    // Null where nobody has asked. Both are for the sandbox's worker alone.
    const std::shared_ptr<const NeedleSet>& needles_in_use() const { return needles_; }
    // Whether the very same texts must not come back.
    bool has_same_secrets(const PolicySnapshot& other) const;
    const Placeholders* placeholders() const { return placeholders_.get(); }

    // Whether a decision of this snapshot puts in the credential that one of `other` does; neither may put in anything. A
    // secret that was rotated is the same credential with another value: what has begun with the older one goes on. One
    // that is gone, or is another sandbox's, is not.
    bool has_same_credential(const Decision& decision, const PolicySnapshot& other, const Decision& others) const;
    // Whether `earlier` had a credential of that name that is here too, and can be had: it may have been rotated since.
    bool keeps_credential(std::string_view name, const PolicySnapshot& earlier) const;
    // Whether handlers run the same script, and see the same values.
    bool has_same_handlers(const PolicySnapshot& other) const;

private:
    friend Result<std::shared_ptr<const PolicySnapshot>> make_snapshot(const PolicyFile&, const SandboxPolicy&,
                                                                       const secrets::SecretSnapshot&, Generation,
                                                                       SharedCredentials*);
    // A rule, and where its list's credentials begin in credentials_.
    struct Match {
        const Rule* rule = nullptr;
        std::size_t first_credential = 0;
    };
    // What decisions call the handlers that are attached.
    struct RuntimeLabels {
        std::map<std::string, std::string, std::less<>> by_host;
        std::string catch_all;
    };

    PolicySnapshot();

    const CompiledPolicy* runtime_rules() const;
    const RenderedCredential& rendered(const Decision& decision) const;
    NeedleTexts needle_texts() const;
    Match in_layer(const Rule* own, const Rule* policys) const;
    Decision deny(ErrorCode error, const Rule* rule) const;
    // Fills in what a rule grants, or why it cannot be had.
    void allow(const Match& match, Handlers handlers, Decision& decision) const;
    void grant(const Match& match, Decision& decision) const;
    void add_credential(const Match& match, Decision& decision) const;
    void hand_over(const HandlerRef& handler, std::string_view label, Decision& decision) const;
    // Whether handlers are about this host and port at all, and then which ones.
    bool has_handlers(http::Scheme scheme, bool is_address, std::uint16_t port) const;
    bool ask_host_handler(std::string_view host, Decision& decision) const;
    bool ask_catch_all(Decision& decision) const;
    void decide_default(const http::CanonicalRequest& request, const Rule* cleartext, Decision& decision) const;
    void render_credentials(const std::shared_ptr<const CompiledPolicy>& policy, const secrets::SecretSnapshot& secrets,
                            SharedCredentials* shared);
    void take_runtime_rules(std::shared_ptr<const RuntimeRules> runtime);

    Generation generation_;
    std::shared_ptr<const CompiledPolicy> policy_;
    std::shared_ptr<const RuntimeRules> runtime_;
    std::shared_ptr<const Script> script_;
    secrets::Identity identity_;
    std::unique_ptr<const RuntimeLabels> runtime_labels_;                 // null where no handler is attached
    std::vector<std::shared_ptr<const RenderedCredential>> credentials_;  // the policy's, then the runtime rules'
    std::vector<std::pair<std::string, Result<std::shared_ptr<const SecretString>>>> environment_;
    std::shared_ptr<const Placeholders> placeholders_;
    mutable std::once_flag needles_made_;
    mutable std::shared_ptr<const NeedleSet> needles_;
};

// Renders every credential that the policy and the runtime rules use. A secret that is missing does not fail the
// snapshot: the requests that need it are denied. config_invalid where the policy does not exist in the file, or its
// script is not in `file.scripts`. `shared`: what snapshots made before may have in common with this one; null for
// none.
Result<std::shared_ptr<const PolicySnapshot>> make_snapshot(const PolicyFile& file, const SandboxPolicy& sandbox,
                                                            const secrets::SecretSnapshot& secrets,
                                                            Generation generation, SharedCredentials* shared = nullptr);

}  // namespace sallyport::rules
