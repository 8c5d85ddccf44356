#include "secrets/xml_text.h"

#include <string>
#include <utility>

#include "secrets/wiped_buffer.h"

namespace sallyport::secrets {
namespace {

constexpr std::pair<std::string_view, char> kEntities[] = {
    {"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}};

// False for an entity that is none of the five that XML has of itself.
bool append_entity(std::string_view& text, Buffer& out) {
    for (const auto& [entity, c] : kEntities) {
        if (!text.starts_with(entity)) continue;
        out.append(c);
        text.remove_prefix(entity.size());
        return true;
    }
    return false;
}

std::optional<SecretString> unescape(std::string_view text) {
    WipedBuffer out;
    while (!text.empty()) {
        const auto plain = text.substr(0, text.find('&'));
        out.append(plain);
        text.remove_prefix(plain.size());
        if (!text.empty() && !append_entity(text, out)) return std::nullopt;
    }
    return SecretString(out.view());
}

}  // namespace

std::optional<SecretString> xml_text(std::string_view xml, std::string_view element) {
    const std::string open = '<' + std::string(element) + '>', close = "</" + std::string(element) + '>';
    // A comment could hold another element of the name.
    if (xml.find("<!") != xml.npos) return std::nullopt;
    const auto start = xml.find(open);
    if (start == xml.npos || xml.find(open, start + 1) != xml.npos) return std::nullopt;
    const auto content = xml.substr(start + open.size());
    const auto end = content.find('<');
    if (end == content.npos || !content.substr(end).starts_with(close)) return std::nullopt;
    return unescape(content.substr(0, end));
}

}  // namespace sallyport::secrets
