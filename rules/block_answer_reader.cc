#include "rules/block_answer_reader.h"

#include <algorithm>
#include <array>

#include "rules/fields.h"

namespace sallyport::rules {
namespace {

constexpr std::array<std::string_view, 3> kKeys{"status", "content_type", "body"};
constexpr std::array<std::string_view, 4> kReferences{"error", "reason", "rule", "request_id"};

void check_references(const Node& node, std::string_view body, Reporter& reporter) {
    for (auto at = body.find("${"); at != body.npos; at = body.find("${", at)) {
        at += 2;
        const auto end = body.find('}', at);
        if (end == body.npos) return reporter.error(node.place, "\"body\": a reference \"${\" is not closed");
        const auto name = body.substr(at, end - at);
        if (std::find(kReferences.begin(), kReferences.end(), name) != kReferences.end()) continue;
        reporter.error(node.place, "\"body\" may refer to ${error}, ${reason}, ${rule} and ${request_id}, not to " +
                                       quote(name) + reporter.suggest(name, kReferences));
    }
}

}  // namespace

void read_block_answer(const Node& node, BlockAnswer& answer, Reporter& reporter) {
    if (!expect_map(node, "\"blocked\"", {kKeys}, reporter)) return;
    if (const Node* status = find(node, "status")) {
        answer.status = static_cast<int>(read_number(*status, "status", 400, 599, reporter).value_or(403));
    }
    const Node* body = find(node, "body");
    if (body != nullptr) {
        if (const auto text = read_body(*body, "body", reporter)) answer.body = *text;
        if (answer.body) check_references(*body, *answer.body, reporter);
        answer.content_type = "text/plain; charset=utf-8";
    }
    if (const Node* type = find(node, "content_type")) {
        if (body == nullptr) reporter.error(type->place, "\"content_type\" needs \"body\"");
        if (const auto text = read_field_value(*type, "content_type", reporter)) answer.content_type = *text;
    }
}

}  // namespace sallyport::rules
