#include "proxy/grpc_status.h"

namespace sallyport::proxy {
namespace {

constexpr std::string_view kType = "application/grpc";

bool is_refused(ErrorCode error) {
    const Blame who = blame(error);
    return who == Blame::policy || who == Blame::operator_config;
}

}  // namespace

bool is_grpc(const http::HeaderMap& headers) {
    const auto type = headers.get("Content-Type");
    if (!type || !http::equals_ignoring_case(type->substr(0, kType.size()), kType)) return false;
    return type->size() == kType.size() || (*type)[kType.size()] == '+' || (*type)[kType.size()] == ';';
}

GrpcStatus grpc_status(ErrorCode error) {
    if (error == ErrorCode::rate_limited || error == ErrorCode::body_too_large) return GrpcStatus::resource_exhausted;
    if (http_status(error) == 403 && is_refused(error)) return GrpcStatus::permission_denied;
    switch (http_status(error)) {
        case 400:
        case 414:
        case 421:
        case 431: return GrpcStatus::invalid_argument;
        case 405: return GrpcStatus::unimplemented;
        case 407: return GrpcStatus::unauthenticated;
        case 408:
        case 502:
        case 503:
        case 504: return GrpcStatus::unavailable;
        default: return GrpcStatus::internal;
    }
}

std::string grpc_message(std::string_view text) {
    constexpr char kDigits[] = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 0x20 && byte <= 0x7e && c != '%') {
            out += c;
            continue;
        }
        out += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
    }
    return out;
}

}  // namespace sallyport::proxy
