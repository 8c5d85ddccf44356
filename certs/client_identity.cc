#include "certs/client_identity.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <memory>
#include <string>

namespace sallyport::certs {
namespace {

// Nobody's chain is longer.
constexpr std::size_t kIssuersMax = 16;

struct BioFree {
    void operator()(BIO* bio) const { BIO_free(bio); }
};
using BioPtr = std::unique_ptr<BIO, BioFree>;

// Reads where the text is.
BioPtr reader_of(std::string_view pem) { return BioPtr(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))); }

// Without it, OpenSSL would ask whoever sits at the terminal.
int no_passphrase(char*, int, int, void*) noexcept { return -1; }

tl::unexpected<Error> refuse(const char* why) {
    ERR_clear_error();
    return failure(ErrorCode::secret_unavailable, std::string("the client certificate: ") + why);
}

std::vector<X509Ptr> read_certificates(std::string_view pem) {
    std::vector<X509Ptr> found;
    const BioPtr reader = reader_of(pem);
    while (found.size() <= kIssuersMax) {
        X509Ptr certificate(PEM_read_bio_X509(reader.get(), nullptr, &no_passphrase, nullptr));
        if (!certificate) break;
        found.push_back(std::move(certificate));
    }
    return found;
}

}  // namespace

Result<ClientIdentity> ClientIdentity::parse(std::string_view chain_pem, std::string_view key_pem) {
    ClientIdentity made;
    made.issuers_ = read_certificates(chain_pem);
    if (made.issuers_.empty()) return refuse("there is none in PEM form");
    if (made.issuers_.size() > kIssuersMax) return refuse("its chain is over 16 long");
    made.leaf_ = std::move(made.issuers_.front());
    made.issuers_.erase(made.issuers_.begin());
    made.key_.reset(PEM_read_bio_PrivateKey(reader_of(key_pem).get(), nullptr, &no_passphrase, nullptr));
    if (!made.key_) return refuse("its key is not one in PEM form without a passphrase");
    if (X509_check_private_key(made.leaf_.get(), made.key_.get()) != 1) return refuse("the key is another one's");
    ERR_clear_error();
    return made;
}

Result<void> ClientIdentity::offer(SSL* ssl) const {
    if (SSL_use_certificate(ssl, leaf_.get()) != 1) return refuse("too weak");
    if (SSL_use_PrivateKey(ssl, key_.get()) != 1) return refuse("its key cannot be used");
    for (const X509Ptr& issuer : issuers_) {
        if (SSL_add1_chain_cert(ssl, issuer.get()) != 1) return refuse("its chain is too weak");
    }
    return {};
}

void forget_client_identity(SSL* ssl) { SSL_certs_clear(ssl); }

}  // namespace sallyport::certs
