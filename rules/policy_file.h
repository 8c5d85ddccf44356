// A deployment's file (YAML; JSON is the same thing), parsed, checked and compiled. Strict: what is not understood is
// an error with file, line and column, and a file with one error is not loaded at all.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "rules/credential.h"
#include "secrets/secrets.h"

namespace sallyport::rules {

struct CompiledPolicy;
class Script;

enum class Severity { error, warning };

struct Diagnostic {
    Severity severity = Severity::error;
    std::string file;
    int line = 0;    // from 1; 0 where it concerns the whole file
    int column = 0;  // from 1
    std::string message;
};

// "agent.yaml:12:5: error: unknown key "hosts", did you mean "host"?"
std::string to_string(const Diagnostic& diagnostic);

struct SandboxEntry {
    std::string policy;
    secrets::Params params;
    secrets::Params labels;
    bool has_namespace = true;  // else its only way out is the explicit proxy
};

// Somebody who may use the admin API. Exactly one of uid, token_file and certificate says who it is.
struct AdminCaller {
    std::string name;                  // in the audit log; the key in the file
    std::optional<std::uint32_t> uid;  // on the unix socket
    std::string token_file;            // bearer token over TCP: the file that holds it
    std::string certificate;           // mutual TLS: the subject's common name or a DNS name of the certificate
    // Patterns ("tenant-a-*": '*' is any run of characters) of the sandboxes it may see and change; empty: it is an
    // operator, who may do everything.
    std::vector<std::string> sandboxes;

    friend bool operator==(const AdminCaller&, const AdminCaller&) = default;
};

// `admin: { socket: PATH, listen: "127.0.0.1:8443", certificate: FILE, key: FILE, client_ca: FILE, callers: { NAME: … }
// }`
struct AdminSpec {
    std::string socket;  // empty: RUNTIME_DIR/admin.sock; "none": no unix socket
    std::string listen;  // "address:port"; empty: no TCP
    std::string certificate_file;
    std::string key_file;
    std::string client_ca_file;        // mutual TLS where set
    std::vector<AdminCaller> callers;  // beside root and the daemon's own user on the unix socket

    friend bool operator==(const AdminSpec&, const AdminSpec&) = default;
};

// `audit: { file: PATH, rotate: 100MB, keep: 10, replay: true }`
struct AuditSpec {
    std::string file;  // empty: no audit log
    std::uint64_t rotate_bytes = 100'000'000;
    std::uint32_t keep = 10;
    bool replay = false;  // record what it takes to decide again

    friend bool operator==(const AuditSpec&, const AuditSpec&) = default;
};

// `proxy: { listen: [ /run/sallyport/proxy.sock, "127.0.0.1:3128" ] }`
struct ProxySpec {
    std::vector<std::string> listen;  // unix sockets' paths (with a '/') and loopback addresses; empty: no explicit proxy

    friend bool operator==(const ProxySpec&, const ProxySpec&) = default;
};

// Immutable once parsed.
struct PolicyFile {
    std::vector<secrets::SecretSource> secrets;
    // What rules may name; specs of credentials that are wrong are missing.
    std::map<std::string, CredentialSpec, std::less<>> credentials;
    std::map<std::string, std::shared_ptr<const CompiledPolicy>, std::less<>> policies;
    std::map<std::string, SandboxEntry, std::less<>> sandboxes;
    // Certificates that origins may chain to beside the system's (PEM files): the top-level key `upstream_ca`.
    std::vector<std::string> upstream_ca_files;
    AdminSpec admin;
    AuditSpec audit;
    ProxySpec proxy;
    // By policy, for those that have a `script`. The parser leaves it empty: whoever can run a script fills it in.
    std::map<std::string, std::shared_ptr<const Script>, std::less<>> scripts;
};

struct ParsedFile {
    std::shared_ptr<const PolicyFile> file;  // null where any diagnostic is an error
    std::vector<Diagnostic> diagnostics;     // in the order of the file
};

// `name` is what the diagnostics call the file. Never throws.
ParsedFile parse_policy_file(std::string_view text, std::string_view name);

struct ParsedPolicy {
    std::shared_ptr<const CompiledPolicy> policy;  // null where any diagnostic is an error
    std::vector<Diagnostic> diagnostics;
};

// One policy, in the form of an entry of `policies`, checked against the secrets and credentials of `file`.
ParsedPolicy parse_policy(std::string_view text, std::string_view policy_name, std::string_view diagnostics_name,
                          const PolicyFile& file);

// What is wrong between a policy and its script: a rule's handler that the script does not have. Empty where all is
// well.
std::vector<Diagnostic> check_script(const CompiledPolicy& policy, const Script& script);

}  // namespace sallyport::rules
