// Whether a URL is one that secrets may be asked of, or sent to.
#pragma once

#include <string>
#include <string_view>

namespace sallyport::secrets {

enum class Cleartext { refused, this_host_only };

// Empty where it is fine: "https://host[:port][/path]", or http to localhost, 127.0.0.0/8 and ::1 where that is allowed;
// without user, query and fragment. Else what is wrong with it.
std::string url_fault(std::string_view url, Cleartext cleartext);

}  // namespace sallyport::secrets
