// The text of one element of an answer in XML, without a parser that would leave copies of it behind: enough for what AWS
// answers (flat values, no attributes, no CDATA), and nothing where it is more than that.
#pragma once

#include <optional>
#include <string_view>

#include "base/secret_string.h"

namespace sallyport::secrets {

// Nothing where there is no element of that name, or several, or where its content is more than text.
std::optional<SecretString> xml_text(std::string_view xml, std::string_view element);

}  // namespace sallyport::secrets
