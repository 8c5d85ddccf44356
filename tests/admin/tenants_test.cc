// Every call of the table, by two tenants and an operator, on what is their own, what is the other's and what is nobody's:
// for a tenant the last two are the same, to the byte.
#include <gtest/gtest.h>

#include <map>

#include "tests/admin/dialogue.h"

namespace sallyport::admin {
namespace {

struct Asked {
    int status = 0;
    std::string body;
    std::string fields;
    std::vector<std::string> reached;  // the Api
};

std::string body_for(const Route& route, const std::string& sandbox) {
    switch (route.operation) {
        case Operation::explain: return R"({"sandbox":")" + sandbox + R"(","url":"https://a.example/"})";
        case Operation::put_host_handler:
        case Operation::put_handler: return R"({"handler":"readOnly"})";
        default: return route.body == BodyForm::none ? "" : "{}";
    }
}

std::string target_for(const Route& route, const std::string& sandbox, const std::string& connection) {
    std::string path(route.path);
    const auto replace = [&](const std::string& from, const std::string& to) {
        const std::size_t at = path.find(from);
        if (at != std::string::npos) path.replace(at, from.size(), to);
    };
    replace("{id}", route.operation == Operation::close_connection ? connection : sandbox);
    replace("{host}", "a.example");
    replace("{name}", route.operation == Operation::refresh_secret ? "pat" : "open");
    return path;
}

Asked ask(const Route& route, const Peer& peer, const std::string& sandbox, const std::string& connection) {
    FakeApi api;
    Dialogue dialogue(api, peer);
    const std::string body = body_for(route, sandbox);
    const std::string target = target_for(route, sandbox, connection);
    const Seen seen = body.empty() ? dialogue.ask(route.method, target) : dialogue.send(route.method, target, body);
    std::string fields;
    for (const auto [name, value] : seen.headers) {
        if (name != "Date") fields += std::string(name) + ": " + std::string(value) + "\n";
    }
    return {seen.status, seen.body, fields, api.calls};
}

class Tenants : public testing::TestWithParam<int> {
protected:
    const Route& route() const { return routes()[static_cast<std::size_t>(GetParam())]; }
    bool has_owner() const {
        return route().access == Access::own_sandbox || route().operation == Operation::explain ||
               route().operation == Operation::close_connection;
    }
};

TEST_P(Tenants, X2_TheOthersIsAsIfItWereNotThere) {
    if (!has_owner()) return;
    for (const auto& [tenant, foreign, connection] : {std::tuple{"tenant-a", "tenant-b-1", "c2"},
                                                      std::tuple{"tenant-b", "tenant-a-1", "c1"}}) {
        const Asked other = ask(route(), local_tenant(tenant), foreign, connection);
        const Asked none = ask(route(), local_tenant(tenant), "nobody-9", "c9");
        EXPECT_EQ(other.status, 404) << route().path;
        EXPECT_EQ(other.body, none.body) << route().path;
        EXPECT_EQ(other.fields, none.fields) << route().path;
        // Where the server knows whose it is, the API is not even asked.
        EXPECT_EQ(other.reached.empty(), route().operation != Operation::close_connection) << route().path;
        // What is in its own patterns, and not there, is answered alike.
        EXPECT_EQ(ask(route(), local_tenant(tenant), std::string(tenant) + "-9", "c9").body, none.body) << route().path;
    }
}

TEST_P(Tenants, X2_TheirOwnIsReached) {
    if (!has_owner()) return;
    for (const auto& [tenant, own, connection] : {std::tuple{"tenant-a", "tenant-a-1", "c1"},
                                                  std::tuple{"tenant-b", "tenant-b-1", "c2"}}) {
        const Asked asked = ask(route(), local_tenant(tenant), own, connection);
        EXPECT_LT(asked.status, 300) << route().path;
        EXPECT_EQ(asked.reached.size(), 1u) << route().path;
    }
}

TEST_P(Tenants, X2_WhatIsForOperatorsIsForNobodyElse) {
    const bool is_stream = route().operation == Operation::events;
    if (is_stream) return;  // a stream has no one answer: see EventHub
    const Asked by_tenant = ask(route(), local_tenant("tenant-a"), "tenant-a-1", "c1");
    EXPECT_EQ(by_tenant.status == 403, route().access == Access::operators) << route().path;
    EXPECT_EQ(by_tenant.reached.empty(), by_tenant.status == 403 || route().operation == Operation::openapi)
        << route().path;
    EXPECT_LT(ask(route(), local_operator(), "tenant-b-1", "c2").status, 300) << route().path;
}

TEST_P(Tenants, X2_NothingSaidToATenantNamesTheOther) {
    if (route().operation == Operation::events) return;
    for (const char* sandbox : {"tenant-a-1", "nobody-9"}) {
        const Asked asked = ask(route(), local_tenant("tenant-a"), sandbox, "c1");
        EXPECT_EQ(asked.body.find("tenant-b"), std::string::npos) << route().path;
    }
}

INSTANTIATE_TEST_SUITE_P(EveryCall, Tenants, testing::Range(0, static_cast<int>(routes().size())),
                         [](const auto& info) {
                             return std::to_string(info.param) + "_" +
                                    std::string(routes()[static_cast<std::size_t>(info.param)].method);
                         });

}  // namespace
}  // namespace sallyport::admin
