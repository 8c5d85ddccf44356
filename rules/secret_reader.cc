#include "rules/secret_reader.h"

#include <algorithm>
#include <array>

#include "rules/aws_reader.h"
#include "rules/azure_reader.h"
#include "rules/command_reader.h"
#include "rules/encrypted_reader.h"
#include "rules/fields.h"
#include "rules/gcp_reader.h"
#include "rules/github_app_reader.h"
#include "rules/oauth2_reader.h"
#include "rules/onepassword_reader.h"
#include "rules/secret_reading.h"
#include "rules/source_json.h"
#include "rules/vault_reader.h"
#include "secrets/template_text.h"

namespace sallyport::rules {
namespace {

struct Store {
    std::string_view key;
    StoreReader read;
};

// Those that are asked in the background.
constexpr Store kStores[] = {
    {"command", read_command},
    {"encrypted", read_encrypted},
    {"vault", read_vault},
    {"aws", read_aws},
    {"aws_sts", read_aws_sts},
    {"gcp", read_gcp},
    {"gcp_service_account", read_gcp_service_account},
    {"onepassword", read_onepassword},
    {"oauth2", read_oauth2},
    {"github_app", read_github_app},
    {"azure_client", read_azure_client},
};

// Those that are read on the spot, and what may stand beside a store.
constexpr std::array<std::string_view, 4> kOnTheSpot{"env", "file", "directory", "systemd"};
constexpr std::array<std::string_view, 3> kOptions{"key", "refresh", "grace"};
constexpr std::array<std::string_view, 4> kUnsupportedKeys{"exec", "azure", "keyring", "http"};

constexpr std::chrono::milliseconds kRefreshMin{1000};

constexpr auto all_keys() {
    std::array<std::string_view, kOnTheSpot.size() + std::size(kStores) + kOptions.size()> keys{};
    auto end = std::copy(kOnTheSpot.begin(), kOnTheSpot.end(), keys.begin());
    for (const Store& store : kStores) *end++ = store.key;
    std::copy(kOptions.begin(), kOptions.end(), end);
    return keys;
}
constexpr auto kKeys = all_keys();
constexpr std::size_t kOrigins = kKeys.size() - kOptions.size();

bool is_variable_char(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

bool is_variable_part(const secrets::TemplatePart& part) {
    return part.kind != secrets::PartKind::literal || std::all_of(part.text.begin(), part.text.end(), is_variable_char);
}

// "env, file, directory, systemd and command"
std::string list_of_origins() {
    std::string list;
    for (std::size_t i = 0; i < kOrigins; ++i) {
        if (i != 0) list += i + 1 == kOrigins ? " and " : ", ";
        list += kKeys[i];
    }
    return list;
}

class SecretReader {
public:
    SecretReader(const std::string& name, const Node& node, const std::set<std::string, std::less<>>& secret_names,
                 Reporter& reporter)
        : node_(node), secret_names_(secret_names), reporter_(reporter) {
        source_.name = name;
    }

    std::optional<secrets::SecretSource> read() {
        if (!expect_map(node_, "secret " + quote(source_.name), {kKeys, kUnsupportedKeys}, reporter_)) return std::nullopt;
        const Entry* origin = find_origin();
        if (origin == nullptr) return std::nullopt;
        // Not its times: the value is the same with others.
        source_.definition = origin->key + ":" + to_json(origin->value);
        const auto store = std::find_if(std::begin(kStores), std::end(kStores),
                                        [&](const Store& each) { return each.key == origin->key; });
        const bool is_read = store == std::end(kStores) ? read_on_the_spot(*origin) : read_store(*store, origin->value);
        return is_read ? std::optional(std::move(source_)) : std::nullopt;
    }

private:
    const Entry* find_origin() {
        const Entry* origin = nullptr;
        std::size_t count = 0;
        for (const Entry& entry : node_.entries) {
            const auto end = kKeys.begin() + kOrigins;
            if (std::find(kKeys.begin(), end, entry.key) == end) continue;
            origin = &entry;
            ++count;
        }
        if (count == 1) return origin;
        if (!has_foreign_key(node_, kKeys)) {
            reporter_.error(node_.place, "a secret comes from exactly one of " + list_of_origins());
        }
        return nullptr;
    }

    bool read_on_the_spot(const Entry& origin) {
        for (const std::string_view option : {"refresh", "grace"}) {
            const Node* node = find(node_, option);
            if (node == nullptr) continue;
            reporter_.error(node->place, quote(option) + " is for stores that are asked in the background: " +
                                             quote(origin.key) + " is read when it changes");
            return false;
        }
        if (origin.key == "directory") return read_directory(origin.value);
        if (!refuse_key()) return false;
        source_.kind = origin.key == "env"    ? secrets::SourceKind::env
                       : origin.key == "file" ? secrets::SourceKind::file
                                              : secrets::SourceKind::systemd;
        const auto location = read_place(origin.value, origin.key);
        if (location && source_.kind == secrets::SourceKind::systemd) return read_component(origin.value, origin.key, "");
        if (!location || !expect_variable(origin.value, origin.key)) return false;
        source_.location = *location;
        return true;
    }

    // A mounted volume: one file for each key.
    bool read_directory(const Node& node) {
        source_.kind = secrets::SourceKind::file;
        const Node* key = require(node_, "key", "the secret", reporter_);
        const auto directory = read_place(node, "directory");
        if (key == nullptr || !directory || !read_place(*key, "key")) return false;
        return read_component(*key, "key", *directory + "/");
    }

    // The name of a file, without folders.
    bool read_component(const Node& node, std::string_view key, const std::string& prefix) {
        const std::string_view text = node.text;
        if (text == "." || text == ".." || text.find('/') != text.npos) {
            reporter_.error(node.place, quote(key) + " must be the name of a file, without a folder");
            return false;
        }
        source_.location = prefix + std::string(text);
        return true;
    }

    std::optional<std::string> read_place(const Node& node, std::string_view key) {
        const SecretReading reading{key, node, secret_names_, reporter_};
        if (!reading.read_place(node, key)) return std::nullopt;
        return node.text;
    }

    bool expect_variable(const Node& node, std::string_view key) {
        if (source_.kind != secrets::SourceKind::env) return true;
        const auto parts = secrets::parse_template(node.text);
        if (std::all_of(parts->begin(), parts->end(), is_variable_part)) return true;
        reporter_.error(node.place, quote(key) + ": not the name of a variable");
        return false;
    }

    bool read_store(const Store& store, const Node& node) {
        source_.kind = secrets::SourceKind::provider;
        SecretReading reading{store.key, node, secret_names_, reporter_};
        source_.provider = store.read(reading);
        const bool has_times = read_time("refresh", source_.refresh, kRefreshMin) && read_time("grace", source_.grace, {});
        return refuse_key() && has_times && source_.provider != nullptr;
    }

    bool read_time(std::string_view key, std::chrono::milliseconds& out, std::chrono::milliseconds least) {
        const Node* node = find(node_, key);
        if (node == nullptr) return true;
        const auto time = read_duration(*node, key, reporter_);
        if (time && *time < least) reporter_.error(node->place, quote(key) + " must be 1s or more");
        if (!time || *time < least) return false;
        out = *time;
        return true;
    }

    bool refuse_key() {
        const Node* key = find(node_, "key");
        if (key != nullptr) reporter_.error(key->place, "\"key\" belongs to \"directory\"");
        return key == nullptr;
    }

    const Node& node_;
    const std::set<std::string, std::less<>>& secret_names_;
    Reporter& reporter_;
    secrets::SecretSource source_;
};

}  // namespace

std::optional<secrets::SecretSource> read_secret(const std::string& name, const Node& node,
                                                 const std::set<std::string, std::less<>>& secret_names,
                                                 Reporter& reporter) {
    return SecretReader(name, node, secret_names, reporter).read();
}

}  // namespace sallyport::rules
