// Random messages of HTTP/1, through both HTTP/2 codecs and back to HTTP/1: what comes out says what went in.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "http/characters.h"
#include "http/http1_codec.h"
#include "http/http1_writer.h"
#include "http/validate.h"
#include "tests/http/http2_peers.h"

namespace sallyport::http {
namespace {

class Random {
public:
    explicit Random(unsigned seed) : engine_(seed) {}
    std::size_t below(std::size_t limit) { return engine_() % limit; }
    bool one_in(std::size_t n) { return below(n) == 0; }
    std::string text(std::string_view alphabet, std::size_t size_max) {
        std::string all(below(size_max + 1), ' ');
        for (char& c : all) c = alphabet[below(alphabet.size())];
        return all;
    }
    std::string bytes(std::size_t size_max) {
        std::string all(below(size_max + 1), ' ');
        for (char& c : all) c = static_cast<char>(engine_());
        return all;
    }
    std::string_view any(std::initializer_list<std::string_view> list) { return list.begin()[below(list.size())]; }

private:
    std::mt19937 engine_;
};

constexpr std::string_view kNameBytes = "abcXYZ019-_.!#$%&'*+^`|~";
constexpr std::string_view kValueBytes = "abcXYZ 019\t-_.,;:=\"()<>@/?{}[]\\\xc3\xa9\xff";
constexpr std::string_view kTargetBytes = "abcXYZ019-_.~/?&=%+:@!$'()*,;";

using Fields = std::vector<std::pair<std::string, std::string>>;

Fields random_fields(Random& random, std::string_view prefix, std::size_t value_bytes_max = 5'000) {
    Fields fields;
    for (std::size_t i = random.below(12); i > 0; --i) {
        const std::string name = std::string(prefix) + random.text(kNameBytes, 20);
        fields.emplace_back(name, trim(random.text(kValueBytes, random.one_in(10) ? value_bytes_max : 40)));
    }
    return fields;
}

// One message, however it is written.
struct Message {
    std::string start;  // method and target, or the status
    std::string host;
    Fields fields;
    std::string body;
    bool is_chunked = false;
    Fields trailers;

    friend bool operator==(const Message&, const Message&) = default;
};

std::string lower(std::string text) {
    for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    return text;
}

Fields to_fields(const HeaderMap& headers) {
    Fields fields;
    for (const auto [name, value] : headers) {
        const std::string lowered = lower(std::string(name));
        if (lowered == "host" || lowered == "content-length" || lowered == "transfer-encoding") continue;
        fields.emplace_back(lowered, value);
    }
    return fields;
}

void append_fields(std::string& text, const Fields& fields) {
    for (const auto& [name, value] : fields) text += name + ": " + value + "\r\n";
}

void append_body(std::string& text, const Message& message, Random& random) {
    if (!message.is_chunked) {
        text += message.body;
        return;
    }
    std::string_view rest = message.body;
    while (!rest.empty()) {
        const std::string_view chunk = rest.substr(0, 1 + random.below(20'000));
        char size[20];
        std::snprintf(size, sizeof size, "%zx\r\n", chunk.size());
        text += size + std::string(chunk) + "\r\n";
        rest.remove_prefix(chunk.size());
    }
    text += "0\r\n";
    append_fields(text, message.trailers);
    text += "\r\n";
}

void randomize_body(Message& message, Random& random) {
    message.body = random.bytes(random.one_in(4) ? 200'000 : 1'000);
    message.is_chunked = random.one_in(2);
    if (message.is_chunked && random.one_in(2)) message.trailers = random_fields(random, "T", 100);
}

std::string framing_of(const Message& message) {
    return message.is_chunked ? "Transfer-Encoding: chunked\r\n" : "Content-Length: " + std::to_string(message.body.size()) + "\r\n";
}

// Reads one message of HTTP/1 and passes it to a writer, as a proxy does; keeps what it has read.
template <class Sink, class Head, class Writer>
class Passing : public Sink {
public:
    explicit Passing(Writer& writer) : writer_(writer) {}
    Next on_body(std::string_view bytes) override {
        message.body += bytes;
        writer_.write_body(bytes);
        return Next::go;
    }
    Next on_message_end(HeaderMap& trailers) override {
        message.trailers = to_fields(trailers);
        writer_.write_end(trailers);
        ended = true;
        return Next::go;
    }

    Message message;
    bool ended = false;

protected:
    void take(const Head& head) {
        message.host = std::string(head.headers.get("host").value_or(""));
        message.fields = to_fields(head.headers);
        message.is_chunked = head.body.kind == BodyKind::chunked;
    }
    Writer& writer_;
};

class PassingRequest final : public Passing<RequestSink, RequestHead, RequestWriter> {
public:
    using Passing::Passing;
    Next on_request_head(RequestHead& head) override {
        take(head);
        message.start = head.method + " " + head.target;
        EXPECT_TRUE(remove_hop_by_hop(head));
        writer_.write_head(head);
        return Next::go;
    }
};

class PassingResponse final : public Passing<ResponseSink, ResponseHead, ResponseWriter> {
public:
    using Passing::Passing;
    Next on_response_head(ResponseHead& head) override {
        take(head);
        message.start += std::to_string(head.status) + " ";
        remove_hop_by_hop(head);
        head.status < 200 ? writer_.write_interim(head) : writer_.write_head(head);
        return Next::go;
    }
};

// Where nothing goes.
struct NoWriter final : RequestWriter, ResponseWriter {
    void write_interim(const ResponseHead&) override {}
    void write_head(const RequestHead&) override {}
    void write_head(const ResponseHead&) override {}
    void write_body(std::string_view) override {}
    void write_end(const HeaderMap&) override {}
};

// A connection of HTTP/2 whose requests come out as HTTP/1.
struct ToHttp1 final : Http2ServerUser {
    RequestSink* on_stream_opened(Http2StreamId) override { return &request; }
    void on_stream_malformed(Http2StreamId, Error error) override { ADD_FAILURE() << error.detail; }
    void on_stream_drained(Http2StreamId) override {}
    void on_stream_closed(Http2StreamId, bool was_reset_by_client) override { EXPECT_FALSE(was_reset_by_client); }

    Buffer bytes;
    Http1RequestWriter writer{bytes};
    PassingRequest request{writer};
    Http2ServerCodec codec{*this, Scheme::https, {}};
};

struct FromHttp1 final : Http2ClientUser {
    void on_settings() override {}
    void on_stream_drained(Http2StreamId) override {}
    void on_stream_closed(Http2StreamId, const Ending& ending) override {
        EXPECT_EQ(ending.error, nullptr) << ending.error->detail;
    }
    void on_goaway() override {}

    Http2ClientCodec codec{*this, Scheme::https, {}};
};

void exchange(Http2ClientCodec& client, Http2ServerCodec& server, unsigned seed) {
    while (client.wants_to_write() || server.wants_to_write()) {
        ASSERT_TRUE(feed_cut(server, produced(client), at_random(seed, 30'000)));
        ASSERT_TRUE(feed_cut(client, produced(server), at_random(seed + 1, 30'000)));
    }
}

template <class Parser>
void parse_all(Parser& parser, std::string_view bytes) {
    while (!bytes.empty()) {
        const auto taken = parser.feed(bytes);
        ASSERT_TRUE(taken) << taken.error().detail;
        ASSERT_GT(*taken, 0u);
        bytes.remove_prefix(*taken);
    }
}

void check(unsigned seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    ToHttp1 server;
    FromHttp1 client;

    // The request, from HTTP/1 to HTTP/1.
    Message asked;
    const std::string method(random.any({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"}));
    asked.start = method + " /" + random.text(kTargetBytes, 200);
    asked.host = "host" + std::to_string(random.below(1000)) + ".example:8443";
    asked.fields = random_fields(random, "X");
    const bool has_body = !random.one_in(3);
    if (has_body) randomize_body(asked, random);
    std::string bytes = asked.start + " HTTP/1.1\r\n";
    const Fields before(asked.fields.begin(), asked.fields.begin() + static_cast<std::ptrdiff_t>(asked.fields.size() / 2));
    const Fields after(asked.fields.begin() + static_cast<std::ptrdiff_t>(before.size()), asked.fields.end());
    append_fields(bytes, before);
    bytes += "hOsT: " + asked.host + "\r\n" + (has_body ? framing_of(asked) : "");
    append_fields(bytes, after);
    bytes += "\r\n";
    if (has_body) append_body(bytes, asked, random);

    NoWriter nowhere;
    PassingResponse heard(nowhere);
    const auto id = client.codec.open(heard);
    PassingRequest sent(client.codec.request(id));
    Http1RequestParser parser(sent, {});
    parse_all(parser, bytes);
    ASSERT_TRUE(sent.ended);
    exchange(client.codec, server.codec, seed);
    PassingRequest back(nowhere);
    Http1RequestParser again(back, {});
    parse_all(again, server.bytes.view());
    ASSERT_TRUE(back.ended);
    EXPECT_TRUE(back.message == sent.message);
    for (auto* fields : {&asked.fields, &asked.trailers}) {
        for (auto& field : *fields) field.first = lower(field.first);
    }
    EXPECT_TRUE(sent.message == asked);

    // And its response.
    Message answered;
    answered.start = random.any({"200", "201", "204", "304", "404", "500", "999"});
    answered.fields = random_fields(random, "Y");
    const bool is_empty = method == "HEAD" || answered.start == "204" || answered.start == "304";
    if (!is_empty) randomize_body(answered, random);
    bytes.clear();
    for (std::size_t i = random.below(3); i > 0; --i) bytes += "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
    bytes += "HTTP/1.1 " + answered.start + " A Reason\r\n" + (is_empty ? "" : framing_of(answered));
    append_fields(bytes, answered.fields);
    bytes += "\r\n";
    if (!is_empty) append_body(bytes, answered, random);
    PassingResponse said(server.codec.response(id));
    Http1ResponseParser response_parser(said, {});
    response_parser.await_response(method);
    parse_all(response_parser, bytes);
    ASSERT_TRUE(said.ended);
    exchange(client.codec, server.codec, seed);
    ASSERT_TRUE(heard.ended);
    EXPECT_TRUE(heard.message == said.message);
    EXPECT_EQ(client.codec.open_streams() + server.codec.open_streams(), 0u);
}

TEST(Http2Translation, MessagesOfHttp1ComeThroughHttp2AsTheyWere) {
    for (unsigned seed = 0; seed < 400; ++seed) check(seed);
}

}  // namespace
}  // namespace sallyport::http
