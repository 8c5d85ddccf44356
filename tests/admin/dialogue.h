// A session without a socket: what a client sends, and what it gets, read back by our own parser.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "admin/session.h"
#include "base/check.h"
#include "http/http1_codec.h"
#include "tests/admin/fake_api.h"

namespace sallyport::admin {

struct Seen {
    int status = 0;
    http::HeaderMap headers;
    std::string body;
    bool keep_alive = true;
    bool is_whole = false;

    std::string header(std::string_view name) const { return std::string(headers.get(name).value_or("")); }
    nlohmann::json json() const { return nlohmann::json::parse(body, nullptr, false); }
    std::string code() const {
        const auto parsed = json();
        return parsed.is_object() ? parsed.value("code", std::string()) : std::string();
    }
};

// The answers in `bytes`; methods[i] is the method of the i-th request, GET where there is none.
inline std::vector<Seen> read_answers(std::string_view bytes, const std::vector<std::string>& methods) {
    struct Sink final : http::ResponseSink {
        std::vector<Seen> seen;
        bool ended = true;
        http::Next on_response_head(http::ResponseHead& head) override {
            if (head.status < 200) return http::Next::go;
            seen.push_back({head.status, head.headers, {}, head.keep_alive, false});
            return http::Next::go;
        }
        http::Next on_body(std::string_view text) override {
            seen.back().body.append(text);
            return http::Next::go;
        }
        http::Next on_message_end(http::HeaderMap&) override {
            seen.back().is_whole = true;
            return http::Next::go;
        }
    } sink;
    http::Http1ResponseParser parser(sink, {});
    for (std::size_t i = 0; !bytes.empty(); ++i) {
        parser.await_response(i < methods.size() ? methods[i] : "GET");
        const std::size_t before = sink.seen.size();
        while (!bytes.empty() && (sink.seen.size() == before || !sink.seen.back().is_whole)) {
            const auto taken = parser.feed(bytes);
            SALLYPORT_CHECK(taken && *taken > 0);
            bytes.remove_prefix(*taken);
        }
    }
    (void)parser.finish();
    return std::move(sink.seen);
}

class Dialogue {
public:
    Dialogue(FakeApi& api, Peer peer, std::vector<TokenCaller> tokens = {}, std::vector<std::string> host_names = {})
        : admission_(std::move(tokens), std::move(host_names)),
          context_{api, admission_, events_,
                   [&api](std::string_view who, std::string_view why) { api.refused(who, why); }},
          session_(context_, std::move(peer), [this] { ++outputs_; }) {}

    // One request, whole, and its one answer.
    Seen ask(std::string_view method, const std::string& target, std::string_view fields = {},
             std::string_view body = {}) {
        session_.feed(request(method, target, fields, body));
        auto seen = answers({std::string(method)});
        SALLYPORT_CHECK(seen.size() == 1);
        return std::move(seen.front());
    }
    Seen send(std::string_view method, const std::string& target, std::string_view body) {
        return ask(method, target, "Content-Type: application/json\r\n", body);
    }
    static std::string request(std::string_view method, const std::string& target, std::string_view fields = {},
                               std::string_view body = {}) {
        std::string text = std::string(method) + " " + target + " HTTP/1.1\r\n";
        if (fields.find("Host:") == std::string_view::npos) text += "Host: localhost\r\n";
        text += fields;
        if (!body.empty()) text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
        return text + "\r\n" + std::string(body);
    }
    std::string take() {
        std::string text(session_.out().view());
        session_.out().clear();
        session_.on_drained();
        return text;
    }
    std::vector<Seen> answers(const std::vector<std::string>& methods = {}) { return read_answers(take(), methods); }

    Session& session() { return session_; }
    EventHub& events() { return events_; }
    int outputs() const { return outputs_; }

private:
    Admission admission_;
    EventHub events_;
    SessionContext context_;
    int outputs_ = 0;
    Session session_;
};

inline Peer local_operator() { return {"uid 0", Caller{"uid 0", {}}, false, true}; }
inline Peer local_tenant(const std::string& name) { return {"uid 1000", Caller{name, {name + "-*"}}, false, true}; }

}  // namespace sallyport::admin
