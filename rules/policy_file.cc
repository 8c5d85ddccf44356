#include "rules/policy_file.h"

#include "rules/definitions.h"
#include "rules/diagnostics.h"
#include "rules/document.h"
#include "rules/fields.h"
#include "rules/file_reader.h"
#include "rules/policy_reader.h"
#include "rules/runtime_rules.h"

namespace sallyport::rules {
namespace {

Definitions definitions_of(const PolicyFile& file) {
    Definitions definitions;
    for (const secrets::SecretSource& source : file.secrets) definitions.secrets.insert(source.name);
    for (const auto& [name, spec] : file.credentials) definitions.credentials.insert(name);
    definitions.specs = file.credentials;
    return definitions;
}

}  // namespace

std::string to_string(const Diagnostic& diagnostic) {
    std::string text = diagnostic.file;
    if (diagnostic.line > 0) {
        text += ':' + std::to_string(diagnostic.line) + ':' + std::to_string(diagnostic.column);
    }
    return text + (diagnostic.severity == Severity::error ? ": error: " : ": warning: ") + diagnostic.message;
}

ParsedFile parse_policy_file(std::string_view text, std::string_view name) {
    Reporter reporter(name);
    ParsedFile parsed;
    auto file = std::make_shared<PolicyFile>();
    if (const auto root = read_document(text, reporter)) read_file(*root, *file, reporter);
    if (!reporter.has_errors()) parsed.file = std::move(file);
    parsed.diagnostics = reporter.take();
    return parsed;
}

ParsedPolicy parse_policy(std::string_view text, std::string_view policy_name, std::string_view diagnostics_name,
                          const PolicyFile& file) {
    Reporter reporter(diagnostics_name);
    ParsedPolicy parsed;
    Definitions definitions = definitions_of(file);
    if (!secrets::is_name(policy_name)) reporter.error({}, describe_name_fault(policy_name));
    if (const auto root = read_document(text, reporter)) {
        parsed.policy = read_policy(std::string(policy_name), *root, definitions, reporter);
    }
    if (reporter.has_errors()) parsed.policy = nullptr;
    parsed.diagnostics = reporter.take();
    return parsed;
}

ParsedRules parse_runtime_rules(std::string_view text, std::string_view name, const PolicyFile& file) {
    Reporter reporter(name);
    ParsedRules parsed;
    Definitions definitions = definitions_of(file);
    if (const auto root = read_document(text, reporter))
        parsed.rules = read_runtime_rules(*root, definitions, reporter);
    if (reporter.has_errors()) parsed.rules = nullptr;
    parsed.diagnostics = reporter.take();
    return parsed;
}

}  // namespace sallyport::rules
