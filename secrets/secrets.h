// Named secrets, where they come from, and their values at one moment. A source is configuration and holds references
// only; values exist in a SecretSnapshot, which is immutable once made.
#pragma once

#include <map>
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
    // The variable's name or the file's path; may hold ${params.NAME}, filled in per sandbox.
    std::string location;
};

// A sandbox's own parameters, by name.
using Params = std::map<std::string, std::string, std::less<>>;

class SecretSnapshot final {
public:
    // Reads every source. A source that fails (not set, unreadable, empty, over 64 KiB, control characters in the value
    // other than one trailing newline, which is removed) keeps its error, and whatever needs it is denied.
    static SecretSnapshot load(const std::vector<SecretSource>& sources, const Params& params);

    // secret_unavailable where there is none, with the reason as detail (never the value).
    Result<std::string_view> get(std::string_view name) const;

private:
    std::map<std::string, Result<SecretString>, std::less<>> values_;
};

}  // namespace sallyport::secrets
