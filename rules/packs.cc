#include "rules/packs.h"

#include <array>
#include <utility>

#include "base/check.h"
#include "rules/fields.h"

namespace sallyport::rules {
namespace {

constexpr std::array<std::pair<std::string_view, PackForm>, 5> kForms{{{"labels", PackForm::labels},
                                                                       {"host", PackForm::host},
                                                                       {"segment", PackForm::segment},
                                                                       {"owner/name", PackForm::owner_name},
                                                                       {"path", PackForm::path}}};

const Node& at(const Node& map, std::string_view key) {
    const Node* node = find(map, key);
    SALLYPORT_CHECK(node != nullptr);
    return *node;
}

bool flag(const Node& map, std::string_view key) {
    const Node* node = find(map, key);
    return node != nullptr && node->text == "true";
}

std::vector<std::string> texts(const Node* node) {
    std::vector<std::string> all;
    if (node == nullptr) return all;
    if (node->kind == NodeKind::scalar) all.push_back(node->text);
    for (const Node& item : node->items) all.push_back(item.text);
    return all;
}

PackForm form_of(std::string_view text) {
    for (const auto& [name, form] : kForms) {
        if (name == text) return form;
    }
    SALLYPORT_CHECK(false);
    return PackForm::segment;
}

PackKey read_key(const Node& node) {
    return {form_of(at(node, "form").text), flag(node, "required"), texts(find(node, "otherwise")),
            texts(find(node, "every"))};
}

PackRule read_rule(const Node& node) {
    PackRule rule;
    rule.conditions.kind = NodeKind::map;
    for (const Entry& entry : node.entries) {
        if (entry.key == "name") {
            rule.name = entry.value.text;
        } else if (entry.key == "narrowed") {
            rule.narrowed = entry.value;
        } else if (entry.key == "except") {
            rule.except = entry.value.text;
        } else if (entry.key != "optional" && entry.key != "anonymous" && entry.key != "shared") {
            rule.conditions.entries.push_back(entry);
        }
    }
    rule.optional = flag(node, "optional");
    rule.anonymous = flag(node, "anonymous");
    rule.shared = flag(node, "shared");
    SALLYPORT_CHECK(!rule.name.empty());
    return rule;
}

Node scalar(std::string text) {
    Node node;
    node.kind = NodeKind::scalar;
    node.text = std::move(text);
    return node;
}

// Routers differ in whether a slash or an extension after a path is the same place to them: a denial is about all.
void widen_paths(Node& conditions) {
    for (Entry& entry : conditions.entries) {
        if (entry.key != "paths") continue;
        std::vector<Node> wider;
        for (const Node& path : entry.value.items) {
            wider.push_back(path);
            if (path.text.ends_with("**") || path.text.ends_with('/')) continue;
            wider.push_back(scalar(path.text + '/'));
            if (!path.text.ends_with('*')) wider.push_back(scalar(path.text + ".*"));
        }
        entry.value.items = std::move(wider);
    }
}

Pack read_pack(const Entry& entry) {
    Pack pack;
    pack.name = entry.key;
    if (const Node* keys = find(entry.value, "keys")) {
        for (const Entry& key : keys->entries) pack.keys.emplace(key.key, read_key(key.value));
    }
    for (const Node& rule : at(entry.value, "allow").items) pack.allow.push_back(read_rule(rule));
    const Node* deny = find(entry.value, "deny");
    for (const Node& rule : deny != nullptr ? deny->items : std::vector<Node>()) {
        pack.deny.push_back(read_rule(rule));
        widen_paths(pack.deny.back().conditions);
    }
    return pack;
}

}  // namespace

Packs read_packs(std::string_view text) {
    Reporter reporter("packs.yaml");
    const auto root = read_document(text, reporter);
    SALLYPORT_CHECK(root && !reporter.has_errors());
    Packs packs;
    for (const Entry& entry : root->entries) packs.emplace(entry.key, read_pack(entry));
    return packs;
}

const Packs& shipped_packs() {
    static const Packs kPacks = read_packs(packs_text());
    return kPacks;
}

}  // namespace sallyport::rules
