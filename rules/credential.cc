#include "rules/credential.h"

#include <algorithm>

#include "base/buffer.h"
#include "rules/base64.h"
#include "secrets/location.h"

namespace sallyport::rules {
namespace {

constexpr std::size_t kFieldBytesMax = 64 * 1024;

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

// Overwrites what it held, however the function is left. Buffer does so too for the blocks that it outgrows.
struct WipedBuffer : Buffer {
    ~WipedBuffer() { wipe(); }
};

Result<std::string_view> value_of(const secrets::TemplatePart& part, const secrets::Identity& identity,
                                  const secrets::SecretSnapshot& secrets) {
    if (part.kind == secrets::PartKind::literal) return std::string_view(part.text);
    if (part.kind == secrets::PartKind::secret) return secrets.get(part.text);
    return secrets::value_of(part, identity);
}

Result<void> fill_in(const secrets::TemplateText& text, const secrets::Identity& identity,
                     const secrets::SecretSnapshot& secrets, Buffer& out) {
    for (const auto& part : text) {
        const auto value = value_of(part, identity, secrets);
        if (!value) return failure(value.error());
        out.append(*value);
    }
    return {};
}

// base64("user:password"): RFC 7617 leaves no way to write ':' in the user's name.
Result<void> fill_in_basic(const CredentialSpec& spec, const secrets::Identity& identity,
                           const secrets::SecretSnapshot& secrets, Buffer& out) {
    WipedBuffer pair;
    if (auto filled = fill_in(spec.username, identity, secrets, pair); !filled) return filled;
    const auto username = pair.view();
    if (username.find(':') != username.npos) {
        return failure(ErrorCode::secret_unavailable, "the user name holds a ':'");
    }
    pair.append(':');
    if (auto filled = fill_in(spec.value, identity, secrets, pair); !filled) return filled;
    if (std::any_of(pair.view().begin(), pair.view().end(), is_control)) {
        return failure(ErrorCode::secret_unavailable, "user name or password hold control characters");
    }
    out.append("Basic ");
    append_base64(out, pair.view());
    return {};
}

Result<SecretString> render_value(const CredentialSpec& spec, const secrets::Identity& identity,
                                  const secrets::SecretSnapshot& secrets) {
    WipedBuffer out;
    const auto filled = spec.type == CredentialType::basic ? fill_in_basic(spec, identity, secrets, out)
                                                           : fill_in(spec.value, identity, secrets, out);
    if (!filled) return failure(filled.error());
    if (out.empty()) return failure(ErrorCode::secret_unavailable, "the value is empty");
    if (out.size() > kFieldBytesMax) return failure(ErrorCode::secret_unavailable, "the value is over 64 KiB");
    if (std::any_of(out.view().begin(), out.view().end(), is_control)) {
        return failure(ErrorCode::secret_unavailable, "the value holds control characters");
    }
    return SecretString(out.view());
}

}  // namespace

Result<SecretString> render(const CredentialSpec& spec, const secrets::Identity& identity,
                            const secrets::SecretSnapshot& secrets) {
    auto value = render_value(spec, identity, secrets);
    if (!value) value.error().detail = "credential \"" + spec.name + "\": " + value.error().detail;
    return value;
}

}  // namespace sallyport::rules
