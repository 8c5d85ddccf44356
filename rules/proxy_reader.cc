#include "rules/proxy_reader.h"

#include <algorithm>
#include <array>

#include "rules/fields.h"
#include "rules/listen_address.h"

namespace sallyport::rules {
namespace {

constexpr std::array<std::string_view, 1> kKeys{"listen"};

// Whoever reaches it has no more than a password to show, in cleartext: nobody else may be on the way.
void check_place(const Node& item, std::string_view place, Reporter& reporter) {
    if (place.find('/') != place.npos) return;
    const auto listen = parse_listen_address(place);
    if (!listen) {
        return reporter.error(item.place, quote(place) +
                                              " is neither a unix socket's path nor a loopback address and a port, "
                                              "such as \"/run/sallyport/proxy.sock\" or \"127.0.0.1:3128\"");
    }
    if (is_loopback(listen->address)) return;
    reporter.error(item.place, quote(place) + " is not a loopback address: the explicit proxy listens on this machine only");
}

}  // namespace

void read_proxy(const Node& node, ProxySpec& proxy, Reporter& reporter) {
    if (!expect_map(node, "\"proxy\"", {kKeys}, reporter)) return;
    const Node* listen = require(node, "listen", "\"proxy\"", reporter);
    if (listen == nullptr) return;
    each_text(*listen, "listen", ListForm::one_or_list, reporter, [&](const Node& item, std::string_view place) {
        check_place(item, place, reporter);
        if (std::find(proxy.listen.begin(), proxy.listen.end(), place) != proxy.listen.end() && !place.ends_with(":0")) {
            return reporter.error(item.place, quote(place) + " is there twice");
        }
        proxy.listen.emplace_back(place);
    });
}

}  // namespace sallyport::rules
