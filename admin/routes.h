// Which call of the API a method and a target mean. The table is the paths of the OpenAPI document; a test compares them.
// Pure.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "admin/api.h"
#include "http/path.h"

namespace sallyport::admin {

enum class Operation {
    list_policies,
    get_policy,
    put_policy,
    delete_policy,
    get_egress,
    put_egress,
    delete_egress,
    put_host_handler,
    delete_host_handler,
    put_handler,
    delete_handler,
    make_proxy_credential,
    revoke_proxy_credential,
    explain,
    list_secrets,
    refresh_secret,
    events,
    list_connections,
    close_connection,
    metrics,
    health,
    ready,
    openapi,
};

enum class Access {
    known,        // whoever is a caller at all
    operators,    // 403 for the others
    own_sandbox,  // the first name in the path is a sandbox: 404 where the caller may not see it
    filtered,     // everyone, and only for what they may see
};

enum class BodyForm { none, json, policy };  // policy: JSON or YAML

struct Route {
    std::string_view method;
    std::string_view path;  // "/v1/policies/{name}"
    Operation operation;
    Access access;
    BodyForm body = BodyForm::none;
    std::size_t body_bytes_max = 0;
};

std::span<const Route> routes();

struct Match {
    const Route* route = nullptr;
    std::vector<std::string> names;  // what stands for {name}, {id}, {host}, in order, decoded
};

// HEAD is GET. 404 for no such path, 405 with Allow for no such method, 400 for a path that could be read in two ways.
tl::expected<Match, Reply> match_route(std::string_view method, const http::CanonicalTarget& target);

struct EventQuery {
    std::string sandbox;             // empty: any
    std::vector<std::string> types;  // empty: any
};

// `?sandbox=ID&type=request,policy`. Only the events have a query; 400 for any other key, or one that is there twice.
tl::expected<EventQuery, Reply> parse_query(const Route& route, const http::CanonicalTarget& target);

}  // namespace sallyport::admin
