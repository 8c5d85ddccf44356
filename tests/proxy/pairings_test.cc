// What a client sees of an origin, and the origin of the client, is the same whatever version of HTTP each of them speaks: one table of
// exchanges, through all four pairings.
#include <sys/socket.h>

#include "http/http1_codec.h"
#include "http/http1_writer.h"
#include "proxy/http2_downstream.h"
#include "tests/proxy/http2_origin.h"
#include "tests/proxy/http2_test_client.h"

namespace sallyport::proxy {
namespace {

enum class Version { http1, http2 };

struct Message {
    std::vector<std::pair<std::string, std::string>> fields;
    std::optional<std::string> body;  // null for none
    bool has_length = false;          // else its end is not known before
    std::vector<std::pair<std::string, std::string>> trailers;
};

struct Exchange {
    const char* name;
    std::string method = "GET";
    std::string target = "/x?q=1";
    Message request = {};
    int status = 200;
    std::vector<int> interim = {};
    Message response = {};
    std::string rule = "open";
};

using Fields = std::vector<std::pair<std::string, std::string>>;

void add(http::HeaderMap& headers, const Fields& fields) {
    for (const auto& [name, value] : fields) headers.add(name, value);
}

http::BodyFraming framing_of(const Message& message) {
    if (!message.body) return {};
    if (message.has_length) return {http::BodyKind::length, message.body->size()};
    return {http::BodyKind::chunked, 0};
}

http::RequestHead head_of(const Exchange& exchange, const std::string& host) {
    http::RequestHead head;
    head.method = exchange.method;
    head.target = exchange.target;
    head.headers.add("Host", host);
    add(head.headers, exchange.request.fields);
    head.body = framing_of(exchange.request);
    return head;
}

template <class Writer>
void write_body(Writer& writer, const Message& message) {
    if (message.body && !message.body->empty()) writer.write_body(*message.body);
    http::HeaderMap trailers;
    add(trailers, message.trailers);
    writer.write_end(trailers);
}

// What came over HTTP/1, of the requests of one connection.
struct SeenRequests final : http::RequestSink {
    http::RequestHead head;
    std::string body;
    http::HeaderMap trailers;
    bool is_whole = false;
    http::Next on_request_head(http::RequestHead& given) override {
        head = given;
        return http::Next::go;
    }
    http::Next on_body(std::string_view bytes) override {
        body += bytes;
        return http::Next::go;
    }
    http::Next on_message_end(http::HeaderMap& given) override {
        trailers = given;
        is_whole = true;
        return http::Next::go;
    }
};

// A client of HTTP/2 and its connection, without sockets: over TLS as far as the gate knows.
class Line final : private Http2Carrier {
public:
    Line(net::Loop& loop, WorkerContext& context, Egress& egress, std::uint16_t port)
        : loop_(loop), target_{http::Scheme::https, "app.example", false, {}, port}, gate_(context, egress, *this),
          client_([this] { return std::exchange(to_client_, {}); }, [this](std::string_view bytes) { to_gate_ += bytes; },
                  http::Scheme::https) {}
    ~Line() { *lives_ = false; }

    Http2TestClient& client() { return client_; }
    // Until nothing moves any more.
    void pump() {
        do {
            client_.pump();
            const std::string bytes = std::exchange(to_gate_, {});
            if (!bytes.empty()) {
                EXPECT_TRUE(gate_.feed(bytes));
            }
            gate_.end_round();
            write_now();
        } while (!to_client_.empty() || !to_gate_.empty());
    }

private:
    const ConnectionTarget& target() const override { return target_; }
    void write_now() override {
        Buffer out;
        gate_.produce(out);
        to_client_ += out.view();
    }
    void write_soon() override {
        loop_.defer([this, lives = lives_] {
            if (*lives) pump();
        });
    }

    net::Loop& loop_;
    const ConnectionTarget target_;
    std::string to_client_;
    std::string to_gate_;
    const std::shared_ptr<bool> lives_ = std::make_shared<bool>(true);
    Http2Downstream gate_;
    Http2TestClient client_;
};

class Pairings : public GateTest, public testing::WithParamInterface<std::tuple<Version, Version>> {
protected:
    Version client_speaks() const { return std::get<0>(GetParam()); }
    Version origin_speaks() const { return std::get<1>(GetParam()); }

    void begin() {
        sockaddr_storage address{};
        socklen_t size = net::to_sockaddr({*net::parse_address("127.0.0.1"), 0}, address);
        UniqueFd listening(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
        ASSERT_EQ(bind(listening.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
        ASSERT_EQ(listen(listening.get(), 16), 0);
        ASSERT_EQ(getsockname(listening.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
        const bool is_http2 = origin_speaks() == Version::http2;
        const std::uint16_t port = is_http2 ? net::from_sockaddr(address)->port : origin.port();
        if (is_http2) http2_ = std::make_unique<Http2Origin>(loop, std::move(listening), Http2Origin::Speaks::http2_in_clear);
        const std::string to = "host: app.example, port: 8080, upstream: \"http://vcs.example:" + std::to_string(port) +
                               "\", cidr: 127.0.0.0/8, h2c: " + (is_http2 ? "true" : "false");
        start("version: 1\n"
              "secrets: { token: { env: GATE_TEST_SECRET } }\n"
              "credentials: { vcs: { type: header, name: X-Auth-Token, value: \"${secrets.token}\" } }\n"
              "policies:\n  p:\n    rules:\n"
              "      - { name: vcs, paths: [\"/with/**\"], credential: vcs, allow_cleartext_credential: true, " + to + " }\n"
              "      - { name: never, host: app.example, port: 8080, paths: [\"/never\"], deny: true }\n"
              "      - { name: open, " + to + " }\n");
    }

    // Sends the exchange's request, answers it as the exchange says, and compares what each side saw.
    void run(const Exchange& exchange) {
        SCOPED_TRACE(exchange.name);
        if (client_speaks() == Version::http2) {
            ask_over_http2(exchange);
        } else {
            ask_over_http1(exchange);
        }
        run_until_logged(1);
        EXPECT_EQ(log_lines().size(), 1u);
    }

    std::unique_ptr<Http2Origin> http2_;

private:
    void ask_over_http2(const Exchange& exchange) {
        Line line(loop, context(), *egress, 8080);
        http::RequestHead head = head_of(exchange, "app.example:8080");
        head.version_major = 2;
        TestAnswer& answer = line.client().open(head);
        write_body_of(line.client(), answer, exchange.request);
        line.pump();
        answer_as(exchange, [&] { line.pump(); });
        run_until([&] {
            line.pump();
            return answer.closed;
        });
        std::vector<int> interim;
        for (const auto& each : answer.interim) interim.push_back(each.status);
        expect_response(exchange, interim, answer.head, answer.body, answer.trailers, answer.ended);
        EXPECT_FALSE(answer.error) << answer.error->detail;
    }

    static void write_body_of(Http2TestClient& client, TestAnswer& answer, const Message& message) {
        if (message.body && !message.body->empty()) client.write(answer, *message.body);
        http::HeaderMap trailers;
        add(trailers, message.trailers);
        client.end(answer, trailers);
    }

    void ask_over_http1(const Exchange& exchange) {
        TestClient& client = connect("203.0.113.9", 8080);
        Buffer out;
        http::Http1RequestWriter writer(out);
        writer.write_head(head_of(exchange, "app.example:8080"));
        write_body(writer, exchange.request);
        client.send(out.view());
        answer_as(exchange, [] {});
        TestAnswer answer;
        http::Http1ResponseParser parser(answer, http::Http1Limits{});
        parser.await_response(exchange.method);
        run_until([&] {
            const std::string bytes = std::exchange(client.received, {});
            EXPECT_TRUE(parser.feed(bytes));
            return answer.ended;
        });
        std::vector<int> interim;
        for (const auto& each : answer.interim) interim.push_back(each.status);
        expect_response(exchange, interim, answer.head, answer.body, answer.trailers, answer.ended);
    }

    void answer_as(const Exchange& exchange, const std::function<void()>& pump) {
        if (exchange.rule == "never") return;
        origin_speaks() == Version::http2 ? answer_over_http2(exchange, pump) : answer_over_http1(exchange, pump);
    }

    void answer_over_http1(const Exchange& exchange, const std::function<void()>& pump) {
        SeenRequests seen;
        http::Http1RequestParser parser(seen, http::Http1Limits{});
        run_until([&] {
            pump();
            if (origin.connections.empty() || !origin.connections[0]->peer) return false;
            const std::string bytes = std::exchange(origin.connections[0]->peer->received, {});
            std::string_view rest = bytes;
            while (!rest.empty() && !seen.is_whole) {
                const auto taken = parser.feed(rest);
                if (!taken) {
                    ADD_FAILURE() << taken.error().detail;
                    return true;
                }
                rest.remove_prefix(*taken);
            }
            return seen.is_whole;
        });
        expect_request(exchange, seen.head, seen.body, seen.trailers);
        Buffer out;
        http::Http1ResponseWriter writer(out);
        for (const int status : exchange.interim) {
            http::ResponseHead interim;
            interim.status = status;
            interim.headers.add("Link", "</style.css>");
            writer.write_interim(interim);
        }
        writer.write_head(response_head(exchange));
        write_body(writer, exchange.response);
        origin.connections[0]->peer->send(out.view());
    }

    void answer_over_http2(const Exchange& exchange, const std::function<void()>& pump) {
        bool is_answered = false;
        http2_->answer = [&](Http2Origin& from, OriginRequest& request) {
            is_answered = true;
            expect_request(exchange, request.head, request.body, request.trailers);
            for (const int status : exchange.interim) from.interim(request, status, {{"Link", "</style.css>"}});
            http::ResponseWriter& writer = from.peers[request.connection]->codec->response(request.stream);
            writer.write_head(response_head(exchange));
            write_body(writer, exchange.response);
            from.write(request, {});
        };
        run_until([&] {
            pump();
            return is_answered;
        });
        http2_->answer = nullptr;
    }

    static http::ResponseHead response_head(const Exchange& exchange) {
        http::ResponseHead head;
        head.status = exchange.status;
        head.reason = "Said";
        add(head.headers, exchange.response.fields);
        head.body = framing_of(exchange.response);
        return head;
    }

    void expect_request(const Exchange& exchange, const http::RequestHead& head, const std::string& body,
                        const http::HeaderMap& trailers) {
        EXPECT_EQ(head.method, exchange.method);
        EXPECT_EQ(head.target, exchange.target);
        for (const auto& [name, value] : exchange.request.fields) EXPECT_EQ(head.headers.get(name), value) << name;
        EXPECT_EQ(body, exchange.request.body.value_or(""));
        EXPECT_EQ(head.headers.get("X-Auth-Token").value_or(""), exchange.rule == "vcs" ? kMarkerSecret : "");
        if (exchange.request.has_length) {
            EXPECT_EQ(head.headers.get("Content-Length"), std::to_string(body.size()));
        }
        // Beside a credential trailers do not go on.
        if (exchange.rule == "vcs") {
            EXPECT_EQ(trailers.size(), 0u);
            return;
        }
        for (const auto& [name, value] : exchange.request.trailers) EXPECT_EQ(trailers.get(name), value) << name;
    }

    void expect_response(const Exchange& exchange, const std::vector<int>& interim, const http::ResponseHead& head,
                         const std::string& body, const http::HeaderMap& trailers, bool is_whole) {
        EXPECT_TRUE(is_whole);
        EXPECT_EQ(head.status, exchange.status);
        EXPECT_EQ(interim, exchange.interim);
        if (exchange.rule == "never") {
            EXPECT_NE(body.find(R"("rule":"never")"), std::string::npos);
            return;
        }
        for (const auto& [name, value] : exchange.response.fields) EXPECT_EQ(head.headers.get(name), value) << name;
        EXPECT_EQ(body, exchange.response.body.value_or(""));
        if (exchange.response.has_length) {
            EXPECT_EQ(head.headers.get("Content-Length"), std::to_string(body.size()));
        }
        for (const auto& [name, value] : exchange.response.trailers) EXPECT_EQ(trailers.get(name), value) << name;
    }
};

const std::string kLarge(1'500'000, 'L');

const Exchange kExchanges[] = {
    {.name = "a plain GET", .response = {.fields = {{"etag", "\"1\""}}, .body = "hello", .has_length = true}},
    {.name = "a body whose end is not known before", .response = {.body = "hello"}},
    {.name = "trailers of a response", .response = {.body = "hello", .trailers = {{"x-sum", "5"}}}},
    {.name = "an empty body that was announced", .response = {.body = "", .has_length = true}},
    {.name = "HEAD", .method = "HEAD", .response = {.fields = {{"content-type", "text/plain"}}}},
    {.name = "204", .method = "DELETE", .status = 204},
    {.name = "304", .status = 304, .response = {.fields = {{"etag", "\"1\""}}}},
    {.name = "early hints", .interim = {103}, .response = {.body = "x", .has_length = true}},
    {.name = "a POST", .method = "POST", .request = {.body = "field=1", .has_length = true}, .status = 201, .response = {.body = "made"}},
    {.name = "a POST in chunks, with trailers", .method = "POST",
     .request = {.body = "some", .trailers = {{"x-sum", "4"}}}, .response = {.body = "ok"}},
    {.name = "an empty POST", .method = "POST", .request = {.body = "", .has_length = true}, .response = {.body = "ok"}},
    {.name = "large bodies both ways", .method = "PUT", .request = {.body = kLarge}, .response = {.body = kLarge}},
    {.name = "large bodies with lengths", .method = "PUT", .request = {.body = kLarge, .has_length = true},
     .response = {.body = kLarge, .has_length = true}},
    {.name = "a credential", .target = "/with/it", .response = {.body = "ok"}, .rule = "vcs"},
    {.name = "a credential beside trailers", .method = "POST", .target = "/with/it",
     .request = {.body = "b", .trailers = {{"x-sum", "1"}}}, .response = {.body = "ok", .trailers = {{"x-sum", "2"}}}, .rule = "vcs"},
    {.name = "cookies", .request = {.fields = {{"cookie", "a=1; b=2"}}}, .response = {.fields = {{"set-cookie", "c=3"}}, .body = "ok"}},
    {.name = "a denial", .target = "/never", .status = 403, .rule = "never"},
    {.name = "an error of the origin's", .status = 503, .response = {.fields = {{"retry-after", "5"}}, .body = "busy"}},
};

class PairedExchange : public Pairings {};

TEST_P(PairedExchange, IsTheSameOnBothSides) {
    // Each with a gate of its own.
    for (const Exchange& exchange : kExchanges) {
        if (egress != nullptr) {
            egress.reset();
            origin.connections.clear();
            http2_.reset();
        }
        begin();
        run(exchange);
        if (HasFailure()) return;
    }
}

std::string name_of(const testing::TestParamInfo<std::tuple<Version, Version>>& info) {
    const auto text = [](Version version) { return version == Version::http2 ? "Http2" : "Http1"; };
    return std::string(text(std::get<0>(info.param))) + "To" + text(std::get<1>(info.param));
}

INSTANTIATE_TEST_SUITE_P(Pairings, PairedExchange,
                         testing::Combine(testing::Values(Version::http1, Version::http2),
                                          testing::Values(Version::http1, Version::http2)),
                         name_of);

}  // namespace
}  // namespace sallyport::proxy
