#include "proxy/upstream_key.h"

namespace sallyport::proxy {
namespace {

template <class Integer>
void append_bytes(std::string& text, Integer value) {
    text.append(reinterpret_cast<const char*>(&value), sizeof value);
}

}  // namespace

void UpstreamKey::append_to(std::string& text) const {
    text += http::to_string(scheme);
    text += "://";
    text += host;
    text += '|';
    append_bytes(text, port);
    append_bytes(text, is_address);
    append_bytes(text, is_literal_granted);
    append_bytes(text, is_rewritten);
    append_bytes(text, is_handler);
    append_bytes(text, needs_http1);
    append_bytes(text, h2c);
    append_bytes(text, credential_index);
    append_bytes(text, client_certificate);
    append_bytes(text, granted_networks);
    append_bytes(text, generation.value);
}

}  // namespace sallyport::proxy
