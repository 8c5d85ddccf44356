// Which protocol a client's first bytes speak. A pure function of the bytes so far.
#pragma once

#include <string_view>

namespace sallyport::proxy {

enum class Protocol {
    need_more,
    tls,
    http1,
    http2,    // prior knowledge: the client preface of RFC 9113 section 3.4
    unknown,
};

Protocol sniff(std::string_view bytes);

}  // namespace sallyport::proxy
