// How an answer of the gate's own is told to a client of gRPC: a status and a message instead of a status of HTTP (gRPC over
// HTTP/2, "Responses" and "HTTP to gRPC Status Code Mapping"). Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "http/header_map.h"

namespace sallyport::proxy {

enum class GrpcStatus {
    invalid_argument = 3,
    permission_denied = 7,
    resource_exhausted = 8,
    unimplemented = 12,
    internal = 13,
    unavailable = 14,
    unauthenticated = 16,
};

// Of a request: whether its Content-Type is gRPC's own (application/grpc, +proto and the like; not grpc-web, which is HTTP).
bool is_grpc(const http::HeaderMap& headers);

// What the policy or the operator refuses is permission_denied.
GrpcStatus grpc_status(ErrorCode error);

// Percent-encodes what may not stand in grpc-message.
std::string grpc_message(std::string_view text);

}  // namespace sallyport::proxy
