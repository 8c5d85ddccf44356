// An Api in memory: two tenants' sandboxes, a few policies, connections and secrets. It does not look at whose a sandbox
// is where the server must, so that what a caller may not see is seen to be kept from it. For tests and fuzzers.
#pragma once

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "admin/api.h"

namespace sallyport::admin {

class FakeApi final : public Api {
public:
    using Json = nlohmann::ordered_json;

    struct Thing {
        std::string json;
        std::uint64_t generation = 1;
    };

    std::map<std::string, Thing> policies{{"open", {R"({"default":"allow"})", 1}}};
    std::map<std::string, Thing> sandboxes{{"tenant-a-1", {R"({"policy":"open"})", 1}},
                                           {"tenant-b-1", {R"({"policy":"open"})", 1}}};
    std::map<std::string, std::string> connections{{"c1", "tenant-a-1"}, {"c2", "tenant-b-1"}};
    std::uint64_t generation = 1;
    std::vector<std::pair<std::string, std::string>> refusals;
    std::vector<std::string> calls;
    // Kept instead of called, while `holds_back`.
    bool holds_back = false;
    std::vector<std::pair<Done, Reply>> held;
    std::optional<Reply> next_reply;  // instead of what would be answered

    void release() {
        holds_back = false;
        for (auto& [done, reply] : std::exchange(held, {})) done(std::move(reply));
    }

    void list_policies(const Caller&, Done done) override {
        Json list = Json::array();
        for (const auto& [name, policy] : policies) {
            list.push_back({{"name", name}, {"source", "api"}, {"generation", policy.generation}, {"rules", 0}});
        }
        finish("list_policies", Reply::json(Json{{"policies", list}}.dump(), std::to_string(generation)), done);
    }
    void get_policy(const Caller&, const std::string& name, Done done) override {
        finish("get_policy " + name, get(policies, name, {}), done);
    }
    void put_policy(const Caller&, const std::string& name, std::string body, Precondition precondition,
                    Done done) override {
        finish("put_policy " + name, put(policies, name, std::move(body), precondition, {}), done);
    }
    void delete_policy(const Caller&, const std::string& name, Precondition precondition, Done done) override {
        finish("delete_policy " + name, remove(policies, name, precondition), done);
    }
    void get_egress(const Caller&, const std::string& sandbox, Done done) override {
        finish("get_egress " + sandbox, get(sandboxes, sandbox, kEgress), done);
    }
    void put_egress(const Caller&, const std::string& sandbox, std::string body, Precondition precondition,
                    Done done) override {
        Reply reply = sandboxes.contains(sandbox)
                          ? put(sandboxes, sandbox, std::move(body), precondition, kEgress)
                          : Reply::failed(404, "not_found", "there is no sandbox " + sandbox);
        finish("put_egress " + sandbox, std::move(reply), done);
    }
    void delete_egress(const Caller&, const std::string& sandbox, Precondition precondition, Done done) override {
        finish("delete_egress " + sandbox, remove(sandboxes, sandbox, precondition), done);
    }
    void put_host_handler(const Caller&, const std::string& sandbox, const std::string& host, std::string body,
                          Done done) override {
        finish("put_host_handler " + sandbox + " " + host, on_sandbox(sandbox, Reply::json(std::move(body), "2")), done);
    }
    void delete_host_handler(const Caller&, const std::string& sandbox, const std::string& host, Done done) override {
        finish("delete_host_handler " + sandbox + " " + host, on_sandbox(sandbox, no_content()), done);
    }
    void put_handler(const Caller&, const std::string& sandbox, std::string body, Done done) override {
        finish("put_handler " + sandbox, on_sandbox(sandbox, Reply::json(std::move(body), "2")), done);
    }
    void delete_handler(const Caller&, const std::string& sandbox, Done done) override {
        finish("delete_handler " + sandbox, on_sandbox(sandbox, no_content()), done);
    }
    void make_proxy_credential(const Caller&, const std::string& sandbox, Done done) override {
        const Json made{{"username", sandbox},
                        {"password", "0123"},
                        {"http", {"http://" + sandbox + ":0123@127.0.0.1:3128"}},
                        {"socks5", {"socks5h://" + sandbox + ":0123@127.0.0.1:3128"}},
                        {"unix", {"/run/sallyport/proxy.sock"}}};
        finish("make_proxy_credential " + sandbox, on_sandbox(sandbox, Reply::json(made.dump())), done);
    }
    void revoke_proxy_credential(const Caller&, const std::string& sandbox, Done done) override {
        finish("revoke_proxy_credential " + sandbox, on_sandbox(sandbox, no_content()), done);
    }
    void explain(const Caller&, std::string body, Done done) override {
        const auto question = Json::parse(body, nullptr, false);
        const std::string sandbox = question.is_object() ? text_of(question, "sandbox") : std::string();
        finish("explain " + sandbox, on_sandbox(sandbox, Reply::json(kExplanation)), done);
    }
    void list_secrets(const Caller&, Done done) override {
        finish("list_secrets",
               Reply::json(R"({"secrets":[{"name":"pat","source":"file","location":"/run/pat","used_by":[],)"
                           R"("sandboxes":2,"available":2,"age_seconds":3}]})"),
               done);
    }
    void refresh_secret(const Caller&, const std::string& name, Done done) override {
        finish("refresh_secret " + name,
               name == "pat" ? Reply::json(R"({"name":"pat","generation":1})")
                             : Reply::failed(404, "not_found", "there is no such secret"),
               done);
    }
    void list_connections(const Caller& caller, Done done) override {
        Json list = Json::array();
        for (const auto& [id, sandbox] : connections) {
            if (caller.may_see(sandbox)) list.push_back(describe(id, sandbox));
        }
        finish("list_connections", Reply::json(Json{{"connections", list}}.dump()), done);
    }
    void close_connection(const Caller& caller, const std::string& id, Done done) override {
        const auto found = connections.find(id);
        const bool theirs = found != connections.end() && caller.may_see(found->second);
        if (theirs) connections.erase(found);
        finish("close_connection " + id,
               theirs ? no_content() : Reply::failed(404, "not_found", "there is no connection " + id), done);
    }
    void metrics(const Caller&, Done done) override {
        Reply reply;
        reply.content_type = "text/plain; version=0.0.4";
        reply.body = "# TYPE up gauge\nup 1\n";
        finish("metrics", std::move(reply), done);
    }
    void health(Done done) override { finish("health", Reply::json(R"({"status":"ok"})"), done); }
    void ready(Done done) override { finish("ready", Reply::json(R"({"status":"ok"})"), done); }
    void refused(std::string_view who, std::string_view why) override { refusals.emplace_back(who, why); }

    static Reply no_content() {
        Reply reply;
        reply.status = 204;
        return reply;
    }

private:
    using Things = std::map<std::string, Thing>;

    static constexpr const char* kEgress = R"({"policy":"open","params":{},"labels":{},"set":null})";
    static constexpr const char* kExplanation =
        R"({"verdict":"allow","allowed":true,"error":null,"reason":"the rule allows it","action":"forward","rule":"all",)"
        R"("file":"a.yaml","line":1,"column":1,"credential":null,"policy":"open","generation":1,"earlier":[]})";

    void finish(std::string what, Reply reply, Done& done) {
        calls.push_back(std::move(what));
        if (next_reply) reply = *std::exchange(next_reply, std::nullopt);
        if (holds_back) {
            held.emplace_back(std::move(done), std::move(reply));
        } else {
            done(std::move(reply));
        }
    }
    static Reply get(const Things& things, const std::string& name, std::string_view shown) {
        const auto found = things.find(name);
        if (found == things.end()) return Reply::failed(404, "not_found", "there is no " + name);
        const std::string body = shown.empty() ? found->second.json : std::string(shown);
        return Reply::json(body, std::to_string(found->second.generation));
    }
    Reply put(Things& things, const std::string& name, std::string body, const Precondition& precondition,
              std::string_view shown) {
        const auto found = things.find(name);
        if (!holds(precondition, things, name)) return changed();
        if (body.find("wrong") != std::string::npos) {
            return Reply::failed(422, "policy_invalid", "the policy is not valid",
                                 R"({"diagnostics":[{"severity":"error","file":"policy","line":1,"column":2,)"
                                 R"("message":"unknown key \"wrong\""}]})");
        }
        ++generation;
        if (found == things.end() || !body.empty()) things[name] = {body, generation};
        return Reply::json(shown.empty() ? std::move(body) : std::string(shown), std::to_string(generation));
    }
    Reply remove(Things& things, const std::string& name, const Precondition& precondition) {
        if (!holds(precondition, things, name)) return changed();
        if (things.erase(name) == 0) return Reply::failed(404, "not_found", "there is no " + name);
        Reply reply = no_content();
        reply.etag = std::to_string(++generation);
        return reply;
    }
    static bool holds(const Precondition& precondition, const Things& things, const std::string& name) {
        const auto found = things.find(name);
        if (found == things.end()) return precondition.holds(std::nullopt);
        return precondition.holds(std::to_string(found->second.generation));
    }
    Reply on_sandbox(const std::string& sandbox, Reply reply) const {
        if (sandboxes.contains(sandbox)) return reply;
        return Reply::failed(404, "not_found", "there is no sandbox " + sandbox);
    }
    static Reply changed() { return Reply::failed(412, "precondition_failed", "it has changed"); }
    static std::string text_of(const Json& object, const char* key) {
        const auto found = object.find(key);
        return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
    }
    static Json describe(const std::string& id, const std::string& sandbox) {
        return {{"id", id},           {"sandbox", sandbox}, {"protocol", "https"}, {"host", "example.com"},
                {"port", 443},        {"state", "idle"},    {"request_id", ""},    {"rule", "all"},
                {"age_ms", 5},        {"bytes_in", 0},      {"bytes_out", 0},      {"requests", 1},
                {"generation", 1}};
    }
};

}  // namespace sallyport::admin
