#include "rules/admin_reader.h"

#include <algorithm>
#include <array>

#include "http/authority.h"
#include "rules/fields.h"
#include "rules/listen_address.h"
#include "secrets/template_text.h"

namespace sallyport::rules {
namespace {

constexpr std::array<std::string_view, 6> kAdminKeys{"socket", "listen", "certificate", "key", "client_ca", "callers"};
constexpr std::array<std::string_view, 4> kCallerKeys{"uid", "token_file", "certificate", "sandboxes"};
constexpr std::array<std::string_view, 4> kAuditKeys{"file", "rotate", "keep", "replay"};
constexpr std::uint64_t kUidMax = 4'294'967'294;
constexpr std::uint64_t kRotateMin = 10'000;

bool is_sandbox_pattern(std::string_view text) {
    const auto fits = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
               c == '*';
    };
    return text.size() <= 63 && std::all_of(text.begin(), text.end(), fits);
}

class AdminReader {
public:
    AdminReader(const Node& node, AdminSpec& admin, Reporter& reporter)
        : node_(node), admin_(admin), reporter_(reporter) {}

    void read() {
        if (!expect_map(node_, "\"admin\"", {kAdminKeys}, reporter_)) return;
        text("socket", admin_.socket);
        text("listen", admin_.listen);
        text("certificate", admin_.certificate_file);
        text("key", admin_.key_file);
        text("client_ca", admin_.client_ca_file);
        if (const Node* callers = find(node_, "callers")) read_callers(*callers);
        if (!admin_.listen.empty()) check_listen(*find(node_, "listen"));
        check_files();
    }

private:
    void text(std::string_view key, std::string& out) {
        if (const Node* value = find(node_, key)) out = read_text(*value, key, reporter_).value_or("");
    }

    void check_listen(const Node& listen) {
        const auto address = parse_listen_address(admin_.listen);
        if (!address) {
            return reporter_.error(listen.place,
                                   "\"listen\" must be an address and a port, such as \"127.0.0.1:8443\"");
        }
        const auto has_token = [](const AdminCaller& caller) { return !caller.token_file.empty(); };
        const bool knows_callers = std::any_of(admin_.callers.begin(), admin_.callers.end(), has_token);
        if (admin_.client_ca_file.empty() && !knows_callers) {
            reporter_.error(listen.place, "\"listen\" needs \"client_ca\", or a caller with \"token_file\"");
        }
        if (admin_.certificate_file.empty() && !is_loopback(address->address)) {
            reporter_.error(listen.place, "\"listen\" on an address that is not loopback needs \"certificate\"");
        }
    }

    void check_files() {
        need("certificate", "key");
        need("key", "certificate");
        need("client_ca", "certificate");
        for (const std::string_view key : {"certificate", "key", "client_ca"}) need(key, "listen");
    }

    void need(std::string_view key, std::string_view other) {
        const Node* value = find(node_, key);
        if (value == nullptr || find(node_, other) != nullptr) return;
        reporter_.error(value->place, quote(key) + " needs " + quote(other));
    }

    void read_callers(const Node& callers) {
        if (!expect_map(callers, "\"callers\"", reporter_)) return;
        for (const Entry& entry : callers.entries) {
            if (expect_name(entry, reporter_)) read_caller(entry);
        }
    }

    void read_caller(const Entry& entry) {
        const std::string what = "caller " + quote(entry.key);
        if (!expect_map(entry.value, what, {kCallerKeys}, reporter_)) return;
        AdminCaller caller;
        caller.name = entry.key;
        std::size_t kinds = 0;
        const auto with = [&](std::string_view key, auto read) {
            const Node* value = find(entry.value, key);
            if (value == nullptr) return;
            ++kinds;
            read(*value);
        };
        with("uid", [&](const Node& value) {
            const auto uid = read_number(value, "uid", 0, kUidMax, reporter_);
            if (uid) caller.uid = static_cast<std::uint32_t>(*uid);
        });
        with("token_file",
             [&](const Node& value) { caller.token_file = read_text(value, "token_file", reporter_).value_or(""); });
        with("certificate", [&](const Node& value) { read_certificate(value, caller); });
        if (kinds != 1 && !has_foreign_key(entry.value, kCallerKeys)) {
            reporter_.error(entry.value.place,
                            what + " is known by one of \"uid\", \"token_file\" and \"certificate\"");
        }
        if (const Node* value = find(entry.value, "sandboxes")) read_sandboxes(*value, caller);
        admin_.callers.push_back(std::move(caller));
    }

    void read_certificate(const Node& value, AdminCaller& caller) {
        caller.certificate = read_text(value, "certificate", reporter_).value_or("");
        if (find(node_, "client_ca") != nullptr) return;
        reporter_.error(value.place, "a caller with \"certificate\" needs \"client_ca\"");
    }

    void read_sandboxes(const Node& value, AdminCaller& caller) {
        for (const Node* item : read_list(value, "sandboxes", ListForm::one_or_list, reporter_)) {
            const auto pattern = read_text(*item, "sandboxes", reporter_);
            if (!pattern) continue;
            if (!is_sandbox_pattern(*pattern)) {
                reporter_.error(item->place, quote(*pattern) + " is not a sandbox's name, or a pattern of one");
            }
            caller.sandboxes.emplace_back(*pattern);
        }
    }

    const Node& node_;
    AdminSpec& admin_;
    Reporter& reporter_;
};

}  // namespace

void read_admin(const Node& node, AdminSpec& admin, Reporter& reporter) { AdminReader(node, admin, reporter).read(); }

void read_audit(const Node& node, AuditSpec& audit, Reporter& reporter) {
    if (!expect_map(node, "\"audit\"", {kAuditKeys}, reporter)) return;
    const Node* file = require(node, "file", "\"audit\"", reporter);
    if (file != nullptr) audit.file = read_text(*file, "file", reporter).value_or("");
    if (const Node* rotate = find(node, "rotate")) {
        audit.rotate_bytes = read_bytes(*rotate, "rotate", reporter).value_or(kRotateMin);
        if (audit.rotate_bytes < kRotateMin) reporter.error(rotate->place, "\"rotate\" must be 10KB at least");
    }
    if (const Node* keep = find(node, "keep")) {
        audit.keep = static_cast<std::uint32_t>(read_number(*keep, "keep", 1, 1000, reporter).value_or(1));
    }
    if (const Node* replay = find(node, "replay"))
        audit.replay = read_flag(*replay, "replay", reporter).value_or(false);
}

}  // namespace sallyport::rules
