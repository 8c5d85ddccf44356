// Named secrets, where they come from, and their values at one moment. A source is configuration and holds references
// only; values exist in a SecretSnapshot, which is immutable once made.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secret_string.h"

namespace sallyport::secrets {

enum class SourceKind { env, file };

struct SecretSource {
    std::string name;
    SourceKind kind = SourceKind::env;
    // The variable's name or the file's path; may hold ${params.NAME}, ${labels.NAME} and ${sandbox.id}, filled in per
    // sandbox.
    std::string location;
};

// A sandbox's own parameters, by name.
using Params = std::map<std::string, std::string, std::less<>>;

// What references are filled in from: who the sandbox is.
struct Identity {
    std::string sandbox;  // its id
    Params params;
    Params labels;

    friend bool operator==(const Identity&, const Identity&) = default;
};

// Whether two sandboxes may find different values in it.
bool is_per_sandbox(const SecretSource& source);

class SecretSnapshot final {
public:
    // Reads every source. A source that fails (not set, unreadable, not a value: secrets/value_check.h) keeps its error,
    // and whatever needs it is denied.
    static SecretSnapshot load(const std::vector<SecretSource>& sources, const Identity& identity);
    // As above, but what does not depend on the sandbox is read once for many: it is taken from `common`, which was
    // loaded from the same sources.
    static SecretSnapshot load(const std::vector<SecretSource>& sources, const Identity& identity,
                               const SecretSnapshot& common);

    // secret_unavailable where there is none, with the reason as detail (never the value).
    Result<std::string_view> get(std::string_view name) const;
    // As get(), to keep. Equal pointers are equal values.
    Result<std::shared_ptr<const SecretString>> share(std::string_view name) const;

private:
    std::map<std::string, std::shared_ptr<const Result<SecretString>>, std::less<>> values_;
};

}  // namespace sallyport::secrets
