// Named secrets, where they come from, and their values at one moment. A source is configuration and holds references
// only; values exist in a SecretSnapshot, which is immutable once made.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/secret_string.h"

namespace sallyport::secrets {

// env, file and systemd are read on the spot, the others' values are fetched in the background (secrets/refresher.h).
enum class SourceKind { env, file, systemd, provider };

class SecretProvider;  // secrets/provider.h

// What a source that takes time does where the file and the store say nothing else.
inline constexpr std::chrono::milliseconds kRefreshDefault = std::chrono::minutes(5);
inline constexpr std::chrono::milliseconds kGraceDefault = std::chrono::minutes(15);

struct SecretSource {
    std::string name;
    SourceKind kind = SourceKind::env;
    // The variable's name, the file's path or the credential's name (systemd); may hold ${params.NAME}, ${labels.NAME} and
    // ${sandbox.id}, filled in per sandbox. Empty for a provider.
    std::string location;
    // Where kind is provider, and only there.
    std::shared_ptr<const SecretProvider> provider = nullptr;
    // A value that does not say when it expires is fetched again after `refresh`; where that fails it is used for `grace`
    // longer.
    std::chrono::milliseconds refresh = kRefreshDefault;
    std::chrono::milliseconds grace = kGraceDefault;
    // How the file has it, but for its times. Two sources of the same name and definition are the same: what was fetched for
    // one is good for the other. Empty where nobody knows: then only the same provider is the same.
    std::string definition = {};
};

// "env", "file", "systemd", or the provider's type().
std::string_view type_of(const SecretSource& source);
// Whether it is a file that is read on the spot.
bool is_file(const SecretSource& source);
// For operators: "env VCS_TOKEN", or the provider's describe().
std::string describe(const SecretSource& source);

// A sandbox's own parameters, by name.
using Params = std::map<std::string, std::string, std::less<>>;

// What references are filled in from: who the sandbox is.
struct Identity {
    std::string sandbox;  // its id
    Params params;
    Params labels;

    friend bool operator==(const Identity&, const Identity&) = default;
};

// Whether two sandboxes may find different values in it. Of a provider's it is not known here what the secrets depend on that
// it refers to: it counts as the sandbox's own where it refers to any.
bool is_per_sandbox(const SecretSource& source);

// A value, or why there is none. Equal pointers are equal values.
using SharedValue = std::shared_ptr<const Result<SecretString>>;

class SecretSnapshot final {
public:
    using Values = std::map<std::string, SharedValue, std::less<>>;
    // The value of a source whose kind is provider, as it is now; null where there is none yet.
    using Provided = std::function<SharedValue(const SecretSource&, const Identity&)>;

    SecretSnapshot() = default;
    explicit SecretSnapshot(Values values) : values_(std::move(values)) {}

    // Reads every source. A source that fails (not set, unreadable, not a value: secrets/value_check.h) keeps its error,
    // and whatever needs it is denied.
    static SecretSnapshot load(const std::vector<SecretSource>& sources, const Identity& identity);
    // As above, but what does not depend on the sandbox is read once for many: it is taken from `common`, which was
    // loaded from the same sources; and what takes time is taken from `provided`.
    static SecretSnapshot load(const std::vector<SecretSource>& sources, const Identity& identity,
                               const SecretSnapshot& common, const Provided& provided = {});

    // secret_unavailable where there is none, with the reason as detail (never the value).
    Result<std::string_view> get(std::string_view name) const;
    // As get(), to keep. Equal pointers are equal values.
    Result<std::shared_ptr<const SecretString>> share(std::string_view name) const;

private:
    Values values_;
};

}  // namespace sallyport::secrets
