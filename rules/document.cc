#include "rules/document.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <set>
#include <sstream>

#include "base/check.h"
#include "rules/text_check.h"

namespace sallyport::rules {
namespace {

constexpr std::size_t kDepthMax = 64;
constexpr std::size_t kNodesMax = 500'000;

// Leaves the parser, which would otherwise go on to the end.
struct Refusal {
    Place place;
    std::string message;
};

Place to_place(const YAML::Mark& mark) { return mark.is_null() ? Place{} : Place{mark.line + 1, mark.column + 1}; }

// Builds the tree from the parser's events: nothing is expanded, and depth is known before the parser goes deeper.
class TreeBuilder final : public YAML::EventHandler {
public:
    explicit TreeBuilder(Reporter& reporter) : reporter_(reporter) {}

    std::optional<Node> take() { return std::move(root_); }

    void OnDocumentStart(const YAML::Mark&) override {}
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        finish(make(NodeKind::null, mark, "", anchor));
    }
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { refuse_anchor(mark); }
    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& value) override {
        Node node = make(NodeKind::scalar, mark, tag, anchor);
        node.text = value;
        node.is_plain = tag == "?";
        finish(std::move(node));
    }
    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override {
        open(make(NodeKind::list, mark, tag, anchor));
    }
    void OnSequenceEnd() override { close(); }
    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override {
        open(make(NodeKind::map, mark, tag, anchor));
    }
    void OnMapEnd() override { close(); }

private:
    struct Frame {
        Node node;
        std::optional<Entry> pending;  // a key that waits for its value
        std::set<std::string, std::less<>> keys;
    };

    [[noreturn]] static void refuse_anchor(const YAML::Mark& mark) {
        throw Refusal{to_place(mark), "anchors and aliases are not supported"};
    }

    Node make(NodeKind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
        if (anchor != 0) refuse_anchor(mark);
        if (!tag.empty() && tag != "?" && tag != "!") throw Refusal{to_place(mark), "tags are not supported"};
        if (++nodes_ > kNodesMax) throw Refusal{to_place(mark), "the file holds too many values"};
        Node node;
        node.kind = kind;
        node.place = to_place(mark);
        return node;
    }

    void open(Node node) {
        if (stack_.size() >= kDepthMax) throw Refusal{node.place, "the file is nested too deeply"};
        stack_.push_back(Frame{std::move(node), {}, {}});
    }

    void close() {
        SALLYPORT_CHECK(!stack_.empty());
        Node node = std::move(stack_.back().node);
        stack_.pop_back();
        finish(std::move(node));
    }

    void finish(Node node) {
        if (stack_.empty()) {
            root_ = std::move(node);
            return;
        }
        Frame& frame = stack_.back();
        if (frame.node.kind == NodeKind::list) {
            frame.node.items.push_back(std::move(node));
        } else if (!frame.pending) {
            begin_entry(frame, std::move(node));
        } else {
            end_entry(frame, std::move(node));
        }
    }

    static void begin_entry(Frame& frame, Node key) {
        if (key.kind != NodeKind::scalar) throw Refusal{key.place, "a key must be a string"};
        frame.pending = Entry{std::move(key.text), key.place, {}};
    }

    void end_entry(Frame& frame, Node value) {
        Entry entry = std::move(*frame.pending);
        frame.pending.reset();
        if (value.kind == NodeKind::null) value.place = entry.place;
        entry.value = std::move(value);
        if (!frame.keys.insert(entry.key).second) {
            return reporter_.error(entry.place, "duplicate key " + quote(entry.key));
        }
        frame.node.entries.push_back(std::move(entry));
    }

    Reporter& reporter_;
    std::vector<Frame> stack_;
    std::optional<Node> root_;
    std::size_t nodes_ = 0;
};

// yaml-cpp quotes single bytes of the text as they are.
std::string printable(std::string message) {
    std::replace_if(
        message.begin(), message.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
    return message;
}

std::optional<Node> parse(std::string_view text, Reporter& reporter) {
    std::istringstream input{std::string(text)};
    TreeBuilder builder(reporter);
    YAML::Parser parser(input);
    if (!parser.HandleNextDocument(builder)) return std::nullopt;
    auto root = builder.take();
    if (parser.HandleNextDocument(builder)) throw Refusal{{}, "the file holds more than one document"};
    return root;
}

}  // namespace

std::optional<Node> read_document(std::string_view text, Reporter& reporter) {
    if (const auto fault = find_text_fault(text)) {
        reporter.error(fault->place, fault->message);
        return std::nullopt;
    }
    try {
        auto root = parse(text, reporter);
        if (root && root->kind != NodeKind::null) return root;
        reporter.error({}, "the file is empty");
    } catch (const Refusal& refusal) {
        reporter.error(refusal.place, refusal.message);
    } catch (const YAML::Exception& error) {
        reporter.error(to_place(error.mark), "not valid YAML: " + printable(error.msg));
    } catch (const std::exception&) {
        reporter.error({}, "not valid YAML");
    }
    return std::nullopt;
}

}  // namespace sallyport::rules
