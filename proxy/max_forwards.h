// Max-Forwards (RFC 9110 section 7.6.2): how far an OPTIONS request may go. Pure.
#pragma once

#include "http/message.h"

namespace sallyport::proxy {

enum class Forwarding { goes_on, ends_here };

// Counts this hop in an OPTIONS request's head. A field that says no number is removed; other methods may ignore it.
Forwarding count_forward(http::RequestHead& head);

}  // namespace sallyport::proxy
