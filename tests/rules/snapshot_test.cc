#include "rules/snapshot.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <new>

#include "tests/rules/sample.h"

// The sanitizers have an allocator of their own.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define SALLYPORT_COUNTS_ALLOCATIONS 1
namespace {
thread_local std::size_t allocations = 0;
}
void* operator new(std::size_t size) {
    ++allocations;
    if (void* memory = std::malloc(size)) return memory;
    throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
#endif

namespace sallyport::rules {
namespace {

using sample::decide;
using sample::file_with;
using sample::kMarker;
using sample::snapshot_of;

http::RequestHead head_of(const std::string& target, const std::vector<std::pair<std::string, std::string>>& fields) {
    http::RequestHead head;
    head.method = "GET";
    head.target = target;
    for (const auto& [name, value] : fields) head.headers.add(name, value);
    return head;
}

TEST(PolicySnapshot, SaysWhatItIs) {
    const auto snapshot = snapshot_of(file_with({"{ host: a.example }"}));
    EXPECT_EQ(snapshot->policy_name(), "p");
    EXPECT_EQ(snapshot->generation(), Generation{1});
    const auto parsed = parse_policy_file(file_with({"{ host: a.example }"}), "f");
    const auto secrets = secrets::SecretSnapshot::load({}, {});
    const auto unknown = make_snapshot(*parsed.file, {"other", {}}, secrets, Generation{1});
    ASSERT_FALSE(unknown);
    EXPECT_EQ(unknown.error(), (Error{ErrorCode::config_invalid, "policy \"other\" is not defined"}));
}

TEST(PolicySnapshot, DecisionsCarryWhatTheRuleGrants) {
    const auto snapshot =
        snapshot_of(file_with({"{ name: plain, host: a.example, paths: [/**] }",
                               "{ host: \"*.svc.internal\", cidr: [10.20.0.0/16, 10.30.0.0/16] }",
                               "{ host: c.example, credential: one, allow_cleartext_credential: true }"},
                              "allow"));
    const Decision plain = decide(snapshot, "GET https://a.example/");
    EXPECT_EQ(plain.rule, "plain");
    EXPECT_EQ(plain.credential, "");
    EXPECT_EQ(plain.credential_index, -1);
    EXPECT_EQ(plain.granted_networks, nullptr);
    EXPECT_TRUE(plain.path_decided);
    const Decision granted = decide(snapshot, "GET https://a.svc.internal/");
    ASSERT_NE(granted.granted_networks, nullptr);
    EXPECT_EQ(*granted.granted_networks, (std::vector<std::string>{"10.20.0.0/16", "10.30.0.0/16"}));
    EXPECT_FALSE(granted.path_decided);
    const Decision credentialed = decide(snapshot, "GET http://c.example/");
    EXPECT_EQ(credentialed.credential, "one");
    EXPECT_EQ(credentialed.credential_index, 0);
    EXPECT_TRUE(credentialed.allow_cleartext_credential);
    const Decision other = decide(snapshot, "GET https://z.example/");
    EXPECT_EQ(other.verdict, Verdict::allow);
    EXPECT_EQ(other.rule, "default");
    EXPECT_EQ(other.credential_index, -1);
    EXPECT_EQ(other.granted_networks, nullptr);
}

TEST(PolicySnapshot, AMissingSecretDeniesWhatNeedsItOnly) {
    const auto snapshot =
        snapshot_of(file_with({"{ host: a.example, credential: two }", "{ host: b.example, credential: one }"}));
    const Decision denied = decide(snapshot, "GET https://a.example/");
    EXPECT_EQ(denied.verdict, Verdict::deny);
    EXPECT_EQ(denied.error, ErrorCode::secret_unavailable);
    EXPECT_EQ(denied.rule, "rules[0]");
    EXPECT_EQ(denied.credential, "two");
    EXPECT_EQ(denied.credential_index, -1);
    EXPECT_EQ(decide(snapshot, "GET https://b.example/").verdict, Verdict::allow);
}

TEST(PolicySnapshot, AppliesEachTypeOfCredential) {
    const auto snapshot =
        snapshot_of(file_with({"{ host: a.example, credential: one }", "{ host: b.example, credential: three }",
                               "{ host: c.example, credential: four }"}));
    const std::tuple<std::string, std::string, std::string> cases[] = {
        {"a", "Authorization", "Bearer " + std::string(kMarker)},
        {"b", "X-Auth-Token", "v " + std::string(kMarker)},
        {"c", "Authorization", "Basic dXNlcjptQXJLZVItN2YzYTlj"},
    };
    for (const auto& [host, name, value] : cases) {
        auto head = head_of("/x?a=1", {{"Accept", "*/*"}});
        const Decision decision = decide(snapshot, "GET https://" + host + ".example/x?a=1");
        ASSERT_TRUE(snapshot->apply_credential(decision, head));
        EXPECT_EQ(head.headers.get(name), value);
        EXPECT_EQ(head.headers.size(), 2u);
        EXPECT_EQ(head.target, "/x?a=1");
    }
}

TEST(PolicySnapshot, ThreatD14TheSandboxsOwnCredentialsAreRemovedFirst) {
    const auto snapshot = snapshot_of(file_with({"{ host: a.example, credential: three }"}));
    auto head = head_of("/x?access_token=mine&a=1&X-Amz-Signature=mine", {{"Authorization", "Bearer mine"},
                                                                          {"X-Auth-Token", "mine"},
                                                                          {"x_auth_token", "mine"},
                                                                          {"Cookie", "s=mine"},
                                                                          {"X-Api-Key", "mine"},
                                                                          {"X-HTTP-Method-Override", "DELETE"},
                                                                          {"Accept", "*/*"}});
    ASSERT_TRUE(snapshot->apply_credential(decide(snapshot, "GET https://a.example/x"), head));
    ASSERT_EQ(head.headers.size(), 2u);
    EXPECT_EQ(head.headers.at(0).name, "Accept");
    EXPECT_EQ(head.headers.at(1).name, "X-Auth-Token");
    EXPECT_EQ(head.headers.at(1).value, "v " + std::string(kMarker));
    EXPECT_EQ(head.target, "/x?a=1");
}

TEST(PolicySnapshot, ThreatX6NoDecisionAndNoDiagnosticHoldsASecret) {
    const auto text = file_with({"{ host: a.example, credential: one }", "{ host: b.example, credential: three }",
                                 "{ host: c.example, credential: four }", "{ host: d.example, credential: two }"});
    const auto snapshot = snapshot_of(text);
    for (const std::string host : {"a", "b", "c", "d", "e"}) {
        const Decision decision = decide(snapshot, "GET https://" + host + ".example/");
        EXPECT_EQ(decision.rule.find(kMarker), std::string_view::npos);
        EXPECT_EQ(decision.credential.find(kMarker), std::string_view::npos);
    }
    for (const auto& message : sample::all_diagnostics(text)) EXPECT_EQ(message.find(kMarker), std::string::npos);
}

#ifdef SALLYPORT_COUNTS_ALLOCATIONS
TEST(PolicySnapshot, DecidesWithoutAllocating) {
    std::vector<std::string> rules{
        "{ host: \"**.a.example\", paths: [\"/x/*/z/**\"], query: { q: \"*a*\" }, headers: { accept: \"*j*\" } }",
        "{ host: a.a.example, methods: [GET], credential: one }", "{ cidr: 10.0.0.0/8 }"};
    for (int i = 0; i < 100; ++i) rules.push_back("{ host: h" + std::to_string(i) + ".example }");
    const auto snapshot = snapshot_of(file_with(rules));
    http::HeaderMap headers;
    headers.add("Accept", "application/json");
    const http::CanonicalRequest requests[] = {
        sample::request_of("GET https://a.a.example/x/y/z/w?q=%61"), sample::request_of("GET https://a.a.example/v"),
        sample::request_of("GET https://10.1.1.1/"),
        sample::request_of("GET https://a-name-longer-than-small-strings.example/")};
    const std::size_t before = allocations;
    for (const auto& request : requests) {
        const Decision decision = snapshot->decide(request, headers);
        const auto reach = snapshot->reach(request.scheme, request.authority.host, request.authority.is_address, 443);
        ASSERT_TRUE(decision.verdict == Verdict::deny || reach == Reach::intercept);
    }
    EXPECT_EQ(allocations, before);
}
#endif

TEST(PolicySnapshot, CredentialsArePerSandbox) {
    setenv("SALLYPORT_TENANT_acme", "acme-token", 1);
    const std::string text =
        "version: 1\n"
        "secrets: { t: { env: \"SALLYPORT_TENANT_${params.tenant}\" } }\n"
        "credentials: { c: { type: bearer, secret: t } }\n"
        "policies: { p: { rules: [ { host: a.example, credential: c } ] } }\n";
    const auto acme = snapshot_of(text, {{"tenant", "acme"}});
    auto head = head_of("/", {});
    ASSERT_TRUE(acme->apply_credential(decide(acme, "GET https://a.example/"), head));
    EXPECT_EQ(head.headers.get("Authorization"), "Bearer acme-token");
    for (const secrets::Params& params :
         {secrets::Params{}, secrets::Params{{"tenant", "other"}}, secrets::Params{{"tenant", "../x"}}}) {
        const auto other = snapshot_of(text, params);
        EXPECT_EQ(decide(other, "GET https://a.example/").error, ErrorCode::secret_unavailable);
    }
}

}  // namespace
}  // namespace sallyport::rules
