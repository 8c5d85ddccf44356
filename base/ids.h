// Strong ids: a SandboxId cannot be passed where a RequestId is meant.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>

namespace sallyport {

template <class Tag, class Value>
struct StrongId {
    Value value{};
    friend auto operator<=>(const StrongId&, const StrongId&) = default;
};

// A sandbox's name: 1 to 63 of [A-Za-z0-9_-], no '-' at either end.
using SandboxId = StrongId<struct SandboxIdTag, std::string>;
// Counts the policy snapshots of a process, from 1.
using Generation = StrongId<struct GenerationTag, std::uint64_t>;
// Counts the requests of a process; shown to sandboxes as an opaque hex string.
using RequestId = StrongId<struct RequestIdTag, std::uint64_t>;

}  // namespace sallyport

template <class Tag, class Value>
struct std::hash<sallyport::StrongId<Tag, Value>> {
    std::size_t operator()(const sallyport::StrongId<Tag, Value>& id) const { return std::hash<Value>{}(id.value); }
};
