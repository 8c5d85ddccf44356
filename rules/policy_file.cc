#include "rules/policy_file.h"

#include "rules/diagnostics.h"
#include "rules/document.h"
#include "rules/file_reader.h"

namespace sallyport::rules {

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

}  // namespace sallyport::rules
