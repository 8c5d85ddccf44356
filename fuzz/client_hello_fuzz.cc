// A TLS greeting as a hostile client would send it, cut where the first byte says. What is read of a part is never taken
// back once the whole is there, and where OpenSSL takes the greeting too, it sees the same server name and protocols: else
// the policy would be asked about another host than the one that is served.
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/check.h"
#include "net/client_hello.h"

namespace sallyport::net {
namespace {

struct OpensslReading {
    bool reached = false;
    std::optional<std::string> server_name_extension;
    std::optional<std::string> alpn_extension;
};

std::optional<std::string> extension_of(SSL* ssl, unsigned type) {
    const unsigned char* body = nullptr;
    std::size_t size = 0;
    if (SSL_client_hello_get0_ext(ssl, type, &body, &size) != 1) return std::nullopt;
    return std::string(reinterpret_cast<const char*>(body), size);
}

int on_client_hello(SSL* ssl, int*, void*) {
    auto& reading = *static_cast<OpensslReading*>(SSL_get_app_data(ssl));
    reading.reached = true;
    reading.server_name_extension = extension_of(ssl, TLSEXT_TYPE_server_name);
    reading.alpn_extension = extension_of(ssl, TLSEXT_TYPE_application_layer_protocol_negotiation);
    return SSL_CLIENT_HELLO_ERROR;
}

OpensslReading read_with_openssl(std::string_view bytes) {
    static const std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context = [] {
        SSL_CTX* made = SSL_CTX_new(TLS_server_method());
        SSL_CTX_set_client_hello_cb(made, &on_client_hello, nullptr);
        return std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)>(made, &SSL_CTX_free);
    }();
    OpensslReading reading;
    const std::unique_ptr<SSL, void (*)(SSL*)> ssl(SSL_new(context.get()), &SSL_free);
    SSL_set_app_data(ssl.get(), &reading);
    BIO* in = BIO_new(BIO_s_mem());
    BIO_write(in, bytes.data(), static_cast<int>(bytes.size()));
    SSL_set_bio(ssl.get(), in, BIO_new(BIO_s_mem()));
    SSL_accept(ssl.get());
    ERR_clear_error();
    return reading;
}

std::string number(std::size_t value) { return {static_cast<char>(value >> 8), static_cast<char>(value & 0xff)}; }

// What an extension's body must have been for us to have read this of it.
std::optional<std::string> server_name_extension(const ClientHello& hello) {
    if (hello.server_name.empty()) return std::nullopt;
    return number(hello.server_name.size() + 3) + '\0' + number(hello.server_name.size()) + hello.server_name;
}

std::optional<std::string> alpn_extension(const ClientHello& hello) {
    if (hello.alpn.empty()) return std::nullopt;
    std::string list;
    for (const std::string& protocol : hello.alpn) list += static_cast<char>(protocol.size()) + protocol;
    return number(list.size()) + list;
}

void check_against_openssl(const ClientHello& hello, std::string_view bytes) {
    const OpensslReading theirs = read_with_openssl(bytes);
    if (!theirs.reached) return;
    SALLYPORT_CHECK(theirs.server_name_extension == server_name_extension(hello));
    SALLYPORT_CHECK(theirs.alpn_extension == alpn_extension(hello));
}

void check(std::string_view bytes, std::size_t cut) {
    ClientHelloReader reader;
    const auto part = reader.read(bytes.substr(0, cut));
    const auto whole = read_client_hello(bytes);
    if (part && part->state == HelloState::need_more) {
        const auto rest = reader.read(bytes);
        SALLYPORT_CHECK(rest.has_value() == whole.has_value() && (!rest || rest->state == whole->state));
    }
    if (!part) SALLYPORT_CHECK(!whole);
    if (part && part->state != HelloState::need_more) {
        SALLYPORT_CHECK(whole && whole->state == part->state);
        SALLYPORT_CHECK(whole->hello.server_name == part->hello.server_name && whole->hello.alpn == part->hello.alpn);
    }
    if (whole && whole->state == HelloState::complete) check_against_openssl(whole->hello, bytes);
}

}  // namespace
}  // namespace sallyport::net

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
    sallyport::net::check(bytes, bytes.size() * data[0] / 256);
    return 0;
}
