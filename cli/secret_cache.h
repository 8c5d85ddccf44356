// The values of secrets, read once for all sandboxes that share their sources, and again when a file changes or somebody
// asks. Control thread only.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "secrets/secrets.h"

namespace sallyport::cli {

class SecretCache final {
public:
    using Values = std::shared_ptr<const secrets::SecretSnapshot>;

    // The values for one sandbox: those read before, where its sources come out as the same places and nothing has changed
    // since. Values that are read again and come out the same are the same object: whoever has an older one knows by that
    // whether his are still right.
    Values get(const std::vector<secrets::SecretSource>& sources, const secrets::Identity& identity);

    // Where the values come from that are fetched in the background; until then there are none. What has changed there is told
    // by forget().
    void take_from(secrets::SecretSnapshot::Provided provided) { provided_ = std::move(provided); }

    // From now on get() reads again what comes from files that have changed; or what has to do with `name`.
    void look_for_changes();
    void forget(std::string_view name);
    // Nothing is kept for sandboxes that are not among these any more.
    void keep_only(const std::vector<secrets::SecretSource>& sources, const std::vector<secrets::Identity>& identities);

    // The files that values have been read from, or would be.
    std::vector<std::string> paths() const;
    // When a sandbox's values were read last; nothing where they were not.
    std::optional<std::chrono::system_clock::time_point> read_at(const std::vector<secrets::SecretSource>& sources,
                                                                 const secrets::Identity& identity) const;

private:
    struct Entry {
        Values values;
        Values common;  // what they were made with; null where nothing depends on the sandbox
        bool is_old = false;
        std::vector<std::string> names;
        std::vector<std::string> paths;  // of what is not in `common`
        std::string state;  // of those files, before the values were read
        std::chrono::system_clock::time_point read_at;
    };

    Values load(const std::vector<secrets::SecretSource>& sources, const secrets::Identity& identity, const Values& common) const;
    // What does not depend on the sandbox; null where that is all there is.
    Values get_common(const std::vector<secrets::SecretSource>& sources);

    secrets::SecretSnapshot::Provided provided_;
    // By the sources' names and where each of them leads.
    std::map<std::string, Entry, std::less<>> entries_;
};

}  // namespace sallyport::cli
