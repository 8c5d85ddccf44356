#include "secrets/value_check.h"

#include <algorithm>

namespace sallyport::secrets {
namespace {

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

bool is_control_in_document(char c) { return is_control(c) && c != '\n' && c != '\r' && c != '\t'; }

bool is_document(std::string_view value) { return value.starts_with("-----BEGIN ") || value.starts_with('{'); }

}  // namespace

Result<SecretString> check_value(std::string_view value) {
    if (value.ends_with('\n')) value.remove_suffix(1);
    if (value.empty()) return failure(ErrorCode::secret_unavailable, "the value is empty");
    if (value.size() > kSecretBytesMax) return failure(ErrorCode::secret_unavailable, "the value is over 64 KiB");
    if (std::any_of(value.begin(), value.end(), is_document(value) ? is_control_in_document : is_control)) {
        return failure(ErrorCode::secret_unavailable, "the value holds control characters");
    }
    return SecretString(value);
}

}  // namespace sallyport::secrets
