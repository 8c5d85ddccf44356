// What the admin API has set, kept in SQLite (WAL, synchronous=FULL): a change is on disk, whole, when apply() returns, or
// not at all, whenever the process or the machine stops. Control thread only.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace sallyport::admin {

struct StoredDocument {
    std::string json;
    std::uint64_t generation = 0;  // at which it was written: its ETag
};

struct StoredState {
    std::uint64_t generation = 0;  // the last one that was acknowledged
    std::map<std::string, StoredDocument> policies;  // by name
    std::map<std::string, StoredDocument> egress;    // by sandbox
};

struct StateChange {
    std::uint64_t generation = 0;
    // A document that is set, or (nothing) removed.
    std::map<std::string, std::optional<std::string>> policies;
    std::map<std::string, std::optional<std::string>> egress;
};

class StateStore final {
public:
    // Makes the file where there is none. config_invalid for one that is not ours, is of a later version, or is in use by
    // another process.
    static Result<std::unique_ptr<StateStore>> open(const std::string& path);
    ~StateStore();

    Result<StoredState> load() const;
    // One transaction. On an error nothing has changed.
    Result<void> apply(const StateChange& change);

private:
    StateStore() = default;
    struct Database;
    std::unique_ptr<Database> database_;
};

}  // namespace sallyport::admin
