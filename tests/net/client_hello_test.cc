#include "net/client_hello.h"

#include <gmock/gmock.h>
#include <openssl/ssl.h>

#include <memory>
#include <random>

#include "base/check.h"

namespace sallyport::net {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::string bytes(std::initializer_list<int> values) {
    std::string text;
    for (const int value : values) text += static_cast<char>(value);
    return text;
}

std::string sized(int length_bytes, const std::string& body) {
    std::string text;
    for (int shift = 8 * (length_bytes - 1); shift >= 0; shift -= 8) text += static_cast<char>(body.size() >> shift & 0xff);
    return text + body;
}

std::string record(const std::string& body) { return bytes({0x16, 3, 1}) + sized(2, body); }

// The same message over records of at most `size` bytes.
std::string in_records_of(std::size_t size, const std::string& message) {
    std::string out;
    for (std::size_t at = 0; at < message.size(); at += size) out += record(message.substr(at, size));
    return out;
}

// What OpenSSL sends first.
std::string openssl_hello(const char* server_name, const std::string& alpn_wire = {}, std::size_t padded_to = 0) {
    const std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context(SSL_CTX_new(TLS_client_method()), &SSL_CTX_free);
    std::string extra(padded_to, 'x');
    if (padded_to > 0) {
        const auto add = [](SSL*, unsigned, const unsigned char** out, std::size_t* size, int*, void* body) {
            *out = reinterpret_cast<const unsigned char*>(static_cast<std::string*>(body)->data());
            *size = static_cast<std::string*>(body)->size();
            return 1;
        };
        SALLYPORT_CHECK(SSL_CTX_add_client_custom_ext(context.get(), 0x3a3a, add, nullptr, &extra, nullptr, nullptr) == 1);
    }
    const std::unique_ptr<SSL, void (*)(SSL*)> ssl(SSL_new(context.get()), &SSL_free);
    BIO* out = BIO_new(BIO_s_mem());
    SSL_set_bio(ssl.get(), BIO_new(BIO_s_mem()), out);
    if (server_name != nullptr) SSL_set_tlsext_host_name(ssl.get(), server_name);
    if (!alpn_wire.empty()) {
        SSL_set_alpn_protos(ssl.get(), reinterpret_cast<const unsigned char*>(alpn_wire.data()),
                            static_cast<unsigned>(alpn_wire.size()));
    }
    SSL_connect(ssl.get());
    char* data = nullptr;
    const long size = BIO_get_mem_data(out, &data);
    return {data, static_cast<std::size_t>(size)};
}

// The handshake message without its record.
std::string message_of(const std::string& hello) { return hello.substr(5); }

struct Parts {
    std::string version = bytes({3, 3});
    std::string session_id = sized(1, std::string(32, 's'));
    std::string ciphers = sized(2, bytes({0x13, 1, 0x13, 2}));
    std::string compressions = sized(1, bytes({0}));
    std::string extensions;  // with its length
    std::string after;

    std::string message() const {
        return bytes({1}) + sized(3, version + std::string(32, 'r') + session_id + ciphers + compressions + extensions + after);
    }
    std::string hello() const { return record(message()); }
};

std::string extension(int type, const std::string& body) { return bytes({type >> 8, type & 0xff}) + sized(2, body); }
std::string name_entry(const std::string& name, int type = 0) { return bytes({type}) + sized(2, name); }
std::string sni(const std::string& name) { return extension(0, sized(2, name_entry(name))); }

std::string with_extensions(const std::string& extensions) {
    Parts parts;
    parts.extensions = sized(2, extensions);
    return parts.hello();
}

ClientHello complete(std::string_view hello) {
    const auto reading = read_client_hello(hello);
    EXPECT_TRUE(reading.has_value()) << reading.error().detail;
    if (!reading) return {};
    EXPECT_EQ(reading->state, HelloState::complete);
    return reading->hello;
}

TEST(ClientHello, IsReadAsOpensslWritesIt) {
    const ClientHello plain = complete(openssl_hello(nullptr));
    EXPECT_EQ(plain.server_name, "");
    EXPECT_THAT(plain.alpn, IsEmpty());
    EXPECT_FALSE(plain.has_ech);
    const ClientHello full = complete(openssl_hello("Api.Example.COM", "\x02h2\x08http/1.1"));
    EXPECT_EQ(full.server_name, "Api.Example.COM");
    EXPECT_THAT(full.alpn, ElementsAre("h2", "http/1.1"));
}

TEST(ClientHello, IsReadAtEverySize) {
    for (std::size_t size = 1; size < 15000; size = size * 2 + 1) {
        EXPECT_EQ(complete(openssl_hello("a.example", {}, size)).server_name, "a.example") << size;
    }
}

TEST(ClientHello, NeedsMoreUntilItsLastByte) {
    const std::string hello = openssl_hello("a.example", "\x02h2");
    for (std::size_t size = 0; size < hello.size(); ++size) {
        const auto reading = read_client_hello(std::string_view(hello).substr(0, size));
        ASSERT_TRUE(reading.has_value()) << size << reading.error().detail;
        ASSERT_EQ(reading->state, HelloState::need_more) << size;
    }
}

TEST(ClientHello, MaySpanRecordsCutAnywhere) {
    const std::string message = message_of(openssl_hello("a.example", "\x02h2"));
    for (std::size_t cut = 1; cut < message.size(); ++cut) {
        const std::string hello = record(message.substr(0, cut)) + record(message.substr(cut));
        EXPECT_EQ(complete(hello).server_name, "a.example") << cut;
        EXPECT_EQ(read_client_hello(std::string_view(hello).substr(0, 5 + cut))->state, HelloState::need_more);
    }
    for (const std::size_t size : {1, 2, 3, 7, 100}) {
        EXPECT_THAT(complete(in_records_of(size, message)).alpn, ElementsAre("h2")) << size;
    }
}

TEST(ClientHello, LeavesTheRecordsThatFollowAlone) {
    EXPECT_EQ(complete(openssl_hello("a.example") + bytes({0x14, 3, 3, 0, 1, 1})).server_name, "a.example");
    EXPECT_EQ(complete(openssl_hello("a.example") + "garbage").server_name, "a.example");
}

TEST(ClientHello, MayHaveNoExtensions) { EXPECT_EQ(complete(Parts{}.hello()).server_name, ""); }

TEST(ClientHello, PassesOverGreaseAndUnknownExtensions) {
    const ClientHello hello = complete(
        with_extensions(extension(0x0a0a, "") + extension(0xfafa, "x") + sni("a.example") + extension(0x1234, "??")));
    EXPECT_EQ(hello.server_name, "a.example");
    EXPECT_FALSE(hello.has_ech);
}

TEST(ClientHello, TellsEncryptedHellos) {
    EXPECT_TRUE(complete(with_extensions(sni("public.example") + extension(0xfe0d, bytes({0, 0, 1, 0, 1})))).has_ech);
    EXPECT_FALSE(complete(with_extensions(sni("public.example") + extension(0xfe0d, bytes({1})))).has_ech);
}

TEST(ClientHello, IsNotWhatOtherProtocolsBeginWith) {
    for (const std::string& first : {std::string("GET / HTTP/1.1\r\n"), std::string("SSH-2.0-x\r\n"), std::string("\0", 1),
                                     bytes({0x80, 0x2e, 1, 3, 1}), bytes({0x15, 3, 1, 0, 2}), bytes({0x17, 3, 3, 0, 1})}) {
        const auto reading = read_client_hello(first);
        ASSERT_TRUE(reading.has_value());
        EXPECT_EQ(reading->state, HelloState::not_tls);
    }
}

TEST(ClientHello, IsRefusedWhereMalformed) {
    const std::string good = Parts{}.message();
    Parts long_session, odd_ciphers, no_ciphers, no_compression, ssl2, trailing, cut_extensions;
    long_session.session_id = sized(1, std::string(33, 's'));
    odd_ciphers.ciphers = sized(2, "abc");
    no_ciphers.ciphers = sized(2, "");
    no_compression.compressions = sized(1, "");
    ssl2.version = bytes({2, 0});
    trailing.extensions = sized(2, "");
    trailing.after = "x";
    cut_extensions.extensions = bytes({0, 9, 0});
    const struct {
        const char* what;
        std::string hello;
    } cases[] = {
        {"record version", bytes({0x16, 2, 1, 0, 1, 1})},
        {"record version, early", bytes({0x16, 0x47})},
        {"empty record", record("") + record(good)},
        {"record too long", bytes({0x16, 3, 1, 0x40, 1})},
        {"another message", record(bytes({2}) + sized(3, "xx"))},
        {"another record inside", record(good.substr(0, 20)) + bytes({0x17, 3, 3, 0, 1, 0})},
        {"more in its record", record(good + bytes({1}))},
        {"declared too large", record(bytes({1, 0, 0x40, 1}))},
        {"declared enormous", record(bytes({1, 0xff, 0xff, 0xff}))},
        {"empty", record(bytes({1, 0, 0, 0}))},
        {"cut short", record(bytes({1}) + sized(3, good.substr(4, 40)))},
        {"long session id", long_session.hello()},
        {"odd ciphers", odd_ciphers.hello()},
        {"no ciphers", no_ciphers.hello()},
        {"no compression", no_compression.hello()},
        {"version 2", ssl2.hello()},
        {"trailing bytes", trailing.hello()},
        {"extensions cut short", cut_extensions.hello()},
        {"extension cut short", with_extensions(bytes({0, 0, 0, 9, 0}))},
        {"extension header cut short", with_extensions(bytes({0, 0, 0}))},
        {"two server names", with_extensions(extension(0, sized(2, name_entry("a.example") + name_entry("b.example"))))},
        {"two server name extensions", with_extensions(sni("a.example") + sni("a.example"))},
        {"no server name", with_extensions(extension(0, ""))},
        {"empty list of names", with_extensions(extension(0, sized(2, "")))},
        {"empty server name", with_extensions(sni(""))},
        {"server name of another type", with_extensions(extension(0, sized(2, name_entry("a.example", 1))))},
        {"server name with NUL", with_extensions(sni(std::string("a.example\0.evil", 15)))},
        {"server name too long", with_extensions(sni(std::string(256, 'a')))},
        {"bytes after the names", with_extensions(extension(0, sized(2, name_entry("a.example")) + "x"))},
        {"name longer than its list", with_extensions(extension(0, sized(2, bytes({0, 0, 9}) + "abc")))},
        {"empty protocol list", with_extensions(extension(16, sized(2, "")))},
        {"empty protocol", with_extensions(extension(16, sized(2, sized(1, "") + sized(1, "h2"))))},
        {"protocol cut short", with_extensions(extension(16, sized(2, bytes({9}) + "h2")))},
        {"bytes after the protocols", with_extensions(extension(16, sized(2, sized(1, "h2")) + "x"))},
        {"two protocol lists", with_extensions(extension(16, sized(2, sized(1, "h2"))) + extension(16, sized(2, sized(1, "h2"))))},
        {"empty ECH", with_extensions(extension(0xfe0d, ""))},
    };
    for (const auto& [what, hello] : cases) {
        const auto reading = read_client_hello(hello);
        ASSERT_FALSE(reading.has_value()) << what;
        EXPECT_EQ(reading.error().code, ErrorCode::tls_client_hello) << what;
    }
}

TEST(ClientHello, MayBe16KibInRecordsOfAnySize) {
    Parts parts;
    parts.extensions = sized(2, sni("a.example") + extension(0x1234, std::string(16200, 'x')));
    ASSERT_LE(parts.message().size(), 16384u);
    for (const std::size_t size : {1, 10, 16383, 16384}) {
        EXPECT_EQ(complete(in_records_of(size, parts.message())).server_name, "a.example") << size;
    }
}

TEST(ClientHello, IsRefusedAsSoonAsItSaysThatItIsLarger) {
    Parts parts;
    parts.extensions = sized(2, extension(0x1234, std::string(16400, 'x')));
    for (const std::size_t size : {1, 10, 16384}) {
        const std::string hello = in_records_of(size, parts.message());
        EXPECT_FALSE(read_client_hello(hello).has_value()) << size;
        EXPECT_FALSE(read_client_hello(std::string_view(hello).substr(0, 4 * 6)).has_value()) << size;
    }
}

TEST(ClientHello, IsTheSameToAReaderThatIsGivenMoreAndMore) {
    for (const std::size_t size : {1, 2, 5, 100, 16384}) {
        const std::string hello = in_records_of(size, message_of(openssl_hello("a.example", "\x02h2", 3000)));
        ClientHelloReader reader;
        for (std::size_t have = 1; have < hello.size(); ++have) {
            const auto reading = reader.read(std::string_view(hello).substr(0, have));
            ASSERT_TRUE(reading.has_value()) << size << ' ' << have << reading.error().detail;
            ASSERT_EQ(reading->state, HelloState::need_more) << size << ' ' << have;
        }
        const auto reading = reader.read(hello);
        ASSERT_TRUE(reading.has_value());
        EXPECT_EQ(reading->hello.server_name, "a.example");
        EXPECT_THAT(reading->hello.alpn, ElementsAre("h2"));
    }
}

// Whatever comes, a prefix never says more than the whole: what is refused early is refused late too.
TEST(ClientHello, DecidesTheSameHoweverItArrives) {
    std::mt19937 random(1);
    const std::string good = with_extensions(sni("a.example") + extension(16, sized(2, sized(1, "h2"))));
    for (int round = 0; round < 2000; ++round) {
        std::string hello = good;
        hello[random() % hello.size()] = static_cast<char>(random());
        const auto whole = read_client_hello(hello);
        ClientHelloReader reader;
        for (std::size_t size = 1; size < hello.size(); size += 1 + random() % 7) {
            const auto part = reader.read(std::string_view(hello).substr(0, size));
            if (!part) {
                EXPECT_FALSE(whole.has_value());
                break;
            } else if (part->state != HelloState::need_more) {
                ASSERT_TRUE(whole.has_value());
                EXPECT_EQ(part->state, whole->state);
                EXPECT_EQ(part->hello.server_name, whole->hello.server_name);
            }
        }
    }
}

}  // namespace
}  // namespace sallyport::net
