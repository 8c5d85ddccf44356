// One call: read from a request's head, completed by its body, made on the Api. Pure but for the Api.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "admin/admission.h"
#include "admin/api.h"
#include "admin/routes.h"
#include "http/message.h"

namespace sallyport::admin {

struct Call {
    const Route* route = nullptr;
    std::vector<std::string> names;
    Caller caller;
    Precondition precondition;
    EventQuery query;
    bool is_head = false;
    bool is_json = false;  // the body
    std::string body;
};

// `why` is for the audit log; empty where nobody asked for what is not theirs.
struct Refused {
    Reply reply;
    std::string who;
    std::string why;
    bool ends_connection = false;
};

// Everything that can be said of a request before its body comes.
tl::expected<Call, Refused> read_call(const http::RequestHead& head, const Peer& peer, const Admission& admission);

// What can be said of the body: 400, or 404 for a question about a sandbox that the caller may not see.
std::optional<Refused> check_body(const Call& call);

// All but the events and the document, which the session answers.
void make_call(Api& api, Call call, Done done);

// What the caller gets for the API's reply: preconditions of GET, and one and the same 404 for all that a restricted caller
// may not see and all that is not there.
Reply settle_reply(const Call& call, Reply reply);

}  // namespace sallyport::admin
