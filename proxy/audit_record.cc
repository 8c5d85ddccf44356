#include "proxy/audit_record.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "proxy/access_log.h"
#include "proxy/limits.h"
#include "rules/auth_family.h"

namespace sallyport::proxy {
namespace {

using nlohmann::json;

constexpr std::string_view kMasked = "***";
constexpr std::string_view kHexMark = "hex";

// The members of an object that somebody else closes.
class Body {
public:
    Body(std::string& out, std::string_view type) : out_(cleared(out)), line_(out) {
        out_.clear();  // without the brace
        line_.field("type", type);
    }
    JsonLine& line() { return line_; }

private:
    static std::string& cleared(std::string& out) {
        out.clear();
        return out;
    }
    std::string& out_;
    JsonLine line_;
};

void add_if_any(JsonLine& line, std::string_view name, std::string_view value) {
    if (!value.empty()) line.field(name, value);
}

enum class Mask { auth_family, all };

// `query` without '?', with the values masked that `mask` names.
std::string masked_query(std::string_view query, Mask mask) {
    std::string masked;
    masked.reserve(query.size());
    for (std::size_t at = 0; at <= query.size();) {
        const auto end = std::min(query.find_first_of("&;", at), query.size());
        const auto pair = query.substr(at, end - at);
        const auto name = pair.substr(0, pair.find('='));
        if (at > 0) masked += query[at - 1];
        if (name.size() < pair.size() && (mask == Mask::all || rules::is_auth_key(name))) {
            masked.append(name).append(1, '=').append(kMasked);
        } else {
            masked += pair;
        }
        at = end + 1;
    }
    return masked;
}

void add_target(JsonLine& line, std::string_view target, Mask mask) {
    if (target.empty()) return;
    const auto question = target.find('?');
    if (question == target.npos) {
        line.field("target", target.substr(0, kLoggedPathBytesMax));
        return;
    }
    const std::string shown =
        std::string(target.substr(0, question + 1)) + masked_query(target.substr(question + 1), mask);
    line.field("target", std::string_view(shown).substr(0, kLoggedPathBytesMax));
}

bool is_ascii(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

// As a JSON string; what is not ASCII as ["hex", "…"], so that it reads back byte by byte.
void append_bytes(std::string& out, std::string_view bytes) {
    if (is_ascii(bytes)) return append_json_string(out, bytes);
    constexpr char kDigits[] = "0123456789abcdef";
    out.append("[\"").append(kHexMark).append("\",\"");
    for (const char c : bytes) {
        out += kDigits[static_cast<unsigned char>(c) >> 4];
        out += kDigits[static_cast<unsigned char>(c) & 15];
    }
    out += "\"]";
}

void add_bytes(std::string& out, std::string_view name, std::string_view bytes) {
    out.append(",\"").append(name).append("\":");
    append_bytes(out, bytes);
}

void add_headers(std::string& out, const http::HeaderMap& headers) {
    out += R"(,"headers":[)";
    bool is_first = true;
    for (const auto field : headers) {
        if (!is_first) out += ',';
        is_first = false;
        out += '[';
        append_bytes(out, field.name);
        out += ',';
        append_bytes(out, rules::is_auth_field(field.name) ? kMasked : field.value);
        out += ']';
    }
    out += ']';
}

void add_request(std::string& out, const http::CanonicalRequest& request, const http::HeaderMap* headers) {
    const auto& target = request.target;
    out += R"(,"request":{"scheme":)";
    out += request.scheme == http::Scheme::https ? R"("https")" : R"("http")";
    add_bytes(out, "method", request.method);
    add_bytes(out, "host", request.authority.host);
    out.append(R"(,"port":)").append(std::to_string(request.authority.port));
    if (request.authority.is_address) out += R"(,"address":true)";
    add_bytes(out, "path", target.path);
    if (target.raw_path != target.path) add_bytes(out, "raw_path", target.raw_path);
    if (target.has_query) add_bytes(out, "query", masked_query(target.query, Mask::auth_family));
    if (target.ambiguous) out += R"(,"ambiguous":true)";
    if (headers != nullptr) add_headers(out, *headers);
    out += '}';
}

int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// Reads one line; `good` is false where it is no record. nlohmann's exceptions end in read_record().
class Reader {
public:
    static ReadRecord read(const json& line) {
        ReadRecord record;
        record.is_decision = line.at("type").get<std::string>() == "decision";
        if (!record.is_decision) return record;
        auto& decision = record.decision;
        decision.sequence = line.at("seq").get<std::uint64_t>();
        decision.sandbox = line.at("sandbox").get<std::string>();
        decision.policy = line.at("policy").get<std::string>();
        decision.allowed = line.at("verdict").get<std::string>() == "allow";
        decision.rule = line.value("rule", "");
        decision.credential = line.value("credential", "");
        decision.error = line.value("error", "");
        const auto request = line.find("request");
        record.by_handler = line.value("by_handler", false);
        record.has_request = request != line.end();
        if (record.has_request) read_request(*request, decision);
        return record;
    }

private:
    static std::string bytes(const json& value) {
        if (value.is_string()) return value.get<std::string>();
        if (value.at(0).get<std::string>() != kHexMark) throw json::other_error::create(501, "not bytes", nullptr);
        const auto hex = value.at(1).get<std::string>();
        std::string result;
        for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
            result += static_cast<char>(hex_value(hex[i]) << 4 | hex_value(hex[i + 1]));
        }
        return result;
    }

    static void read_request(const json& value, rules::RecordedDecision& decision) {
        auto& request = decision.request;
        request.method = bytes(value.at("method"));
        request.scheme = value.at("scheme").get<std::string>() == "https" ? http::Scheme::https : http::Scheme::http;
        request.authority.host = bytes(value.at("host"));
        request.authority.port = value.at("port").get<std::uint16_t>();
        request.authority.is_address = value.value("address", false);
        request.target.path = bytes(value.at("path"));
        request.target.raw_path = value.contains("raw_path") ? bytes(value.at("raw_path")) : request.target.path;
        request.target.has_query = value.contains("query");
        if (request.target.has_query) request.target.query = bytes(value.at("query"));
        request.target.ambiguous = value.value("ambiguous", false);
        if (!value.contains("headers")) return;
        for (const auto& field : value.at("headers")) decision.headers.add(bytes(field.at(0)), bytes(field.at(1)));
    }
};

}  // namespace

void write_decision(std::string& body, const AuditedDecision& decision, ReplayMode mode) {
    Body record(body, "decision");
    JsonLine& line = record.line();
    line.field("request_id", to_string(decision.request_id))
        .field("sandbox", decision.sandbox)
        .field("policy", decision.policy)
        .field("generation", decision.generation.value);
    add_if_any(line, "method", decision.method);
    line.field("scheme", decision.scheme).field("host", decision.host).field("port", std::uint64_t{decision.port});
    // A handler may have put a secret that it may see into any key and any field.
    add_target(line, decision.target, decision.by_handler ? Mask::all : Mask::auth_family);
    line.field("verdict", decision.allowed ? "allow" : "deny").field("rule", decision.rule);
    add_if_any(line, "credential", decision.credential);
    add_if_any(line, "handler", decision.handler);
    add_if_any(line, "action", decision.action);
    if (decision.by_handler) line.field("by_handler", true);
    if (decision.error != nullptr) {
        line.field("error", tag(decision.error->code)).field("blame", to_string(blame(decision.error->code)));
        add_if_any(line, "detail", decision.error->detail);
    }
    const bool is_replayed = mode == ReplayMode::on && decision.request != nullptr && !decision.by_handler;
    if (is_replayed) add_request(body, *decision.request, decision.headers);
}

void write_act(std::string& body, const AuditedAct& act) {
    Body record(body, "act");
    record.line().field("caller", act.caller).field("act", act.act).field("object", act.object).field("done", act.done);
    record.line().field("generation", act.generation.value);
    add_if_any(record.line(), "detail", act.detail);
}

void write_recovered(std::string& body, std::uint64_t cut_bytes) {
    Body(body, "recovered").line().field("cut_bytes", cut_bytes);
}

void write_resumed(std::string& body, std::uint64_t unrecorded) {
    Body(body, "resumed").line().field("unrecorded", unrecorded);
}

Result<ReadRecord> read_record(std::string_view line) {
    try {
        return Reader::read(json::parse(line));
    } catch (const json::exception&) {
        return failure(ErrorCode::config_invalid, "this is no record of an audit log");
    }
}

}  // namespace sallyport::proxy
