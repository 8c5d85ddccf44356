#include "cli/admin_api.h"

#include <gmock/gmock.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "net/address.h"
#include "tests/cli/admin_gate.h"
#include "tests/cli/handlers.h"

namespace sallyport::cli {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kFile = R"(
version: 1
policies:
  open: { default: allow }
  tight: { rules: [ { name: first, host: a.example } ] }
sandboxes:
  one: { policy: open, params: { tenant: acme } }
  two: { policy: tight }
)";

class AdminApiTest : public AdminGateTest {
protected:
    void begin(const std::string& more = "") { start(kFile + more, {"one", "two"}); }
    static nlohmann::json json(const admin::Reply& reply) { return nlohmann::json::parse(reply.body); }
};

TEST_F(AdminApiTest, PoliciesAreSetReadListedAndRemoved) {
    begin();
    EXPECT_EQ(get_policy("tight").status, 200);
    EXPECT_EQ(get_policy("nosuch").status, 404);
    const auto put = put_policy("tight", R"({"rules":[{"host":"b.example"}]})");
    EXPECT_EQ(put.status, 200) << put.body;
    EXPECT_EQ(decision("two", "https://b.example/"), "allow rules[0]") << "in effect once it is answered";
    const auto got = get_policy("tight");
    EXPECT_EQ(got.body, put.body);
    EXPECT_EQ(got.etag, put.etag);
    const auto list = json(answer([&](admin::Done done) { api->list_policies(caller, std::move(done)); }));
    ASSERT_EQ(list["policies"].size(), 2u);
    EXPECT_EQ(list["policies"][0]["source"], "file");
    EXPECT_EQ(list["policies"][1]["source"], "api");
    EXPECT_EQ(delete_policy("tight").status, 204);
    EXPECT_EQ(decision("two", "https://a.example/"), "allow first");
    EXPECT_EQ(delete_policy("tight").status, 404) << "the file's is not the API's to remove";
    EXPECT_EQ(put_policy("a b", "{}").status, 422);
}

// Whether the explicit proxy lets somebody in by SOCKS5, who then says nothing more.
bool lets_in(const std::string& address, const std::string& user, const std::string& password) {
    const UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_storage there{};
    const auto port = static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
    const socklen_t size = net::to_sockaddr({*net::parse_address("127.0.0.1"), port}, there);
    EXPECT_EQ(connect(fd.get(), reinterpret_cast<sockaddr*>(&there), size), 0);
    const std::string said = std::string("\5\1\2\1", 4) + static_cast<char>(user.size()) + user +
                             static_cast<char>(password.size()) + password;
    EXPECT_EQ(send(fd.get(), said.data(), said.size(), MSG_NOSIGNAL), static_cast<ssize_t>(said.size()));
    std::string got;
    char block[16];
    while (got.size() < 4) {
        const ssize_t size = recv(fd.get(), block, sizeof block, 0);
        if (size <= 0) break;
        got.append(block, static_cast<std::size_t>(size));
    }
    return got == std::string("\5\2\1\0", 4);
}

TEST_F(AdminApiTest, X3_AProxyCredentialIsShownOnceAndTakenAway) {
    begin("proxy: { listen: [ ./p.sock, \"127.0.0.1:0\" ] }\n" + audit_line());
    const auto made = make_proxy_credential("one");
    ASSERT_EQ(made.status, 200) << made.body;
    const auto credential = json(made);
    const std::string password = credential["password"];
    EXPECT_EQ(credential["username"], "one");
    EXPECT_EQ(credential["unix"][0], directory + "/p.sock");
    const std::string address = gate->proxy_places().at(1);
    EXPECT_EQ(credential["http"][0], "http://one:" + password + "@" + address);
    EXPECT_EQ(credential["socks5"][0], "socks5h://one:" + password + "@" + address);
    EXPECT_TRUE(lets_in(address, "one", password));
    EXPECT_FALSE(lets_in(address, "two", password));
    const std::string later = json(make_proxy_credential("one"))["password"];
    EXPECT_FALSE(lets_in(address, "one", password)) << "when it is answered";
    EXPECT_TRUE(lets_in(address, "one", later));
    EXPECT_EQ(revoke_proxy_credential("one").status, 204);
    EXPECT_FALSE(lets_in(address, "one", later));
    EXPECT_EQ(revoke_proxy_credential("one").status, 404);
    EXPECT_THAT(acts(), ElementsAre("make_proxy_credential one done", "make_proxy_credential one done", "revoke_proxy_credential one done"));
    ASSERT_EQ(events.size(), 3u);
    EXPECT_EQ(events[0].sandbox, "one");
    for (const auto& event : events) EXPECT_EQ(event.data.find(password), std::string::npos);
    EXPECT_EQ(read(directory + "/audit.jsonl").find(password), std::string::npos);
}

TEST_F(AdminApiTest, X3_ASandboxOfAnEarlierOnesNameHasNoneOfItsPassword) {
    begin("proxy: { listen: \"127.0.0.1:0\" }\n");
    const std::string password = json(make_proxy_credential("one"))["password"];
    const std::string address = gate->proxy_places().at(0);
    EXPECT_TRUE(lets_in(address, "one", password));
    ASSERT_TRUE(gate->add_sandbox("one", "", {}));
    EXPECT_EQ(revoke_proxy_credential("one").status, 404);
    EXPECT_EQ(make_proxy_credential("two").status, 200);  // behind what the proxy was told
    EXPECT_FALSE(lets_in(address, "one", password));
}

TEST_F(AdminApiTest, ProxyCredentialsAreForOperatorsAndForAProxyThatThereIs) {
    begin();
    EXPECT_EQ(make_proxy_credential("one").status, 409);
    EXPECT_EQ(make_proxy_credential("nosuch").status, 404);
    caller = {"uid 7", {"one"}};
    EXPECT_EQ(make_proxy_credential("one").status, 403);
    EXPECT_EQ(revoke_proxy_credential("one").status, 403);
}

TEST_F(AdminApiTest, P22_ABadPolicyChangesNothingAndSaysWhatTheFileWouldSay) {
    begin();
    const std::string before = get_policy("tight").body;
    for (const char* body : {"", "[]", R"({"defalt":"allow"})", R"({"rules":[]})", R"({"rules":[{"host":"a.example","credential":"x"}]})",
                             R"({"default":"maybe"})", "\x01"}) {
        const auto refused = put_policy("tight", body);
        EXPECT_EQ(refused.status, 422) << body;
        EXPECT_EQ(get_policy("tight").body, before) << body;
    }
    const auto refused = put_policy("tight", R"({"defalt":"allow"})");
    EXPECT_EQ(json(refused)["code"], "policy_invalid");
    EXPECT_THAT(json(refused)["details"]["diagnostics"][0]["message"].get<std::string>(), HasSubstr("did you mean \"default\"?"));
}

TEST_F(AdminApiTest, EgressIsSetReadAndRemoved) {
    begin();
    const auto before = get_egress("two");
    EXPECT_EQ(json(before)["policy"], "tight");
    EXPECT_EQ(json(before)["set"], nullptr);
    const auto put = put_egress("two", R"({"policy":"open","params":{"tenant":"x"},"rules":[{"host":"b.example","deny":true}]})");
    EXPECT_EQ(put.status, 200) << put.body;
    EXPECT_EQ(decision("two", "https://b.example/"), "deny runtime[0]: denied_by_rule");
    EXPECT_EQ(decision("two", "https://c.example/"), "allow default");
    const auto got = get_egress("two");
    EXPECT_EQ(got.body, put.body);
    EXPECT_EQ(got.etag, put.etag);
    EXPECT_EQ(json(got)["params"]["tenant"], "x");
    EXPECT_EQ(delete_egress("two").status, 204);
    EXPECT_EQ(get_egress("two").body, before.body);
    EXPECT_EQ(decision("two", "https://c.example/"), "deny default: denied");
    EXPECT_EQ(delete_egress("two").status, 204) << "there is nothing to remove";
    EXPECT_EQ(get_egress("nobody").status, 404);
    EXPECT_EQ(put_egress("two", R"({"policy":"nosuch"})").status, 422);
    EXPECT_EQ(put_egress("two", R"({"hosts":{"a.example":{"handler":"h"}}})").status, 422) << "the policy has no script";
}

TEST_F(AdminApiTest, APreconditionGuardsALostUpdate) {
    begin();
    const auto first = put_policy("tight", R"({"rules":[{"host":"b.example"}]})", if_match(get_policy("tight").etag));
    EXPECT_EQ(first.status, 200);
    const auto second = put_policy("tight", R"({"rules":[{"host":"c.example"}]})", if_match(first.etag));
    EXPECT_EQ(second.status, 200);
    for (const std::string& stale : {first.etag, std::string("0"), std::string()}) {
        const auto refused = put_policy("tight", R"({"default":"allow"})", if_match(stale));
        EXPECT_EQ(refused.status, 412) << stale;
        EXPECT_EQ(delete_policy("tight", if_match(stale)).status, 412) << stale;
        EXPECT_EQ(put_egress("two", "{}", if_match("77")).status, 412);
        EXPECT_EQ(delete_egress("two", if_match("77")).status, 412);
    }
    EXPECT_EQ(decision("two", "https://c.example/"), "allow rules[0]");
    EXPECT_EQ(put_policy("tight", "{}", if_none_match_any()).status, 412);
    EXPECT_EQ(put_policy("new", R"({"default":"deny"})", if_none_match_any()).status, 200);
    EXPECT_EQ(put_policy("newer", R"({"default":"deny"})", if_match("1")).status, 412) << "it is not there";
    EXPECT_EQ(put_egress("two", "{}", if_match(get_egress("two").etag)).status, 200);
}

TEST_F(AdminApiTest, AnETagIsNotUsedAgainForSomethingElse) {
    begin();
    std::set<std::string> seen{get_egress("two").etag};
    for (int i = 0; i < 3; ++i) {
        EXPECT_TRUE(seen.insert(put_egress("two", "{}").etag).second);
        EXPECT_TRUE(seen.insert(delete_egress("two").etag).second);
        EXPECT_TRUE(seen.contains(get_egress("two").etag)) << "that of the removal";
        ASSERT_TRUE(gate->reload("test"));
        EXPECT_TRUE(seen.insert(get_egress("two").etag).second) << "the file may have changed it";
    }
}

TEST_F(AdminApiTest, EveryMutationIsInTheAuditLog) {
    begin(audit_line());
    put_policy("tight", R"({"default":"deny"})");
    put_policy("tight", R"({"defalt":"deny"})");
    delete_policy("tight");
    put_egress("two", R"({"rules":[{"host":"b.example"}]})");
    put_egress("two", R"({"polcy":"x"})");
    delete_egress("two");
    answer([&](admin::Done done) { api->refresh_secret(caller, "nosuch", std::move(done)); });
    api->refused("uid 1000", "not known");
    ASSERT_TRUE(gate->reload("signal"));
    EXPECT_THAT(acts(), ElementsAre("put_policy tight done", "put_policy tight refused: policy_invalid", "delete_policy tight done",
                                    "put_egress two done", "put_egress two refused: egress_invalid", "delete_egress two done",
                                    "connect admin refused: not known", "reload " + directory + "/p.yaml done"));
    // The generation that each has led to.
    const auto line = nlohmann::json::parse(read(directory + "/audit.jsonl").substr(0, read(directory + "/audit.jsonl").find('\n')));
    EXPECT_EQ(line["generation"], 2);
    EXPECT_EQ(line["caller"], "uid 0");
}

// Changes that could not be recorded are not made.
TEST_F(AdminApiTest, WhatCannotBeRecordedIsNotDone) {
    const std::string secret = write("secret", "marker-1");
    start("version: 1\nsecrets: { s: { file: " + secret + " } }\ncredentials: { c: { type: bearer, secret: s } }\n"
          "policies: { p: { rules: [ { host: a.example, credential: c } ] } }\nsandboxes: { box: { policy: p } }\n" + audit_line(), {"box"});
    signal(SIGXFSZ, SIG_IGN);
    rlimit before{};
    getrlimit(RLIMIT_FSIZE, &before);
    rlimit none = before;
    none.rlim_cur = std::filesystem::file_size(directory + "/audit.jsonl");
    setrlimit(RLIMIT_FSIZE, &none);
    testing::internal::CaptureStderr();
    const auto generation = gate->deployment().generation();
    EXPECT_EQ(put_policy("p", R"({"default":"allow"})").status, 503);
    EXPECT_EQ(put_egress("box", R"({"rules":[{"host":"b.example"}]})").status, 503);
    EXPECT_EQ(answer([&](admin::Done done) { api->refresh_secret(caller, "s", std::move(done)); }).status, 503);
    EXPECT_FALSE(gate->reload("signal"));
    EXPECT_EQ(answer([&](admin::Done done) { api->ready(std::move(done)); }).status, 503);
    EXPECT_EQ(gate->deployment().generation(), generation);
    EXPECT_EQ(decision("box", "https://b.example/"), "deny default: denied");
    setrlimit(RLIMIT_FSIZE, &before);
    testing::internal::GetCapturedStderr();
    EXPECT_EQ(put_egress("box", R"({"rules":[{"host":"b.example"}]})").status, 200) << "and are again, when they can be";
    EXPECT_EQ(answer([&](admin::Done done) { api->health(std::move(done)); }).status, 200);
}

TEST_F(AdminApiTest, EventsTellOfChangesToThoseWhoMayKnow) {
    begin();
    put_policy("tight", R"({"default":"deny"})");
    put_policy("two", R"({"default":"deny"})");  // called as a sandbox is
    put_egress("two", R"({"rules":[{"host":"b.example"}]})");
    std::vector<std::string> told;
    for (const admin::Event& event : events) {
        told.push_back(event.type + " " + event.sandbox);
        EXPECT_TRUE(nlohmann::json::accept(event.data)) << event.data;
    }
    EXPECT_THAT(told, ElementsAre("generation two", "policy ", "policy ", "generation two", "egress two"));
}

TEST_F(AdminApiTest, ExplainAnswersWithTheSnapshotsOwnDecision) {
    begin();
    const auto allowed = explain(R"({"sandbox":"two","method":"GET","url":"https://a.example/x","headers":{"Accept":["a","b"]}})");
    EXPECT_EQ(allowed.status, 200) << allowed.body;
    EXPECT_EQ(json(allowed)["allowed"], true);
    EXPECT_EQ(json(allowed)["rule"], "first");
    EXPECT_EQ(json(explain(R"({"sandbox":"two","url":"https://b.example/"})"))["allowed"], false);
    EXPECT_EQ(explain("[]").status, 400);
    EXPECT_EQ(explain(R"({"sandbox":"two"})").status, 422);
    EXPECT_EQ(explain(R"({"sandbox":"two","url":"https://a b/"})").status, 422);
    EXPECT_EQ(explain(R"({"sandbox":"nobody","url":"https://a.example/"})").status, 404);
}

TEST_F(AdminApiTest, P20_ARefreshedSecretIsInEffectOnceItIsAnswered) {
    setenv("SALLYPORT_ADMIN_TEST", "marker-1", 1);
    start("version: 1\nsecrets: { s: { env: SALLYPORT_ADMIN_TEST } }\ncredentials: { c: { type: bearer, secret: s } }\n"
          "policies: { p: { rules: [ { host: a.example, credential: c } ] } }\nsandboxes: { one: { policy: p }, two: { policy: p } }\n",
          {"one", "two"});
    const auto refresh = [&] { return answer([&](admin::Done done) { api->refresh_secret(caller, "s", std::move(done)); }); };
    const auto first = json(refresh())["generation"];
    EXPECT_EQ(json(refresh())["generation"], first) << "it was the same";
    setenv("SALLYPORT_ADMIN_TEST", "marker-2", 1);
    const auto list = answer([&](admin::Done done) { api->list_secrets(caller, std::move(done)); });
    EXPECT_EQ(list.body.find("marker"), std::string::npos);
    EXPECT_EQ(json(list)["secrets"][0]["available"], 2);
    EXPECT_THAT(json(list)["secrets"][0]["used_by"].dump(), HasSubstr("credential c"));
    EXPECT_GT(json(refresh())["generation"], first);
    for (const char* name : {"one", "two"}) EXPECT_EQ(decision(name, "https://a.example/"), "allow rules[0] with Bearer marker-2");
    unsetenv("SALLYPORT_ADMIN_TEST");
    EXPECT_EQ(refresh().status, 200);
    for (const char* name : {"one", "two"}) EXPECT_EQ(decision(name, "https://a.example/"), "deny rules[0]: secret_unavailable");
    EXPECT_EQ(answer([&](admin::Done done) { api->refresh_secret(caller, "nosuch", std::move(done)); }).status, 404);
}

TEST_F(AdminApiTest, AnswersForTheDataPlane) {
    begin();
    const auto connections = answer([&](admin::Done done) { api->list_connections(caller, std::move(done)); });
    EXPECT_EQ(connections.body, R"({"connections":[]})");
    EXPECT_EQ(answer([&](admin::Done done) { api->close_connection(caller, "none", std::move(done)); }).status, 404);
    const auto metrics = answer([&](admin::Done done) { api->metrics(caller, std::move(done)); });
    EXPECT_EQ(metrics.content_type, proxy::kMetricsContentType);
    EXPECT_THAT(metrics.body, HasSubstr("sallyport_audit_healthy 1\n"));
    EXPECT_EQ(answer([&](admin::Done done) { api->ready(std::move(done)); }).status, 200);
    gate->drain([] {});
    EXPECT_EQ(answer([&](admin::Done done) { api->ready(std::move(done)); }).status, 503);
}

// X2: each call, by callers of two tenants and by one of none, about what is theirs, another's, and not there at all.
TEST_F(AdminApiTest, X2_AnothersSandboxIsAsOneThatIsNotThere) {
    start("version: 1\npolicies: { open: { default: allow }, tight: { default: deny } }\n"
          "sandboxes: { a-1: { policy: open }, b-1: { policy: open } }\n" + audit_line(), {"a-1", "b-1"});
    ASSERT_EQ(put_egress("b-1", R"({"policy":"open","rules":[{"host":"x.example","deny":true}]})").status, 200);
    const std::vector<std::pair<const char*, std::function<admin::Reply(const std::string&)>>> calls = {
        {"get_egress", [&](const std::string& id) { return get_egress(id); }},
        {"put_egress, valid", [&](const std::string& id) { return put_egress(id, R"({"rules":[{"host":"y.example","deny":true}]})"); }},
        {"put_egress, wider", [&](const std::string& id) { return put_egress(id, R"({"rules":[{"host":"y.example"}]})"); }},
        {"put_egress, bad", [&](const std::string& id) { return put_egress(id, "nonsense"); }},
        {"put_egress, stale", [&](const std::string& id) { return put_egress(id, "{}", if_match("0")); }},
        {"delete_egress", [&](const std::string& id) { return delete_egress(id); }},
        {"put_host_handler", [&](const std::string& id) { return put_host_handler(id, "x.example", R"({"handler":"h"})"); }},
        {"put_host_handler, bad host", [&](const std::string& id) { return put_host_handler(id, "x y", R"({"handler":"h"})"); }},
        {"delete_host_handler", [&](const std::string& id) { return delete_host_handler(id, "x.example"); }},
        {"delete_host_handler, bad host", [&](const std::string& id) { return delete_host_handler(id, "x y"); }},
        {"put_handler", [&](const std::string& id) { return put_handler(id, R"({"handler":"h"})"); }},
        {"delete_handler", [&](const std::string& id) { return delete_handler(id); }},
        {"explain", [&](const std::string& id) { return explain(R"({"url":"https://x.example/","sandbox":")" + id + "\"}"); }},
    };
    const auto generation = gate->deployment().generation();
    const auto act_count = acts().size();
    for (const std::vector<std::string>& patterns : {std::vector<std::string>{"a-*"}, std::vector<std::string>{"nothing"}}) {
        caller = {"tenant", patterns};
        for (const auto& [name, call] : calls) {
            const auto foreign = call("b-1");
            const auto missing = call("b-2");
            EXPECT_EQ(foreign.status, 404) << name;
            EXPECT_EQ(foreign.status, missing.status) << name;
            EXPECT_EQ(foreign.body, missing.body) << name;
            EXPECT_EQ(foreign.etag, missing.etag) << name;
        }
        EXPECT_EQ(get_policy("open").status, 403);
        EXPECT_EQ(get_policy("nosuch").status, 403);
        EXPECT_EQ(put_policy("open", "{}").status, 403);
        EXPECT_EQ(delete_policy("open").status, 403);
        EXPECT_EQ(answer([&](admin::Done done) { api->list_policies(caller, std::move(done)); }).status, 403);
        EXPECT_EQ(answer([&](admin::Done done) { api->list_secrets(caller, std::move(done)); }).status, 403);
        EXPECT_EQ(answer([&](admin::Done done) { api->refresh_secret(caller, "s", std::move(done)); }).status, 403);
        EXPECT_EQ(answer([&](admin::Done done) { api->metrics(caller, std::move(done)); }).status, 403);
    }
    EXPECT_EQ(gate->deployment().generation(), generation) << "nothing has changed";
    EXPECT_EQ(acts().size(), act_count);
}

TEST_F(AdminApiTest, X2_ACallerThatIsNoOperatorNeverWidens) {
    begin(audit_line());
    const admin::Caller root = caller;
    const admin::Caller tenant{"token two", {"two"}};
    const auto allowed = [&] {
        std::string hosts;
        for (const char* host : {"a", "b", "c", "d"}) {
            if (decision("two", "https://" + std::string(host) + ".example/").starts_with("allow")) hosts += host;
        }
        return hosts;
    };
    const std::string bodies[] = {"{}",
                                  R"({"rules":[{"host":"a.example","deny":true}]})",
                                  R"({"rules":[{"host":"b.example"}]})",
                                  R"({"rules":[{"host":"b.example"},{"host":"a.example","deny":true}]})",
                                  R"({"policy":"open"})",
                                  R"({"policy":"open","rules":[{"host":"c.example","deny":true}]})",
                                  R"({"policy":"tight","labels":{"x":"y"}})",
                                  R"({"params":{"tenant":"other"}})"};
    for (const std::string& first : bodies) {
        for (const std::string& second : bodies) {
            caller = root;
            delete_egress("two");
            ASSERT_EQ(put_egress("two", first).status, 200) << first;
            const std::string before = allowed();
            caller = tenant;
            const auto reply = put_egress("two", second);
            EXPECT_TRUE(reply.status == 200 || reply.status == 403) << reply.status;
            for (const char host : allowed()) EXPECT_NE(before.find(host), std::string::npos) << first << " then " << second;
            EXPECT_EQ(delete_egress("two").status, 403);
            EXPECT_EQ(put_handler("two", R"({"handler":"h"})").status, 403);
            EXPECT_EQ(put_host_handler("two", "a.example", R"({"handler":"h"})").status, 403);
            EXPECT_EQ(allowed().size() <= before.size(), true);
        }
    }
    EXPECT_THAT(acts(), Contains("put_egress two refused: forbidden"));
    caller = tenant;
    EXPECT_EQ(get_egress("two").status, 200);
    EXPECT_EQ(get_egress("one").status, 404);
}

class AdminHandlersTest : public AdminGateTest {
protected:
    AdminHandlersTest() {
        auto made = sandbox::Launcher::start();
        EXPECT_TRUE(made) << (made ? "" : made.error().detail);
        if (made) launcher.emplace(std::move(*made));
    }
    ~AdminHandlersTest() override { stop(); }
    std::optional<sandbox::Launcher> launcher;
};

TEST_F(AdminHandlersTest, HandlersAreAttachedAndRemovedAgain) {
    ASSERT_TRUE(launcher);
    write("vcs.js", kScript);
    start("version: 1\npolicies: { p: { script: vcs.js }, plain: { default: allow } }\nsandboxes: { box: { policy: p } }\n", {"box"}, &*launcher);
    const std::string before = decision("box", "https://c.example/");
    const auto put = put_host_handler("box", "C.Example.", R"({"handler":"readOnly","params":{"a":1}})");
    EXPECT_EQ(put.status, 200) << put.body;
    EXPECT_EQ(decision("box", "https://c.example/"), "handler handler readOnly");
    EXPECT_EQ(decision("box", "https://d.example/"), before);
    EXPECT_EQ(put_handler("box", R"({"handler":"readOnly"})").status, 200);
    EXPECT_EQ(decision("box", "https://d.example/"), "handler handler readOnly");
    EXPECT_EQ(put_handler("box", R"({"handler":"nosuch"})").status, 422);
    EXPECT_EQ(put_handler("box", "{}").status, 422);
    EXPECT_EQ(put_host_handler("box", "*.example", R"({"handler":"readOnly"})").status, 422);
    EXPECT_EQ(delete_host_handler("box", "d.example").status, 404);
    EXPECT_EQ(delete_host_handler("box", "c.example").status, 204);
    EXPECT_EQ(delete_host_handler("box", "c.example").status, 404);
    EXPECT_EQ(delete_handler("box").status, 204);
    EXPECT_EQ(delete_handler("box").status, 404);
    EXPECT_EQ(decision("box", "https://c.example/"), before);
    EXPECT_EQ(gate->deployment().egress_document("box"), nullptr) << "as if nothing had been set";
    // Handlers are the policy's that will be, not the one's that was.
    EXPECT_EQ(put_egress("box", R"({"policy":"plain","handler":{"handler":"readOnly"}})").status, 422);
    EXPECT_EQ(put_egress("box", R"({"policy":"plain"})").status, 200);
    EXPECT_EQ(put_egress("box", R"({"handler":{"handler":"readOnly"}})").status, 200);
}

}  // namespace
}  // namespace sallyport::cli
