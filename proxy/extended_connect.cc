#include "proxy/extended_connect.h"

#include "proxy/websocket.h"

namespace sallyport::proxy {
namespace {

void remove_upgrade_fields(http::HeaderMap& headers) {
    for (const char* name : {"Connection", "Upgrade", "Sec-WebSocket-Key", "Sec-WebSocket-Accept"}) headers.remove(name);
}

}  // namespace

Result<void> to_upgrade_request(http::RequestHead& head, std::string_view key) {
    if (head.protocol != "websocket") return failure(ErrorCode::upgrade_refused, "an extended CONNECT for another protocol");
    head.protocol.clear();
    head.method = "GET";
    head.body = {};
    head.upgrade = true;
    remove_upgrade_fields(head.headers);
    add_upgrade_fields(head.headers);
    head.headers.add("Sec-WebSocket-Key", key);
    return {};
}

void to_connect_response(http::ResponseHead& head) {
    if (head.status != 101) return;
    remove_upgrade_fields(head.headers);
    head.status = 200;
    head.body = {http::BodyKind::until_close, 0};
}

}  // namespace sallyport::proxy
