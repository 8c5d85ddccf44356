// A network namespace without a way out: made anew, or someone else's that gets closed. Either is returned only when the
// rules are in force. Owned by the launcher.
#pragma once

#include <optional>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "sandbox/listeners.h"
#include "sandbox/pinned_path.h"
#include "sandbox/redirect_table.h"

namespace sallyport::sandbox {

struct OpenNamespace {
    UniqueFd netns;
    std::optional<NftSocket> held_rules;  // attached namespaces only: keeps the held tables in force
    std::vector<UniqueFd> parking;  // attached namespaces only: their uplinks, one in each; what is virtual goes with it
    PinnedPath pin;
};

struct NamespaceParts {
    OpenNamespace kept;
    Listeners listeners;  // for the daemon; the launcher must not keep them
};

Result<NamespaceParts> make_namespace();
// `netns` must not be the caller's own namespace: closing that one cuts the host off.
Result<NamespaceParts> close_and_attach(UniqueFd netns);

// Which namespace a descriptor of /proc/…/ns/net stands for.
struct NamespaceId {
    dev_t device = 0;
    ino_t inode = 0;
    friend bool operator==(const NamespaceId&, const NamespaceId&) = default;
};
Result<NamespaceId> namespace_id(int netns);

}  // namespace sallyport::sandbox
