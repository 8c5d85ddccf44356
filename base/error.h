// The one list of what others can do wrong. Each code carries the HTTP status of the local reply, who is to blame, and
// one sentence that is safe to show to the sandbox. The tag (the code's own name) is what logs and metrics use.
#pragma once

#include <string>
#include <string_view>

namespace sallyport {

enum class Blame { sandbox, origin, policy, operator_config, network, proxy };

// X(name, http_status, blame, sentence). The sentence never holds anything that a request or a secret could put there.
#define SALLYPORT_ERRORS(X)                                                                                            \
    X(bad_request, 400, sandbox, "the request is not well-formed HTTP")                                               \
    X(bad_framing, 400, sandbox, "the message's length is ambiguous")                                                 \
    X(bad_authority, 400, sandbox, "the request's host is missing, repeated or not a valid name")                     \
    X(bad_path, 400, sandbox, "the request's path is ambiguous")                                                      \
    X(header_too_large, 431, sandbox, "the request's header section is too large")                                    \
    X(uri_too_long, 414, sandbox, "the request's target is too long")                                                 \
    X(expectation_failed, 417, sandbox, "the only expectation supported is 100-continue")                             \
    X(unsupported_version, 505, sandbox, "this HTTP version is not supported")                                        \
    X(method_refused, 405, sandbox, "this method is not supported")                                                   \
    X(upgrade_refused, 403, policy, "protocol upgrades are refused")                                                  \
    X(misdirected, 421, sandbox, "the request's host is not the host this connection was opened for")                 \
    X(http2_error, 400, sandbox, "the HTTP/2 connection does not follow the protocol")                                \
    X(http2_flood, 400, sandbox, "the HTTP/2 connection asks for more work than its requests are worth")              \
    X(proxy_authentication, 407, sandbox, "the proxy's credential is missing or not valid")                           \
    X(request_timeout, 408, sandbox, "the request took too long to arrive")                                           \
    X(client_gone, 499, sandbox, "the client went away")                                                              \
    X(too_many_connections, 503, sandbox, "too many connections")                                                     \
    X(denied, 403, policy, "no rule allows this request")                                                             \
    X(denied_by_rule, 403, policy, "a rule denies this request")                                                      \
    X(address_literal, 403, policy, "address literals are refused")                                                   \
    X(private_address, 403, policy, "the host resolves to an address that is not granted")                            \
    X(cleartext_credential, 403, policy, "a credential is not sent over cleartext")                                   \
    X(secret_unavailable, 403, operator_config, "the credential is not available")                                    \
    X(placeholder_misused, 403, policy, "a placeholder was used where it stands for nothing")                          \
    X(signature_refused, 403, policy, "the request is signed for something that the credential may not do")            \
    X(range_refused, 403, policy, "part of a response cannot be had here, only all of it")                             \
    X(body_too_large, 413, policy, "the request's body is too large for its credential")                               \
    X(body_unreadable, 403, policy, "the request's body cannot be read, and its credential goes into it")              \
    X(frame_unreadable, 403, policy, "the WebSocket's frames cannot be read")                                          \
    X(not_intercepted, 403, policy, "the protocol was not recognised")                                                \
    X(tls_client_hello, 400, sandbox, "the TLS greeting is not well-formed")                                          \
    X(tls_handshake_client, 400, sandbox, "the TLS handshake with the client failed")                                 \
    X(tls_handshake_origin, 502, origin, "the TLS handshake with the origin failed")                                  \
    X(tls_verify_failed, 502, origin, "the origin's certificate could not be verified")                               \
    X(dns_not_found, 502, network, "the host's name could not be resolved")                                           \
    X(dns_failed, 502, network, "the host's name could not be resolved")                                              \
    X(connect_failed, 502, network, "the origin could not be reached")                                                \
    X(connect_timeout, 504, network, "the origin could not be reached in time")                                       \
    X(origin_timeout, 504, origin, "the origin did not answer in time")                                               \
    X(origin_closed, 502, origin, "the origin closed the connection")                                                 \
    X(origin_reset, 502, origin, "the origin ended the request without an answer")                                    \
    X(origin_http2_error, 502, origin, "the origin's HTTP/2 connection does not follow the protocol")                  \
    X(origin_bad_response, 502, origin, "the origin's response is not well-formed HTTP")                              \
    X(origin_bad_framing, 502, origin, "the origin's response has an ambiguous length")                               \
    X(origin_header_too_large, 502, origin, "the origin's header section is too large")                               \
    X(origin_upgrade, 502, origin, "the origin switched protocols without being asked")                               \
    X(origin_bad_upgrade, 502, origin, "the origin's answer to the protocol upgrade is not valid")                    \
    X(origin_unknown_coding, 502, origin, "the origin's content coding cannot be read")                                \
    X(origin_bad_frame, 502, origin, "the origin's WebSocket frames are not well-formed")                              \
    X(rate_limited, 429, policy, "a limit of the policy is used up")                                                  \
    X(closed_by_operator, 403, policy, "the connection was closed by the operator")                                   \
    X(handler_threw, 403, operator_config, "the handler threw an exception")                                          \
    X(handler_bad_return, 403, operator_config, "the handler did not return a response")                              \
    X(handler_timeout, 403, operator_config, "the handler took too long")                                             \
    X(handler_crashed, 403, operator_config, "the handler's process ended")                                           \
    X(handler_missing, 403, operator_config, "there is no such handler")                                              \
    X(handler_busy, 503, operator_config, "too many calls of the handler are running")                                \
    X(handler_unavailable, 403, operator_config, "the handler cannot be started")                                     \
    X(audit_unavailable, 503, operator_config, "decisions cannot be recorded")                                        \
    X(draining, 503, proxy, "the gate is shutting down")                                                              \
    X(config_invalid, 500, operator_config, "the configuration is not valid")                                         \
    X(system, 500, proxy, "an operation of the operating system failed")                                              \
    X(internal, 500, proxy, "internal error")

enum class ErrorCode {
#define X(name, status, blame, sentence) name,
    SALLYPORT_ERRORS(X)
#undef X
};

// Stable for log lines, metrics and tests: "denied", "tls_verify_failed", ...
std::string_view tag(ErrorCode code);
// The status of the local reply.
int http_status(ErrorCode code);
Blame blame(ErrorCode code);
std::string_view to_string(Blame blame);
// Safe to show inside a sandbox.
std::string_view sentence(ErrorCode code);

// A failure. `detail` is for operators (logs, `check`): it may name addresses and files, never a secret, and never goes
// to a sandbox.
struct Error {
    ErrorCode code = ErrorCode::internal;
    std::string detail;

    friend bool operator==(const Error&, const Error&) = default;
};

}  // namespace sallyport
