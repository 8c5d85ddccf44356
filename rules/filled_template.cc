#include "rules/filled_template.h"

#include <algorithm>

#include "secrets/location.h"

namespace sallyport::rules {
namespace {

constexpr std::size_t kSentBytesMax = 64 * 1024;

Result<void> fill_in_part(const secrets::TemplatePart& part, const RenderContext& context, Buffer& out,
                          UsedSecrets& used) {
    if (part.kind == secrets::PartKind::literal) {
        out.append(part.text);
        return {};
    }
    if (part.kind == secrets::PartKind::secret) {
        auto secret = context.secrets.share(part.text);
        if (!secret) return failure(secret.error());
        out.append((*secret)->reveal());
        used.add(std::move(*secret));
        return {};
    }
    const auto value = secrets::value_of(part, context.identity);
    if (!value) return failure(value.error());
    out.append(*value);
    return {};
}

}  // namespace

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

Result<void> fill_in(const secrets::TemplateText& text, const RenderContext& context, Buffer& out, UsedSecrets& used) {
    for (const auto& part : text) {
        if (auto filled = fill_in_part(part, context, out, used); !filled) return filled;
    }
    return {};
}

Result<SecretString> check_sent_value(std::string_view value) {
    if (value.empty()) return failure(ErrorCode::secret_unavailable, "the value is empty");
    if (value.size() > kSentBytesMax) return failure(ErrorCode::secret_unavailable, "the value is over 64 KiB");
    if (std::any_of(value.begin(), value.end(), is_control)) {
        return failure(ErrorCode::secret_unavailable, "the value holds control characters");
    }
    return SecretString(value);
}

}  // namespace sallyport::rules
