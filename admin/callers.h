// Who may use the API, and by what they are known: a uid of the unix socket's peer, a bearer token, a client certificate.
// Pure, but for OpenSSL.
#pragma once

#include <openssl/x509.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "admin/api.h"
#include "base/secret_string.h"

namespace sallyport::admin {

struct UidCaller {
    std::uint32_t uid = 0;
    Caller caller;
};
struct TokenCaller {
    SecretString token;  // compared in constant time
    Caller caller;
};
struct CertificateCaller {
    std::string name;  // the subject's common name, or one of its DNS names
    Caller caller;
};

std::optional<Caller> find_uid(const std::vector<UidCaller>& callers, std::uint32_t uid);
// Takes as long whichever token it is, and however much of it is right.
std::optional<Caller> find_token(const std::vector<TokenCaller>& callers, std::string_view token);
// `certificate` has been verified. DNS names compare without case and have no wildcards.
std::optional<Caller> find_certificate(const std::vector<CertificateCaller>& callers, X509* certificate);

}  // namespace sallyport::admin
