#include "rules/path_credential.h"

#include <algorithm>
#include <array>
#include <utility>

#include "rules/filled_template.h"
#include "rules/percent.h"

namespace sallyport::rules {
namespace {

constexpr std::array<std::string_view, 2> kKeys{"segment", "value"};

// Where `segment` stands in the path of `target`, as a whole one; npos where it does not, or more than once: a second copy
// would stay what it is, and show which text is meant.
std::size_t find_segment(std::string_view target, std::string_view segment) {
    const std::string_view path = target.substr(0, target.find('?'));
    std::size_t found = path.npos;
    for (std::size_t begin = 1; begin <= path.size();) {
        const std::size_t end = std::min(path.find('/', begin), path.size());
        if (path.substr(begin, end - begin) == segment) {
            if (found != path.npos) return path.npos;
            found = begin;
        }
        begin = end + 1;
    }
    return found;
}

class PathAction final : public CredentialAction {
public:
    PathAction(const std::string& segment, SecretString value, UsedSecrets used)
        : segment_(segment), value_(std::move(value)), used_(std::move(used)) {}

    Result<void> apply(OutgoingRequest& request) const override {
        std::string& target = request.head.target;
        const std::size_t at = find_segment(target, segment_);
        if (at == target.npos) {
            return failure(ErrorCode::placeholder_misused, "the path does not hold the credential's segment once");
        }
        target.replace(at, segment_.size(), value_.reveal());
        return {};
    }

    void collect(NeedleTexts& texts) const override {
        used_.collect(texts);
        texts.rendered.push_back(value_.reveal());
    }

private:
    const std::string& segment_;  // the kind's
    const SecretString value_;    // percent-encoded
    const UsedSecrets used_;
};

class PathKind final : public CredentialKind {
public:
    PathKind(std::string segment, secrets::TemplateText value)
        : segment_(std::move(segment)), value_(std::move(value)) {}

    std::string_view type() const override { return "path"; }
    std::string place() const override { return "path segment " + segment_; }
    void visit_templates(const std::function<void(const secrets::TemplateText&)>& visit) const override {
        visit(value_);
    }
    Result<std::unique_ptr<const CredentialAction>> render(const RenderContext& context) const override {
        WipedBuffer text, encoded;
        UsedSecrets used;
        if (auto filled = fill_in(value_, context, text, used); !filled) return failure(filled.error());
        if (auto fit = check_sent_value(text.view()); !fit) return failure(fit.error());
        append_percent_encoded(encoded, text.view(), ":@");
        return std::make_unique<const PathAction>(segment_, SecretString(encoded.view()), std::move(used));
    }

private:
    const std::string segment_;
    const secrets::TemplateText value_;
};

}  // namespace

std::shared_ptr<const CredentialKind> read_path_credential(CredentialReading& reading) {
    if (!reading.expect(kKeys)) return nullptr;
    const Node* node = reading.require("segment");
    const auto segment = node == nullptr ? std::nullopt : read_text(*node, "segment", reading.reporter);
    auto value = reading.read_value("value");
    if (!segment || !value) return nullptr;
    const bool is_plain = std::all_of(segment->begin(), segment->end(), is_unreserved);
    if (!is_plain || *segment == "." || *segment == "..") {
        reading.reporter.error(node->place, quote(*segment) + " is not a segment of a path: letters, digits, '-', '.', '_' and '~'");
        return nullptr;
    }
    return std::make_shared<const PathKind>(std::string(*segment), std::move(*value));
}

}  // namespace sallyport::rules
