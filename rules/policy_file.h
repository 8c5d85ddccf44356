// A deployment's file (YAML; JSON is the same thing), parsed, checked and compiled. Strict: what is not understood is an
// error with file, line and column, and a file with one error is not loaded at all.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "secrets/secrets.h"

namespace sallyport::rules {

struct CompiledPolicy;

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
};

// Immutable once parsed.
struct PolicyFile {
    std::vector<secrets::SecretSource> secrets;
    std::map<std::string, std::shared_ptr<const CompiledPolicy>, std::less<>> policies;
    std::map<std::string, SandboxEntry, std::less<>> sandboxes;
    // Certificates that origins may chain to beside the system's (PEM files): the top-level key `upstream_ca`.
    std::vector<std::string> upstream_ca_files;
};

struct ParsedFile {
    std::shared_ptr<const PolicyFile> file;  // null where any diagnostic is an error
    std::vector<Diagnostic> diagnostics;     // in the order of the file
};

// `name` is what the diagnostics call the file. Never throws.
ParsedFile parse_policy_file(std::string_view text, std::string_view name);

}  // namespace sallyport::rules
