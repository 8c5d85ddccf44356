// The private keys of RFC 7515's appendices A.2 (RSA) and A.3 (P-256), in the forms in which keys come, and what checks what
// was signed with them as a server would.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace sallyport::secrets::sample {

extern const char* const kRsaPkcs1;
extern const char* const kRsaPkcs8;
extern const char* const kEcSec1;
extern const char* const kEcPkcs8;
extern const char* const kCertificate;
extern const char* const kRsa1024;
extern const char* const kP384;
extern const char* const kEncrypted;

// "RS256", "PS256" or "ES256", with the public half of the key above.
bool verifies(std::string_view algorithm, std::string_view signed_text, std::string_view signature);

// A token's header and claims, where its signature is good.
struct Jwt {
    nlohmann::json header;
    nlohmann::json claims;
};
std::optional<Jwt> verified(std::string_view token);

}  // namespace sallyport::secrets::sample
