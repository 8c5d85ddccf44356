#include "rules/metadata_spec.h"

#include <algorithm>
#include <iterator>
#include <span>
#include <vector>

#include "rules/fields.h"

namespace sallyport::rules {
namespace {

constexpr std::size_t kTextBytesMax = 256;

struct Key {
    std::string_view name;
    std::string MetadataSpec::*text;
};

constexpr Key kAwsKeys[] = {{"aws", &MetadataSpec::credential},
                            {"region", &MetadataSpec::region},
                            {"account", &MetadataSpec::account},
                            {"role", &MetadataSpec::role},
                            {"access_key_id", &MetadataSpec::access_key_id}};
constexpr Key kGcpKeys[] = {{"gcp", &MetadataSpec::credential},
                            {"project", &MetadataSpec::project},
                            {"project_number", &MetadataSpec::project_number},
                            {"zone", &MetadataSpec::zone},
                            {"email", &MetadataSpec::email},
                            {"scope", &MetadataSpec::scope}};
constexpr Key kAzureKeys[] = {{"azure", &MetadataSpec::credential},
                              {"region", &MetadataSpec::region},
                              {"client_id", &MetadataSpec::client_id},
                              {"subscription_id", &MetadataSpec::subscription_id}};

struct Kind {
    Cloud cloud;
    std::span<const Key> keys;  // the first one names the credential
};
constexpr Kind kKinds[] = {{Cloud::aws, kAwsKeys}, {Cloud::gcp, kGcpKeys}, {Cloud::azure, kAzureKeys}};

// These become parts of JSON, of lines and of paths.
bool is_plain(std::string_view text) {
    return text.size() <= kTextBytesMax && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view("-._:/@+").find(c) != std::string_view::npos;
    });
}

bool read_key(const Node& node, const Key& key, MetadataSpec& spec, Reporter& reporter) {
    const Node* value = find(node, key.name);
    if (value == nullptr) return true;
    const auto text = read_text(*value, key.name, reporter);
    if (!text) return false;
    if (is_plain(*text)) {
        spec.*key.text = *text;
        return true;
    }
    reporter.error(value->place, quote(key.name) + " has up to 256 letters, digits and \"-._:/@+\"");
    return false;
}

bool expect_credential(const Node& node, std::string_view cloud, const std::string& name,
                       const std::set<std::string, std::less<>>& names, Reporter& reporter) {
    if (names.contains(name)) return true;
    const std::vector<std::string_view> candidates(names.begin(), names.end());
    reporter.error(find(node, cloud)->place,
                   "credential " + quote(name) + " is not defined" + reporter.suggest(name, candidates));
    return false;
}

}  // namespace

std::shared_ptr<const MetadataSpec> read_metadata(const Node& node,
                                                  const std::set<std::string, std::less<>>& credential_names,
                                                  Reporter& reporter) {
    if (!expect_map(node, "\"metadata\"", reporter)) return nullptr;
    const auto kind = std::find_if(std::begin(kKinds), std::end(kKinds),
                                   [&](const Kind& each) { return find(node, each.keys[0].name) != nullptr; });
    if (kind == std::end(kKinds)) {
        reporter.error(node.place, "\"metadata\" names a cloud and its credential: { aws: … }, { gcp: … } or { azure: … }");
        return nullptr;
    }
    std::vector<std::string_view> known;
    for (const Key& key : kind->keys) known.push_back(key.name);
    if (!expect_map(node, "\"metadata\"", {known}, reporter)) return nullptr;
    auto spec = std::make_shared<MetadataSpec>();
    spec->cloud = kind->cloud;
    bool is_whole = !has_foreign_key(node, known);
    for (const Key& key : kind->keys) is_whole = read_key(node, key, *spec, reporter) && is_whole;
    is_whole = is_whole && expect_credential(node, known[0], spec->credential, credential_names, reporter);
    return is_whole ? spec : nullptr;
}

}  // namespace sallyport::rules
