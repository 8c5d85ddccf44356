// What a provider works with, for tests: a server that is a function of the test, secrets, a sandbox, and a clock that moves
// when it is told.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "secrets/encoding.h"
#include "secrets/provider.h"

namespace sallyport::secrets {

class NoCommands final : public CommandRunner {
public:
    Result<SecretString> run(const std::vector<std::string>&, std::chrono::milliseconds) override {
        return failure(ErrorCode::secret_unavailable, "no commands here");
    }
};

inline HttpReply reply(int status, std::string body) {
    HttpReply reply;
    reply.status = status;
    reply.body = std::move(body);
    return reply;
}

// The only value of a field. Empty where there is none; two of them are a fault.
inline std::string field_of(const HttpRequest& request, std::string_view name) {
    std::string found;
    int count = 0;
    for (const auto& [key, value] : request.fields) {
        if (key != name) continue;
        found = value;
        ++count;
    }
    EXPECT_LE(count, 1) << name;
    return found;
}

inline std::string unescaped(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i];
            continue;
        }
        out += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
        i += 2;
    }
    return out;
}

// A form as a server reads it; a name that is there twice is a fault.
inline std::map<std::string, std::string> form_of(const HttpRequest& request) {
    EXPECT_EQ(field_of(request, "Content-Type"), "application/x-www-form-urlencoded");
    std::map<std::string, std::string> form;
    std::string_view rest = request.body;
    while (!rest.empty()) {
        const auto pair = rest.substr(0, rest.find('&'));
        const auto equals = pair.find('=');
        const bool is_new = form.emplace(unescaped(pair.substr(0, equals)), unescaped(pair.substr(equals + 1))).second;
        EXPECT_TRUE(is_new) << pair;
        rest.remove_prefix(std::min(pair.size() + 1, rest.size()));
    }
    return form;
}

// "user:password" of a Basic field.
inline std::string basic_of(const HttpRequest& request) {
    const std::string value = field_of(request, "Authorization");
    Buffer out;
    if (!value.starts_with("Basic ") || !decode_base64(std::string_view(value).substr(6), out)) return "no Basic";
    return std::string(out.view());
}

class Desk final : public HttpClient {
public:
    Desk() = default;
    Desk(std::initializer_list<std::pair<const std::string, std::string>> secrets) { give(secrets); }

    void give(const std::map<std::string, std::string>& secrets) {
        SecretSnapshot::Values values;
        for (const auto& [name, value] : secrets) {
            values.emplace(name, std::make_shared<const Result<SecretString>>(SecretString(value)));
        }
        inputs_ = SecretSnapshot(std::move(values));
    }

    Result<Fetched> fetch(const SecretProvider& provider) {
        FetchContext context{identity, inputs_, *this, commands_, random_, now, state};
        auto fetched = provider.fetch(context);
        // Whatever was sent, and whatever came back, is nobody's to read in a message.
        if (!fetched) expect_no_marker(fetched.error().detail);
        expect_no_marker(provider.describe());
        return fetched;
    }

    // The value, or "tag: detail".
    std::string outcome(const SecretProvider& provider) {
        const auto fetched = fetch(provider);
        if (!fetched) return std::string(tag(fetched.error().code)) + ": " + fetched.error().detail;
        return std::string(fetched->value.reveal());
    }

    // Seconds from now; nothing where it failed or does not end.
    std::optional<long> lifetime(const SecretProvider& provider) {
        const auto fetched = fetch(provider);
        if (!fetched || !fetched->expires_at) return std::nullopt;
        return std::chrono::duration_cast<std::chrono::seconds>(*fetched->expires_at - now).count();
    }

    Result<HttpReply> send(const HttpRequest& request) override {
        requests.push_back(request.method + ' ' + request.url);
        if (!server) return failure(ErrorCode::secret_unavailable, "nobody answers");
        return server(request);
    }

    Identity identity{"agent-47", {{"tenant", "acme"}, {"hostile", "../admin"}, {"dots", ".."}}, {{"team", "red"}}};
    WallClock::time_point now{std::chrono::seconds(1'700'000'000)};
    std::function<Result<HttpReply>(const HttpRequest&)> server;
    std::vector<std::string> requests;  // "GET https://…"
    std::unique_ptr<ProviderState> state;

private:
    static void expect_no_marker(const std::string& text) { EXPECT_EQ(text.find("mArKeR"), text.npos) << text; }

    SecretSnapshot inputs_;
    NoCommands commands_;
    SystemRandom random_;
};

inline TemplateText text_of(std::string_view text) { return parse_template(text).value(); }

}  // namespace sallyport::secrets
