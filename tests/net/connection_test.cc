#include "net/connection.h"

#include <gtest/gtest.h>
#include <openssl/x509.h>

#include "tests/net/loopback.h"

namespace sallyport::net {
namespace {

struct ContextFree {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using ContextPtr = std::unique_ptr<SSL_CTX, ContextFree>;

// A self-signed certificate is enough: verification is the proxy's affair.
ContextPtr make_server() {
    ContextPtr context(SSL_CTX_new(TLS_server_method()));
    EVP_PKEY* key = EVP_EC_gen("P-256");
    X509* certificate = X509_new();
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    X509_sign(certificate, key, EVP_sha256());
    SSL_CTX_use_certificate(context.get(), certificate);
    SSL_CTX_use_PrivateKey(context.get(), key);
    SSL_CTX_set_options(context.get(), SSL_OP_IGNORE_UNEXPECTED_EOF);
    X509_free(certificate);
    EVP_PKEY_free(key);
    return context;
}

ContextPtr make_client() { return ContextPtr(SSL_CTX_new(TLS_client_method())); }

class ConnectionTest : public testing::Test {
protected:
    ConnectionTest() {
        auto [a, b] = stream_pair();
        left.emplace(loop, std::move(a), [](int) {});
        right.emplace(loop, std::move(b), [](int) {});
    }

    void shake_hands() {
        for (int i = 0; i < 20; ++i) {
            const IoState client_state = left->handshake();
            const IoState server_state = right->handshake();
            if (client_state == IoState::ok && server_state == IoState::ok) return;
        }
        FAIL() << left->tls_failure() << " / " << right->tls_failure();
    }

    std::string read_from(Connection& connection) {
        char block[64 * 1024];
        const IoResult result = connection.read(block, sizeof block);
        return result.state == IoState::ok ? std::string(block, result.bytes) : std::string();
    }

    Loop loop;
    std::optional<Connection> left;
    std::optional<Connection> right;
};

TEST_F(ConnectionTest, MovesBytesInTheClear) {
    EXPECT_EQ(left->write("hello").bytes, 5u);
    EXPECT_EQ(read_from(*right), "hello");
    char block[8];
    EXPECT_EQ(right->read(block, sizeof block).state, IoState::again);
    left->shutdown_write();
    EXPECT_EQ(right->read(block, sizeof block).state, IoState::closed);
    EXPECT_EQ(right->read(block, sizeof block).state, IoState::closed);
    EXPECT_EQ(right->write("back").bytes, 4u) << "a half-closed connection still carries the other direction";
}

TEST_F(ConnectionTest, AWriteToAPeerThatIsGoneFails) {
    right.reset();
    EXPECT_EQ(left->write("x").state, IoState::failed);
}

TEST_F(ConnectionTest, MovesBytesInsideTls) {
    const ContextPtr server = make_server();
    const ContextPtr client = make_client();
    left->start_tls_client(client.get());
    right->start_tls_server(server.get(), "");
    shake_hands();
    EXPECT_TRUE(left->is_tls());
    EXPECT_EQ(left->write("hello").state, IoState::ok);
    EXPECT_EQ(read_from(*right), "hello");
    left->shutdown_write();
    char block[8];
    EXPECT_EQ(right->read(block, sizeof block).state, IoState::closed);
}

TEST_F(ConnectionTest, TlsBeginsWithTheBytesThatWereReadBefore) {
    const ContextPtr server = make_server();
    const ContextPtr client = make_client();
    left->start_tls_client(client.get());
    EXPECT_EQ(left->handshake(), IoState::again);
    char block[4096];
    const IoResult hello = right->read(block, sizeof block);
    ASSERT_EQ(hello.state, IoState::ok);
    right->start_tls_server(server.get(), {block, hello.bytes});
    shake_hands();
}

// A cut-off stream must not look like a finished one: a close-delimited body could be truncated by anyone on the path.
TEST_F(ConnectionTest, TlsThatIsCutOffWithoutCloseNotifyIsAFailure) {
    const ContextPtr server = make_server();
    const ContextPtr client = make_client();
    left->start_tls_client(client.get());
    right->start_tls_server(server.get(), "");
    shake_hands();
    right->write("part");
    right.reset();
    EXPECT_EQ(read_from(*left), "part");
    char block[8];
    EXPECT_EQ(left->read(block, sizeof block).state, IoState::failed);
    EXPECT_FALSE(left->tls_failure().empty());
}

TEST_F(ConnectionTest, AWriteThatDoesNotFitIsTakenInPart) {
    const std::string big(8 * 1024 * 1024, 'x');
    std::size_t sent = 0;
    for (IoResult result = left->write(big); result.state == IoState::ok; result = left->write(big)) sent += result.bytes;
    EXPECT_GT(sent, 0u);
    EXPECT_EQ(left->write("x").state, IoState::again);
}

}  // namespace
}  // namespace sallyport::net
