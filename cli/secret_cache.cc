#include "cli/secret_cache.h"

#include <algorithm>

#include "cli/file_state.h"
#include "secrets/inputs.h"
#include "secrets/location.h"

namespace sallyport::cli {
namespace {

using Sources = std::vector<secrets::SecretSource>;

// Asks for the state of each file once, however many sandboxes' secrets it holds.
class States final {
public:
    std::string of(const std::vector<std::string>& paths) {
        std::string all;
        for (const std::string& path : paths) {
            const auto [known, is_new] = known_.try_emplace(path);
            if (is_new) known->second = file_state(path);
            all += known->second;
        }
        return all;
    }

private:
    std::map<std::string, std::string> known_;
};

// A location that cannot be resolved is one that is not read either.
std::string place_of(const secrets::SecretSource& source, const Sources& sources, const secrets::Identity& identity) {
    if (source.provider) return source.definition + "=" + secrets::own_part(source, sources, identity);
    const auto location = secrets::resolve_location(source, identity);
    return location ? "=" + *location : "?" + location.error().detail;
}

std::string key_of(const Sources& sources, const secrets::Identity& identity) {
    std::string key;
    for (const secrets::SecretSource& source : sources) {
        key.append(source.name).append(1, '\0').append(1, static_cast<char>('0' + static_cast<int>(source.kind)));
        key.append(place_of(source, sources, identity)).append(1, '\0');
    }
    return key;
}

Sources common_of(const Sources& sources) {
    Sources common;
    std::copy_if(sources.begin(), sources.end(), std::back_inserter(common),
                 [](const secrets::SecretSource& source) { return !secrets::is_per_sandbox(source); });
    return common;
}

bool are_same(const secrets::SecretSnapshot& a, const secrets::SecretSnapshot& b, const std::vector<std::string>& names) {
    return std::all_of(names.begin(), names.end(), [&](const std::string& name) {
        const auto mine = a.get(name);
        const auto others = b.get(name);
        if (!mine || !others) return !mine && !others && mine.error().detail == others.error().detail;
        return *mine == *others;
    });
}

}  // namespace

SecretCache::Values SecretCache::get_common(const Sources& sources) {
    const Sources common = common_of(sources);
    return common.size() == sources.size() ? nullptr : get(common, {});
}

SecretCache::Values SecretCache::load(const Sources& sources, const secrets::Identity& identity, const Values& common) const {
    const secrets::SecretSnapshot none;
    return std::make_shared<const secrets::SecretSnapshot>(
        secrets::SecretSnapshot::load(sources, identity, common ? *common : none, provided_));
}

SecretCache::Values SecretCache::get(const Sources& sources, const secrets::Identity& identity) {
    const Values common = get_common(sources);
    const auto [found, is_new] = entries_.try_emplace(key_of(sources, identity));
    Entry& entry = found->second;
    if (entry.values && !entry.is_old && entry.common == common) return entry.values;
    if (is_new) {
        for (const secrets::SecretSource& source : sources) {
            entry.names.push_back(source.name);
            if (!secrets::is_file(source) || (common && !secrets::is_per_sandbox(source))) continue;
            if (auto path = secrets::resolve_location(source, identity)) entry.paths.push_back(std::move(*path));
        }
    }
    // Before the values are read: what changes in between is noticed.
    entry.state = States().of(entry.paths);
    auto values = load(sources, identity, common);
    if (!entry.values || !are_same(*entry.values, *values, entry.names)) entry.values = std::move(values);
    entry.common = common;
    entry.is_old = false;
    entry.read_at = std::chrono::system_clock::now();
    return entry.values;
}

void SecretCache::look_for_changes() {
    States states;
    for (auto& [key, entry] : entries_) {
        if (!entry.paths.empty() && states.of(entry.paths) != entry.state) entry.is_old = true;
    }
}

void SecretCache::forget(std::string_view name) {
    for (auto& [key, entry] : entries_) {
        if (std::find(entry.names.begin(), entry.names.end(), name) != entry.names.end()) entry.is_old = true;
    }
}

void SecretCache::keep_only(const Sources& sources, const std::vector<secrets::Identity>& identities) {
    std::set<std::string> keys{key_of(common_of(sources), {})};
    for (const secrets::Identity& identity : identities) keys.insert(key_of(sources, identity));
    std::erase_if(entries_, [&](const auto& each) { return !keys.contains(each.first); });
}

std::vector<std::string> SecretCache::paths() const {
    std::set<std::string> all;
    for (const auto& [key, entry] : entries_) all.insert(entry.paths.begin(), entry.paths.end());
    return {all.begin(), all.end()};
}

std::optional<std::chrono::system_clock::time_point> SecretCache::read_at(const Sources& sources,
                                                                          const secrets::Identity& identity) const {
    const auto found = entries_.find(key_of(sources, identity));
    if (found == entries_.end() || !found->second.values) return std::nullopt;
    return found->second.read_at;
}

}  // namespace sallyport::cli
