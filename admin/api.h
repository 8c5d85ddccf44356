// The admin API's calls, as an interface: the server turns HTTP into these calls and their replies into HTTP; whoever owns
// the policies implements them. All on one thread. JSON in and out.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sallyport::admin {

// Who calls, as the transport knows it. Immutable during a connection.
struct Caller {
    std::string name;                    // "uid 0", "token ci", "certificate ops.example"
    std::vector<std::string> sandboxes;  // patterns ('*' is any run of characters); empty: an operator

    bool is_operator() const { return sandboxes.empty(); }
    bool may_see(std::string_view sandbox) const;
};

struct Reply {
    int status = 200;
    std::string body;          // JSON unless content_type says otherwise; empty for 204
    std::string content_type = "application/json";
    std::string etag;          // without quotes; empty for none
    std::vector<std::pair<std::string, std::string>> headers;  // others, as Allow

    static Reply json(std::string body, std::string etag = {}) {
        return {200, std::move(body), "application/json", std::move(etag), {}};
    }
    // {"error": "no such policy", "code": "not_found", "details": null}. `code` is one of the OpenAPI document's, `error`
    // a sentence for people, `details` JSON, or empty for null.
    static Reply failed(int status, std::string_view code, std::string_view error, std::string_view details = {});
};

// Called once, on the API's thread, perhaps later.
using Done = std::function<void(Reply)>;

// What If-Match or If-None-Match lists.
struct EntityTags {
    bool any = false;                // "*"
    std::vector<std::string> tags;   // without quotes

    bool contains(std::string_view tag) const;
};

// RFC 9110 section 13.1. Weak tags in If-Match are left out, as they match nothing.
struct Precondition {
    std::optional<EntityTags> if_match;
    std::optional<EntityTags> if_none_match;

    bool empty() const { return !if_match && !if_none_match; }
    // `current`: the ETag without quotes, nothing where the thing is not there.
    bool holds(std::optional<std::string_view> current) const;
};

class Api {
public:
    virtual ~Api() = default;

    // What needs no word with the workers answers through `done` at once. 404 for a sandbox that the caller may not see,
    // as for one that is not there; 403 where only an operator may.
    virtual void list_policies(const Caller& caller, Done done) = 0;
    virtual void get_policy(const Caller& caller, const std::string& name, Done done) = 0;
    // The body is a policy in the form of the file's. 200 with the ETag once every worker decides by it; 412 where the
    // precondition does not hold; 422 with the same diagnostics as the file's where it is not valid.
    virtual void put_policy(const Caller& caller, const std::string& name, std::string body, Precondition precondition,
                            Done done) = 0;
    virtual void delete_policy(const Caller& caller, const std::string& name, Precondition precondition, Done done) = 0;

    // {"policy": NAME, "params": {…}, "labels": {…}, "rules": […], "hosts": {HOST: {"handler": NAME, "params": {…}}},
    //  "handler": {"handler": NAME, "params": {…}}}; every key may be missing.
    virtual void get_egress(const Caller& caller, const std::string& sandbox, Done done) = 0;
    virtual void put_egress(const Caller& caller, const std::string& sandbox, std::string body, Precondition precondition,
                            Done done) = 0;
    // What the file has for it, and nothing else.
    virtual void delete_egress(const Caller& caller, const std::string& sandbox, Precondition precondition, Done done) = 0;
    // The body: {"handler": NAME, "params": {…}}.
    virtual void put_host_handler(const Caller& caller, const std::string& sandbox, const std::string& host,
                                  std::string body, Done done) = 0;
    virtual void delete_host_handler(const Caller& caller, const std::string& sandbox, const std::string& host,
                                     Done done) = 0;
    virtual void put_handler(const Caller& caller, const std::string& sandbox, std::string body, Done done) = 0;
    virtual void delete_handler(const Caller& caller, const std::string& sandbox, Done done) = 0;

    // A new credential by which clients of the explicit proxy speak for the sandbox: the reply is the only place where its
    // password is ever seen. An earlier one is worth nothing from then on. 409 where there is no explicit proxy.
    virtual void make_proxy_credential(const Caller& caller, const std::string& sandbox, Done done) = 0;
    // What came in by it is cut when this is answered. 404 where there is none.
    virtual void revoke_proxy_credential(const Caller& caller, const std::string& sandbox, Done done) = 0;

    // The body: {"sandbox": ID, "method": "GET", "url": "https://…", "headers": {NAME: VALUE or [VALUES]}}.
    virtual void explain(const Caller& caller, std::string body, Done done) = 0;

    virtual void list_secrets(const Caller& caller, Done done) = 0;
    virtual void refresh_secret(const Caller& caller, const std::string& name, Done done) = 0;

    virtual void list_connections(const Caller& caller, Done done) = 0;
    virtual void close_connection(const Caller& caller, const std::string& id, Done done) = 0;

    virtual void metrics(const Caller& caller, Done done) = 0;  // Prometheus text
    // 200 while the process serves; 503 where it does not (draining, audit log not writable).
    virtual void health(Done done) = 0;
    virtual void ready(Done done) = 0;

    // Somebody refused at the door, for the audit log.
    virtual void refused(std::string_view who, std::string_view why) = 0;
};

// What ?type= may name. A stream has "dropped" beside them: {"count": N} events that this subscriber was too slow for.
inline constexpr std::array<std::string_view, 7> kEventTypes = {"request", "generation", "policy",    "egress",
                                                                "secret",  "handler",    "connection"};

// One event of GET /v1/events.
struct Event {
    std::string type;     // one of kEventTypes
    std::string sandbox;  // empty: about none; then operators only
    std::string data;     // JSON, one line
};

}  // namespace sallyport::admin
