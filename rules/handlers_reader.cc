#include "rules/handlers_reader.h"

#include <algorithm>
#include <array>

#include "rules/credential_reader.h"
#include "rules/fields.h"

namespace sallyport::rules {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""min;

constexpr std::array<std::string_view, 3> kLimitKeys{"deadline", "memory", "concurrency"};
constexpr std::size_t kVariableBytesMax = 128;
constexpr std::size_t kSocketBytesMax = 107;  // of sockaddr_un, without the NUL at the end
constexpr std::uint64_t kMebibyte = 1 << 20;
constexpr std::uint64_t kMemoryMin = 32 * kMebibyte;  // less, and the runtime does not start
constexpr std::uint64_t kMemoryMax = 4 * 1024 * kMebibyte;
constexpr std::uint64_t kCallsMax = 1024;

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

bool is_variable(std::string_view name) {
    const auto fits = [](char c) { return is_letter(c) || (c >= '0' && c <= '9'); };
    return !name.empty() && name.size() <= kVariableBytesMax && is_letter(name[0]) &&
           std::all_of(name.begin(), name.end(), fits);
}

class HandlersReader {
public:
    HandlersReader(const Node& node, CompiledPolicy& policy, Definitions& definitions, Reporter& reporter)
        : node_(node), policy_(policy), definitions_(definitions), reporter_(reporter) {}

    void read() {
        if (const Node* value = find(node_, "script")) {
            if (const auto text = read_text(*value, "script", reporter_)) policy_.script_file = *text;
        }
        if (const Node* value = find(node_, "handler_socket")) read_socket(*value);
        if (const Node* value = find(node_, "env")) read_environment(*value);
        if (const Node* value = find(node_, "handler_limits")) read_limits(*value);
        if (has_handlers(node_)) return;
        for (const std::string_view key : {"env", "handler_limits"}) {
            if (const Node* value = find(node_, key)) {
                reporter_.error(value->place, quote(key) + " needs \"script\" or \"handler_socket\"");
            }
        }
    }

private:
    void read_socket(const Node& value) {
        if (find(node_, "script") != nullptr) {
            reporter_.error(value.place, "a policy has either \"script\" or \"handler_socket\"");
        }
        const auto path = read_text(value, "handler_socket", reporter_);
        if (!path) return;
        policy_.handler_socket = *path;
        if (path->starts_with('/') && path->size() <= kSocketBytesMax) return;
        reporter_.error(value.place, "\"handler_socket\" must be an absolute path of 107 bytes at most");
    }

    void read_environment(const Node& value) {
        if (!expect_map(value, "\"env\"", reporter_)) return;
        for (const Entry& entry : value.entries) {
            if (!is_variable(entry.key)) {
                reporter_.error(entry.place, quote(entry.key) + " is not the name of a variable");
                continue;
            }
            const auto secret = read_text(entry.value, entry.key, reporter_);
            if (!secret) continue;
            if (!definitions_.secrets.contains(*secret)) {
                reporter_.error(entry.value.place, not_defined("secret", *secret, definitions_.secrets, reporter_));
            }
            definitions_.used_secrets.emplace(*secret);
            policy_.handler_env.emplace(entry.key, *secret);
        }
    }

    void read_limits(const Node& value) {
        if (!expect_map(value, "\"handler_limits\"", {kLimitKeys}, reporter_)) return;
        HandlerLimits& limits = policy_.handler_limits;
        if (const Node* deadline = find(value, "deadline")) read_deadline(*deadline, limits);
        if (const Node* memory = find(value, "memory")) read_memory(*memory, limits);
        if (const Node* calls = find(value, "concurrency")) {
            const auto number = read_number(*calls, "concurrency", 1, kCallsMax, reporter_);
            if (number) limits.concurrency = static_cast<std::uint32_t>(*number);
        }
    }

    void read_deadline(const Node& node, HandlerLimits& limits) {
        const auto deadline = read_duration(node, "deadline", reporter_);
        if (!deadline) return;
        if (*deadline < 10ms || *deadline > 10min) {
            return reporter_.error(node.place, "\"deadline\" must be from 10ms to 10m");
        }
        limits.deadline = *deadline;
    }

    void read_memory(const Node& node, HandlerLimits& limits) {
        const auto bytes = read_bytes(node, "memory", reporter_);
        if (!bytes) return;
        if (*bytes < kMemoryMin || *bytes > kMemoryMax) {
            return reporter_.error(node.place, "\"memory\" must be from 32MiB to 4GiB");
        }
        limits.memory_mib = static_cast<std::uint32_t>((*bytes + kMebibyte - 1) / kMebibyte);
    }

    const Node& node_;
    CompiledPolicy& policy_;
    Definitions& definitions_;
    Reporter& reporter_;
};

}  // namespace

bool has_handlers(const Node& policy) {
    return find(policy, "script") != nullptr || find(policy, "handler_socket") != nullptr;
}

void read_handlers(const Node& node, CompiledPolicy& policy, Definitions& definitions, Reporter& reporter) {
    HandlersReader(node, policy, definitions, reporter).read();
}

void refuse_rule_handlers(const Node& rules, Reporter& reporter) {
    for (const Node& rule : rules.items) {
        if (const Node* handler = rule.kind == NodeKind::map ? find(rule, "handler") : nullptr) {
            reporter.error(handler->place, "\"handler\" needs the policy's \"script\" or \"handler_socket\"");
        }
    }
}

}  // namespace sallyport::rules
