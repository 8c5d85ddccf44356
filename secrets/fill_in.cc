#include "secrets/fill_in.h"

#include <algorithm>

#include "secrets/encoding.h"
#include "secrets/location.h"
#include "secrets/wiped_buffer.h"

namespace sallyport::secrets {
namespace {

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }
bool is_visible(char c) { return c > 0x20 && c < 0x7f; }

Result<std::string_view> value_of(const TemplatePart& part, const FetchContext& context) {
    if (part.kind == PartKind::literal) return std::string_view(part.text);
    if (part.kind == PartKind::secret) return context.inputs.get(part.text);
    const auto value = value_of(part, context.identity);
    if (value && !std::all_of(value->begin(), value->end(), is_visible)) {
        return failure(ErrorCode::secret_unavailable, describe(part) + " may hold visible ASCII only here");
    }
    return value;
}

Result<void> fill_in(const TemplateText& text, const FetchContext& context, Buffer& out) {
    for (const TemplatePart& part : text) {
        const auto value = value_of(part, context);
        if (!value) return failure(value.error());
        out.append(*value);
    }
    if (out.empty()) return failure(ErrorCode::secret_unavailable, source_text(text) + " is empty");
    return {};
}

// "x${params.a}" with ".." for a is harmless; a whole segment is not.
bool has_dot_segment(std::string_view path) {
    for (std::size_t start = 0; start <= path.size();) {
        const auto end = std::min(path.find('/', start), path.size());
        const auto segment = path.substr(start, end - start);
        if (segment.empty() || segment == "." || segment == "..") return true;
        start = end + 1;
    }
    return false;
}

std::string_view prefix_of(PartKind kind) {
    switch (kind) {
        case PartKind::secret: return "secrets.";
        case PartKind::param: return "params.";
        case PartKind::label: return "labels.";
        case PartKind::sandbox_id: return "sandbox.id";
        case PartKind::literal: break;
    }
    return "";
}

}  // namespace

Result<SecretString> fill_in_line(const TemplateText& text, const FetchContext& context) {
    auto filled = fill_in_document(text, context);
    if (!filled) return filled;
    const auto value = filled->reveal();
    if (std::none_of(value.begin(), value.end(), is_control)) return filled;
    return failure(ErrorCode::secret_unavailable, source_text(text) + " holds control characters");
}

Result<SecretString> fill_in_document(const TemplateText& text, const FetchContext& context) {
    WipedBuffer out;
    if (const auto filled = fill_in(text, context, out); !filled) return failure(filled.error());
    return SecretString(out.view());
}

Result<std::string> fill_in_path(const TemplateText& text, const FetchContext& context) {
    WipedBuffer out;
    for (const TemplatePart& part : text) {
        const auto value = value_of(part, context);
        if (!value) return failure(value.error());
        if (part.kind == PartKind::literal) out.append(*value);
        else append_percent(out, *value);
    }
    if (!has_dot_segment(out.view())) return out.text();
    return failure(ErrorCode::secret_unavailable, "what is filled into " + source_text(text) + " would lead elsewhere");
}

std::string source_text(const TemplateText& text) {
    std::string out;
    for (const TemplatePart& part : text) {
        if (part.kind == PartKind::literal) out += part.text;
        else out += "${" + std::string(prefix_of(part.kind)) + part.text + '}';
    }
    return out;
}

}  // namespace sallyport::secrets
