#include <cstdio>
#include <iostream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "admin/client.h"
#include "cli/commands.h"
#include "cli/config.h"

namespace sallyport::cli {
namespace {

using nlohmann::ordered_json;

Result<std::string> read_body(const std::string& file) {
    if (file.empty()) return std::string();
    if (file != "-") return read_text_file(file, kConfigBytesMax);
    return std::string(std::istreambuf_iterator<char>(std::cin), {});
}

std::string pretty(const std::string& body) {
    const auto json = ordered_json::parse(body, nullptr, false);
    return json.is_discarded() ? body : json.dump(2, ' ', true);
}

std::string event_target(const TailOptions& options) {
    std::string target = "/v1/events";
    char separator = '?';
    for (const auto& [key, value] : {std::pair{"sandbox", &options.sandbox}, {"type", &options.type}}) {
        if (value->empty()) continue;
        target += separator + std::string(key) + "=" + *value;
        separator = '&';
    }
    return target;
}

std::string row(const ordered_json& connection) {
    char line[256];
    const auto text = [&](const char* key) { return connection.value(key, std::string()); };
    const auto number = [&](const char* key) { return static_cast<unsigned long long>(connection.value(key, 0ull)); };
    std::snprintf(line, sizeof line, "%-20.20s %-12.12s %-9.9s %-32.32s %8.1f %10llu %10llu %6llu\n", text("sandbox").c_str(),
                  text("protocol").c_str(), text("state").c_str(),
                  (text("host") + ":" + std::to_string(number("port"))).c_str(), static_cast<double>(number("age_ms")) / 1000,
                  number("bytes_in"), number("bytes_out"), number("requests"));
    return line;
}

Result<void> print_page(const std::string& socket) {
    const auto answer = admin::call(socket, {"GET", "/v1/connections", {}, {}});
    if (!answer) return failure(answer.error());
    const auto json = ordered_json::parse(answer->body, nullptr, false);
    if (!json.is_object() || !json.contains("connections")) return failure(ErrorCode::config_invalid, answer->body);
    std::printf("%-20s %-12s %-9s %-32s %8s %10s %10s %6s\n", "SANDBOX", "PROTOCOL", "STATE", "HOST", "AGE s", "IN", "OUT", "REQS");
    for (const auto& connection : json["connections"]) std::fputs(row(connection).c_str(), stdout);
    std::printf("%zu connections\n\n", json["connections"].size());
    std::fflush(stdout);
    return {};
}

// 7 and "7" (as the header has it) are the same.
std::string as_entity_tag(const std::string& text) { return text.starts_with('"') || text == "*" ? text : '"' + text + '"'; }

}  // namespace

int call_admin(const CallOptions& options) {
    admin::ClientRequest request{options.method, options.target, {}, {}};
    auto body = read_body(options.body_file);
    if (!body) return no_answer(body.error());
    request.body = std::move(*body);
    // A policy may be written as in the file.
    const bool is_json = ordered_json::accept(request.body);
    if (!request.body.empty()) request.headers.emplace_back("Content-Type", is_json ? "application/json" : "application/yaml");
    if (!options.if_match.empty()) request.headers.emplace_back("If-Match", as_entity_tag(options.if_match));
    const auto answer = admin::call(options.socket, request);
    if (!answer) return no_answer(answer.error());
    if (!answer->body.empty()) std::printf("%s\n", pretty(answer->body).c_str());
    if (!answer->etag.empty()) std::fprintf(stderr, "etag %s\n", answer->etag.c_str());
    return answer->status < 300 ? 0 : 1;
}

int tail(const TailOptions& options) {
    const auto followed = admin::follow(options.socket, event_target(options), [](std::string_view type, std::string_view data) {
        std::printf("%.*s %.*s\n", static_cast<int>(type.size()), type.data(), static_cast<int>(data.size()), data.data());
        return std::fflush(stdout) == 0;
    });
    return followed ? 0 : no_answer(followed.error());
}

int top(const TopOptions& options) {
    for (unsigned page = 1;; ++page) {
        if (const auto printed = print_page(options.socket); !printed) return no_answer(printed.error());
        if (page == options.count) return 0;
        timespec pause{static_cast<time_t>(options.interval_seconds), 0};
        pause.tv_nsec = static_cast<long>((options.interval_seconds - static_cast<double>(pause.tv_sec)) * 1e9);
        nanosleep(&pause, nullptr);
    }
}

}  // namespace sallyport::cli
