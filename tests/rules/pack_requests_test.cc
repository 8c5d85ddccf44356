// Each shipped pack, as requests: what it lets through, and with which part; and, of what would mint a credential, hand out access
// or have the provider send things on (R11, R13), which denial stops it, even with a rule that allows the whole host.
#include <gtest/gtest.h>

#include <set>

#include "rules/packs.h"
#include "tests/rules/sample.h"

namespace sallyport::rules {
namespace {

using sample::file_with;
using sample::snapshot_of;
using sample::verdict_of;

struct Asked {
    std::string request;
    std::string part;  // that lets it through, or stops it; empty: it could be read in two ways, and any denial stops it
};

struct Provider {
    std::string pack;
    std::string keys;  // as in `{ use: …, credential: one, KEYS }`
    std::vector<Asked> allowed;
    std::vector<Asked> denied;
};

std::string use_of(const Provider& provider) {
    return "{ use: " + provider.pack + ", credential: one" + (provider.keys.empty() ? "" : ", " + provider.keys) + " }";
}

std::string host_of(const std::string& request) {
    const auto begin = request.find("//") + 2;
    return request.substr(begin, request.find('/', begin) - begin);
}

const std::vector<Provider>& providers() {
    static const std::vector<Provider> kProviders = {
        {"github",
         "parts: [api, uploads, graphql]",
         {{"GET https://api.github.com/", "api"},
          {"GET https://api.github.com/user", "api"},
          {"GET https://api.github.com/user/keys", "api"},
          {"POST https://api.github.com/repos/acme/app/issues", "api"},
          {"PUT https://api.github.com/repos/acme/app/contents/a/b.txt", "api"},
          {"PATCH https://api.github.com/repos/acme/app/pulls/7", "api"},
          {"DELETE https://api.github.com/repos/acme/app/git/refs/heads/x", "api"},
          {"GET https://api.github.com/repositories/7/issues?page=2", "api"},
          {"POST https://api.github.com/graphql", "graphql"},
          {"POST https://uploads.github.com/repos/acme/app/releases/7/assets?name=x", "uploads"}},
         {{"POST https://api.github.com/user/keys", "deny-keys"},
          {"POST https://api.github.com/user/keys/", "deny-keys"},
          {"POST https://api.github.com/user/keys.json", "deny-keys"},
          {"POST https://api.github.com/user//keys", ""},
          {"POST https://api.github.com/user/%6beys", "deny-keys"},
          {"POST https://api.github.com/user/x/..%2fkeys", ""},
          {"POST https://api.github.com/user/gpg_keys", "deny-keys"},
          {"POST https://api.github.com/user/ssh_signing_keys", "deny-keys"},
          {"POST https://api.github.com/repos/acme/app/keys", "deny-keys"},
          {"POST https://api.github.com/app/installations/7/access_tokens", "deny-keys"},
          {"POST https://api.github.com/app-manifests/x/conversions", "deny-keys"},
          {"POST https://api.github.com/authorizations", "deny-keys"},
          {"PUT https://api.github.com/authorizations/clients/x", "deny-keys"},
          {"PATCH https://api.github.com/applications/x/token", "deny-keys"},
          {"POST https://api.github.com/applications/x/token/scoped", "deny-keys"},
          {"POST https://api.github.com/orgs/acme/personal-access-tokens", "deny-keys"},
          {"POST https://api.github.com/orgs/acme/personal-access-token-requests/7", "deny-keys"},
          {"POST https://api.github.com/repos/acme/app/actions/runners/registration-token", "deny-runners"},
          {"POST https://api.github.com/orgs/acme/actions/runners/generate-jitconfig", "deny-runners"},
          {"PUT https://api.github.com/repos/acme/app/actions/secrets/X", "deny-secrets"},
          {"PUT https://api.github.com/repos/acme/app/dependabot/secrets/X", "deny-secrets"},
          {"PUT https://api.github.com/repos/acme/app/environments/prod/secrets/X", "deny-secrets"},
          {"PUT https://api.github.com/orgs/acme/actions/secrets/X", "deny-secrets"},
          {"PUT https://api.github.com/repos/acme/app/collaborators/eve", "deny-access"},
          {"POST https://api.github.com/repos/acme/app/transfer", "deny-access"},
          {"POST https://api.github.com/orgs/acme/invitations", "deny-access"},
          {"PUT https://api.github.com/orgs/acme/teams/x/memberships/eve", "deny-access"},
          {"POST https://api.github.com/repos/acme/app/hooks", "deny-hooks"},
          {"PATCH https://api.github.com/repos/acme/app/hooks/7/config", "deny-hooks"},
          {"POST https://api.github.com/orgs/acme/hooks", "deny-hooks"},
          {"PUT https://api.github.com/repos/acme/app/import", "deny-hooks"},
          {"POST https://api.github.com/user/migrations", "deny-hooks"},
          {"POST https://github.com/login/oauth/access_token", "deny-login"},
          {"POST https://github.com/login/device/code", "deny-login"}}},
        {"github-git",
         "",
         {{"GET https://github.com/acme/app.git/info/refs?service=git-upload-pack", "fetch-refs"},
          {"POST https://github.com/acme/app.git/git-upload-pack", "fetch"},
          {"GET https://github.com/acme/app/info/refs?service=git-receive-pack", "push-refs"},
          {"POST https://github.com/acme/app/git-receive-pack", "push"}},
         {{"POST https://github.com/acme/app.git/info/lfs/objects/batch", "deny-lfs-token"},
          {"POST https://github.com/login/oauth/access_token", "github/deny-login"},
          {"GET https://github.com/settings/tokens", "github/deny-login"}}},
        {"gitlab",
         "",
         {{"GET https://gitlab.com/api/v4/user", "api"},
          {"GET https://gitlab.com/api/v4/personal_access_tokens", "api"},
          {"POST https://gitlab.com/api/v4/projects/7/issues", "api"},
          {"POST https://gitlab.com/api/v4/projects/7/merge_requests", "api"}},
         {{"POST https://gitlab.com/api/v4/users/7/personal_access_tokens", "deny-keys"},
          {"POST https://gitlab.com/api/v4/user/personal_access_tokens", "deny-keys"},
          {"POST https://gitlab.com/api/v4/personal_access_tokens/7/rotate", "deny-keys"},
          {"POST https://gitlab.com/api/v4/users/7/impersonation_tokens", "deny-keys"},
          {"POST https://gitlab.com/api/v4/user/keys", "deny-keys"},
          {"POST https://gitlab.com/api/v4/user/keys.json", "deny-keys"},
          {"POST https://gitlab.com/api/v4/projects/7/access_tokens", "deny-keys"},
          {"POST https://gitlab.com/api/v4/projects/7/access_tokens/8/rotate", "deny-keys"},
          {"POST https://gitlab.com/api/v4/projects/acme%2Fapp/access_tokens", ""},
          {"POST https://gitlab.com/api/v4/groups/7/deploy_tokens", "deny-keys"},
          {"POST https://gitlab.com/api/v4/projects/7/deploy_keys", "deny-keys"},
          {"POST https://gitlab.com/api/v4/projects/7/triggers", "deny-keys"},
          {"POST https://gitlab.com/api/v4/projects/7/cluster_agents/1/tokens", "deny-keys"},
          {"POST https://gitlab.com/api/v4/groups/7/service_accounts/1/personal_access_tokens", "deny-keys"},
          {"POST https://gitlab.com/api/v4/applications", "deny-keys"},
          {"POST https://gitlab.com/api/v4/user/runners", "deny-keys"},
          {"POST https://gitlab.com/api/v4/runners", "deny-runners"},
          {"POST https://gitlab.com/api/v4/projects/7/runners/reset_registration_token", "deny-runners"},
          {"POST https://gitlab.com/api/v4/projects/7/variables", "deny-secrets"},
          {"POST https://gitlab.com/api/v4/projects/7/members", "deny-access"},
          {"POST https://gitlab.com/api/v4/projects/7/share", "deny-access"},
          {"POST https://gitlab.com/api/v4/projects/7/hooks", "deny-hooks"},
          {"PUT https://gitlab.com/api/v4/projects/7/hooks/8", "deny-hooks"},
          {"POST https://gitlab.com/api/v4/projects/7/remote_mirrors", "deny-hooks"},
          {"PUT https://gitlab.com/api/v4/projects/7/integrations/slack", "deny-hooks"},
          {"POST https://gitlab.com/api/v4/import/github", "deny-hooks"},
          {"POST https://gitlab.com/api/v4/bulk_imports", "deny-hooks"},
          {"POST https://gitlab.com/api/graphql", "deny-graphql"},
          {"POST https://gitlab.com/oauth/token", "deny-login"}}},
        {"gitlab-git",
         "",
         {{"GET https://gitlab.com/acme/team/app.git/info/refs?service=git-upload-pack", "fetch-refs"},
          {"POST https://gitlab.com/acme/app.git/git-upload-pack", "fetch"},
          {"GET https://gitlab.com/acme/app.git/info/refs?service=git-receive-pack", "push-refs"},
          {"POST https://gitlab.com/acme/app.git/git-receive-pack", "push"}},
         {{"POST https://gitlab.com/acme/app.git/info/lfs/objects/batch", "deny-lfs-token"},
          {"POST https://gitlab.com/oauth/token", "gitlab/deny-login"}}},
        {"anthropic",
         "parts: [messages, models, files]",
         {{"POST https://api.anthropic.com/v1/messages", "messages"},
          {"POST https://api.anthropic.com/v1/messages/count_tokens", "messages"},
          {"GET https://api.anthropic.com/v1/messages/batches/x/results", "messages"},
          {"GET https://api.anthropic.com/v1/models", "models"},
          {"POST https://api.anthropic.com/v1/files", "files"}},
         {{"POST https://api.anthropic.com/v1/organizations/api_keys/x", "deny-keys"},
          {"POST https://api.anthropic.com/v1/organizations/invites", "deny-keys"},
          {"POST https://api.anthropic.com/v1/oauth/token", "deny-keys"},
          {"POST https://api.anthropic.com/api/oauth/claude_cli/create_api_key", "deny-keys"},
          {"POST https://console.anthropic.com/v1/oauth/token", "deny-login"}}},
        {"openai",
         "parts: [inference, models, files, realtime]",
         {{"POST https://api.openai.com/v1/chat/completions", "inference"},
          {"POST https://api.openai.com/v1/responses", "inference"},
          {"DELETE https://api.openai.com/v1/responses/x", "inference"},
          {"POST https://api.openai.com/v1/embeddings", "inference"},
          {"POST https://api.openai.com/v1/audio/transcriptions", "inference"},
          {"GET https://api.openai.com/v1/models/gpt-4o", "models"},
          {"POST https://api.openai.com/v1/files", "files"},
          {"GET https://api.openai.com/v1/realtime?model=x", "realtime"}},
         {{"POST https://api.openai.com/v1/organization/admin_api_keys", "deny-keys"},
          {"POST https://api.openai.com/v1/organization/projects/x/service_accounts", "deny-keys"},
          {"POST https://api.openai.com/v1/organization/invites", "deny-keys"},
          {"POST https://api.openai.com/v1/realtime/sessions", "deny-keys"},
          {"POST https://api.openai.com/v1/realtime/client_secrets", "deny-keys"},
          {"POST https://api.openai.com/v1/realtime/transcription_sessions", "deny-keys"},
          {"POST https://api.openai.com/v1/chatkit/sessions", "deny-keys"},
          {"POST https://auth.openai.com/oauth/token", "deny-login"}}},
        {"gemini",
         "",
         {{"POST https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-pro:generateContent", "models"},
          {"POST https://generativelanguage.googleapis.com/v1beta/openai/chat/completions", "models"}},
         {{"POST https://generativelanguage.googleapis.com/v1alpha/auth_tokens", "deny-keys"}}},
        {"mistral", "", {{"POST https://api.mistral.ai/v1/chat/completions", "inference"}}, {}},
        {"groq", "", {{"POST https://api.groq.com/openai/v1/chat/completions", "inference"}}, {}},
        {"openrouter",
         "",
         {{"POST https://openrouter.ai/api/v1/chat/completions", "inference"}},
         {{"POST https://openrouter.ai/api/v1/keys", "deny-keys"},
          {"POST https://openrouter.ai/api/v1/auth/keys", "deny-keys"}}},
        {"huggingface",
         "parts: [hub, inference, files]",
         {{"GET https://huggingface.co/api/models/acme/bert", "hub"},
          {"HEAD https://huggingface.co/acme/bert/resolve/main/config.json", "hub"},
          {"GET https://huggingface.co/datasets/acme/d/resolve/main/a/b.parquet", "hub"},
          {"POST https://router.huggingface.co/v1/chat/completions", "inference"},
          {"GET https://cas-bridge.xethub.hf.co/x?X-Amz-Signature=y", "files"}},
         {{"GET https://huggingface.co/api/models/acme/bert/xet-read-token/main", "deny-keys"},
          {"GET https://huggingface.co/api/models/acme/bert/xet-write-token/main", "deny-keys"},
          {"POST https://huggingface.co/oauth/token", "deny-keys"},
          {"POST https://huggingface.co/api/settings/webhooks", "deny-hooks"}}},
        {"azure-openai",
         "resources: acme-ai",
         {{"POST https://acme-ai.openai.azure.com/openai/deployments/x/chat/completions?api-version=1", "inference"},
          {"POST https://acme-ai.openai.azure.com/openai/v1/responses", "inference"}},
         {{"POST https://acme-ai.openai.azure.com/openai/realtimeapi/sessions", "deny-keys"},
          {"POST https://acme-ai.openai.azure.com/openai/v1/realtime/client_secrets", "deny-keys"}}},
        {"npm",
         "parts: [install, audit, publish]",
         {{"GET https://registry.npmjs.org/left-pad", "install"},
          {"GET https://registry.npmjs.org/@acme%2fapp", "install"},
          {"GET https://registry.npmjs.org/@acme/app/-/app-1.0.0.tgz", "install"},
          {"POST https://registry.npmjs.org/-/npm/v1/security/advisories/bulk", "audit"},
          {"PUT https://registry.npmjs.org/app", "publish"}},
         {{"POST https://registry.npmjs.org/-/npm/v1/tokens", "deny-keys"},
          {"PUT https://registry.npmjs.org/-/user/org.couchdb.user:eve", "deny-keys"},
          {"PUT https://registry.npmjs.org/-/user/org.couchdb.user%3Aeve", "deny-keys"},
          {"POST https://registry.npmjs.org/-/v1/login", "deny-keys"},
          {"POST https://registry.npmjs.org/-/npm/v1/oidc/token/exchange/package/x", "deny-keys"},
          {"PUT https://registry.npmjs.org/-/org/acme/user", "deny-access"},
          {"POST https://registry.npmjs.org/-/package/app/access", "deny-access"},
          {"POST https://registry.npmjs.org/-/npm/v1/hooks/hook", "deny-hooks"}}},
        {"pypi",
         "",
         {{"POST https://upload.pypi.org/legacy/", "upload"},
          {"GET https://pypi.org/simple/requests/", "install"},
          {"GET https://files.pythonhosted.org/packages/a/b.whl", "install"}},
         {{"POST https://pypi.org/_/oidc/mint-token", "deny-keys"}}},
        {"crates-io",
         "",
         {{"PUT https://crates.io/api/v1/crates/new", "publish"},
          {"DELETE https://crates.io/api/v1/crates/app/1.0.0/yank", "publish"},
          {"GET https://index.crates.io/ap/p-/app", "install"}},
         {{"PUT https://crates.io/api/v1/me/tokens", "deny-keys"},
          {"POST https://crates.io/api/v1/trusted_publishing/tokens", "deny-keys"},
          {"PUT https://crates.io/api/v1/crates/app/owners", "deny-access"}}},
        {"rubygems",
         "",
         {{"POST https://rubygems.org/api/v1/gems", "publish"}, {"GET https://rubygems.org/info/rails", "install"}},
         {{"GET https://rubygems.org/api/v1/api_key", "deny-keys"},
          {"POST https://rubygems.org/api/v1/api_key", "deny-keys"},
          {"POST https://rubygems.org/api/v1/gems/app/owners", "deny-access"},
          {"POST https://rubygems.org/api/v1/web_hooks", "deny-hooks"}}},
        {"aws-s3",
         "buckets: [acme-data, acme-logs], regions: eu-west-1",
         {{"GET https://acme-data.s3.eu-west-1.amazonaws.com/a/b", "bucket-host"},
          {"PUT https://acme-logs.s3.eu-west-1.amazonaws.com/a/b", "bucket-host"},
          {"POST https://acme-data.s3.eu-west-1.amazonaws.com/a?uploads", "bucket-host"},
          {"GET https://s3.eu-west-1.amazonaws.com/acme-data?list-type=2", "bucket-path"},
          {"PUT https://s3.eu-west-1.amazonaws.com/acme-logs/a/b", "bucket-path"}},
         {{"PUT https://acme-data.s3.eu-west-1.amazonaws.com/?policy", "deny-policy"},
          {"PUT https://acme-data.s3.eu-west-1.amazonaws.com/?policy=", "deny-policy"},
          {"PUT https://acme-data.s3.eu-west-1.amazonaws.com/a?acl", "deny-acl"},
          {"DELETE https://acme-data.s3.eu-west-1.amazonaws.com/?publicAccessBlock", "deny-public"},
          {"PUT https://acme-data.s3.eu-west-1.amazonaws.com/?replication", "deny-replication"},
          {"PUT https://acme-data.s3.eu-west-1.amazonaws.com/?notification", "deny-notification"},
          {"PUT https://acme-data.s3.eu-west-1.amazonaws.com/?website", "deny-website"},
          {"PUT https://acme-data.s3.eu-west-1.amazonaws.com/?logging", "deny-logging"},
          {"PUT https://acme-data.s3.eu-west-1.amazonaws.com/?inventory&id=x", "deny-inventory"},
          {"PUT https://acme-data.s3.eu-west-1.amazonaws.com/?ownershipControls", "deny-ownership"},
          {"PUT https://acme-data.s3.eu-west-1.amazonaws.com/?cors", "deny-cors"},
          {"GET https://acme-data.s3.eu-west-1.amazonaws.com/?session", "deny-session"}}},
        {"aws-bedrock",
         "regions: us-east-1",
         {{"POST https://bedrock-runtime.us-east-1.amazonaws.com/model/anthropic.claude-v2/invoke", "runtime"}},
         {}},
        {"aws-sts",
         "regions: eu-west-1",
         {{"GET https://sts.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15", "identity"},
          {"GET https://sts.eu-west-1.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15", "identity"}},
         {{"POST https://sts.amazonaws.com/", "deny-forms"},
          {"POST https://sts.eu-west-1.amazonaws.com/", "deny-forms"},
          {"GET https://sts.amazonaws.com/?Action=AssumeRole&RoleArn=x", "deny-assume"},
          {"GET https://sts.amazonaws.com/?Action=AssumeRoleWithWebIdentity", "deny-assume"},
          {"GET https://sts.eu-west-1.amazonaws.com/?Action=GetSessionToken", "deny-tokens"},
          {"GET https://sts.eu-west-1.amazonaws.com/?Action=GetFederationToken", "deny-tokens"},
          {"GET https://sts.amazonaws.com/?Action=GetCallerIdentity&Action=GetSessionToken", "deny-tokens"},
          {"GET https://sts.amazonaws.com/?Action=GetDelegatedAccessToken", "deny-tokens"},
          {"POST https://iam.amazonaws.com/", "deny-iam"},
          {"GET https://iam.amazonaws.com/?Action=CreateAccessKey", "deny-iam"},
          {"GET https://signin.aws.amazon.com/federation?Action=getSigninToken", "deny-iam"},
          {"GET https://portal.sso.eu-west-1.amazonaws.com/federation/credentials", "deny-sso"},
          {"POST https://cognito-identity.eu-west-1.amazonaws.com/", "deny-cognito"},
          {"POST https://codeartifact.eu-west-1.amazonaws.com/v1/authorization-token?domain=x",
           "deny-codeartifact-token"}}},
        {"gcp-storage",
         "buckets: acme-data",
         {{"GET https://storage.googleapis.com/storage/v1/b/acme-data/o/a.txt?alt=media", "json"},
          {"POST https://storage.googleapis.com/upload/storage/v1/b/acme-data/o?uploadType=media&name=x", "json"},
          {"PUT https://storage.googleapis.com/acme-data/a/b.txt", "xml"}},
         {{"POST https://storage.googleapis.com/storage/v1/projects/p/hmacKeys?serviceAccountEmail=x", "deny-keys"},
          {"PUT https://storage.googleapis.com/storage/v1/b/acme-data/iam", "deny-access"},
          {"POST https://storage.googleapis.com/storage/v1/b/acme-data/o/a/acl", "deny-access"},
          {"PUT https://storage.googleapis.com/acme-data/a?acl", "deny-xml-acl"},
          {"POST https://storage.googleapis.com/storage/v1/b/acme-data/notificationConfigs", "deny-hooks"},
          {"POST https://storage.googleapis.com/storage/v1/b/acme-data/o/a/rewriteTo/b/eve/o/a", "deny-copy"},
          {"POST https://storage.googleapis.com/batch/storage/v1", "deny-copy"}}},
        {"gcp-vertex",
         "projects: acme-ml, regions: us-central1",
         {{"POST https://us-central1-aiplatform.googleapis.com/v1/projects/acme-ml/locations/us-central1/publishers/"
           "google/models/gemini-2.5-pro:generateContent",
           "models"}},
         {}},
        {"gcp-bigquery",
         "projects: acme",
         {{"POST https://bigquery.googleapis.com/bigquery/v2/projects/acme/queries", "api"}},
         {{"POST https://bigquery.googleapis.com/bigquery/v2/projects/acme/datasets/d/tables/t:setIamPolicy",
           "deny-access"},
          {"POST https://bigquery.googleapis.com/bigquery/v2/projects/acme/datasets/d/tables/t%3AsetIamPolicy",
           "deny-access"}}},
        {"gcp-iam",
         "",
         {{"GET https://iam.googleapis.com/v1/projects/acme/serviceAccounts", "read"}},
         {{"POST https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/x:generateAccessToken",
           "deny-credentials"},
          {"POST https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/x:signJwt", "deny-credentials"},
          {"POST https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/x%3AsignBlob", "deny-credentials"},
          {"POST https://sts.googleapis.com/v1/token", "deny-credentials"},
          {"POST https://oauth2.googleapis.com/token", "deny-credentials"},
          {"POST https://iam.googleapis.com/v1/projects/acme/serviceAccounts/x/keys", "deny-keys"},
          {"POST https://apikeys.googleapis.com/v2/projects/acme/locations/global/keys", "deny-api-keys"},
          {"POST https://cloudresourcemanager.googleapis.com/v1/projects/acme:setIamPolicy", "deny-access"}}},
        {"azure-blob",
         "accounts: acme",
         {{"PUT https://acme.blob.core.windows.net/box/a/b.txt", "blobs"},
          {"PUT https://acme.blob.core.windows.net/box/a?comp=block&blockid=x", "blobs"},
          {"GET https://acme.blob.core.windows.net/box?restype=container&comp=list", "blobs"}},
         {{"POST https://acme.blob.core.windows.net/?restype=service&comp=userdelegationkey", "deny-keys"},
          {"PUT https://acme.blob.core.windows.net/box?restype=container&comp=acl", "deny-acl"},
          {"PUT https://acme.blob.core.windows.net/box?restype=container&comp=ACL", "deny-acl-a"},
          {"PUT https://acme.blob.core.windows.net/box?restype=container&COMP=aCl", "deny-acl-c"}}},
        {"azure-arm",
         "subscriptions: 0000-1111",
         {{"GET https://management.azure.com/subscriptions/0000-1111/resourceGroups?api-version=1", "read"}},
         {{"POST https://management.azure.com/subscriptions/0000-1111/resourceGroups/g/providers/Microsoft.Storage/"
           "storageAccounts/a/listKeys",
           "deny-keys"},
          {"POST https://management.azure.com/Subscriptions/0000-1111/x/LISTKEYS", "deny-keys"},
          {"POST https://login.microsoftonline.com/acme/oauth2/v2.0/token", "deny-login"}}},
        {"stripe",
         "parts: [api, files]",
         {{"POST https://api.stripe.com/v1/customers", "api"},
          {"GET https://api.stripe.com/v1/charges?limit=3", "api"},
          {"DELETE https://api.stripe.com/v1/customers/cus_1", "api"},
          {"POST https://files.stripe.com/v1/files", "files"}},
         {{"POST https://api.stripe.com/v1/ephemeral_keys", "deny-keys"},
          {"POST https://api.stripe.com/v1/account_links", "deny-keys"},
          {"POST https://api.stripe.com/v1/accounts/acct_1/login_links", "deny-keys"},
          {"POST https://api.stripe.com/v1/account_sessions", "deny-keys"},
          {"POST https://api.stripe.com/v1/customer_sessions", "deny-keys"},
          {"POST https://api.stripe.com/v1/billing_portal/sessions", "deny-keys"},
          {"POST https://api.stripe.com/v1/terminal/connection_tokens", "deny-keys"},
          {"GET https://api.stripe.com/v1/issuing/cards/ic_1?expand[]=number", "deny-issuing"},
          {"POST https://api.stripe.com/v1/issuing/cards", "deny-issuing"},
          {"POST https://api.stripe.com/v1/webhook_endpoints", "deny-hooks"},
          {"POST https://api.stripe.com/v2/core/event_destinations", "deny-hooks"},
          {"POST https://connect.stripe.com/oauth/token", "deny-login"}}},
        {"docker-hub",
         "parts: [pull, push, blobs]",
         {{"GET https://registry-1.docker.io/v2/", "pull"},
          {"GET https://registry-1.docker.io/v2/library/alpine/manifests/latest", "pull"},
          {"PUT https://registry-1.docker.io/v2/acme/app/manifests/1", "push"},
          {"GET https://production.cloudflare.docker.com/registry-v2/x", "blobs"}},
         {{"GET https://auth.docker.io/token?service=registry.docker.io", "deny-keys"},
          {"POST https://hub.docker.com/v2/access-tokens", "deny-login"},
          {"POST https://hub.docker.com/v2/users/login", "deny-login"}}},
        {"ghcr",
         "parts: [pull, push, blobs]",
         {{"GET https://ghcr.io/v2/acme/app/manifests/1", "pull"},
          {"POST https://ghcr.io/v2/acme/app/blobs/uploads/", "push"},
          {"GET https://pkg-containers.githubusercontent.com/x", "blobs"}},
         {{"GET https://ghcr.io/token?scope=repository:acme/app:pull", "deny-keys"}}},
        {"quay",
         "parts: [pull, push, blobs]",
         {{"GET https://quay.io/v2/acme/app/manifests/1", "pull"},
          {"PATCH https://quay.io/v2/acme/app/blobs/uploads/x", "push"},
          {"GET https://cdn01.quay.io/x", "blobs"}},
         {{"GET https://quay.io/v2/auth?service=quay.io", "deny-keys"},
          {"POST https://quay.io/api/v1/organization/acme/robots/x", "deny-access"}}},
        {"oci-registry",
         "at: registry.acme.example, parts: [pull, push]",
         {{"GET https://registry.acme.example/v2/app/manifests/1", "pull"},
          {"PUT https://registry.acme.example/v2/app/manifests/1", "push"}},
         {{"GET https://registry.acme.example/token", "deny-keys"},
          {"GET https://registry.acme.example/v2/auth", "deny-keys"}}},
        {"slack",
         "parts: [api, files]",
         {{"POST https://slack.com/api/chat.postMessage", "api"},
          {"GET https://files.slack.com/files-pri/T1-F1/x.png", "files"},
          {"POST https://slack.com/api/auth.test", "api"}},
         {{"POST https://slack.com/api/oauth.v2.access", "deny-keys"},
          {"POST https://slack.com/api/tooling.tokens.rotate", "deny-keys"},
          {"POST https://slack.com/api/apps.connections.open", "deny-keys"},
          {"POST https://slack.com/api/admin.users.invite", "deny-keys"}}},
        {"notion",
         "",
         {{"POST https://api.notion.com/v1/pages", "api"}},
         {{"POST https://api.notion.com/v1/oauth/token", "deny-keys"}}},
        {"sendgrid",
         "",
         {{"POST https://api.sendgrid.com/v3/mail/send", "send"}},
         {{"POST https://api.sendgrid.com/v3/api_keys", "deny-keys"},
          {"POST https://api.sendgrid.com/v3/user/webhooks/event/settings", "deny-hooks"}}},
        {"twilio",
         "accounts: AC1",
         {{"POST https://api.twilio.com/2010-04-01/Accounts/AC1/Messages.json", "messages"}},
         {{"POST https://api.twilio.com/2010-04-01/Accounts/AC1/Keys.json", "deny-keys"},
          {"POST https://api.twilio.com/2010-04-01/Accounts/AC1/SigningKeys.json", "deny-keys"},
          {"POST https://api.twilio.com/2010-04-01/Accounts/AC1/Tokens.json", "deny-keys"},
          {"POST https://iam.twilio.com/v1/Keys", "deny-login"}}},
        {"cloudflare",
         "",
         {{"GET https://api.cloudflare.com/client/v4/zones", "api"},
          {"POST https://api.cloudflare.com/client/v4/zones/z/dns_records", "api"}},
         {{"POST https://api.cloudflare.com/client/v4/user/tokens", "deny-keys"},
          {"POST https://api.cloudflare.com/client/v4/accounts/a/tokens", "deny-keys"},
          {"POST https://api.cloudflare.com/client/v4/accounts/a/r2/temp-access-credentials", "deny-keys"},
          {"GET https://api.cloudflare.com/client/v4/accounts/a/cfd_tunnel/t/token", "deny-tunnel-token"},
          {"POST https://api.cloudflare.com/client/v4/accounts/a/members", "deny-access"},
          {"POST https://api.cloudflare.com/client/v4/zones/z/logpush/jobs", "deny-hooks"}}},
        {"digitalocean",
         "",
         {{"GET https://api.digitalocean.com/v2/droplets", "api"}},
         {{"POST https://api.digitalocean.com/v2/account/keys", "deny-keys"},
          {"POST https://api.digitalocean.com/v2/spaces/keys", "deny-keys"},
          {"GET https://api.digitalocean.com/v2/registry/docker-credentials", "deny-secrets"},
          {"GET https://api.digitalocean.com/v2/kubernetes/clusters/x/kubeconfig", "deny-secrets"}}},
    };
    return kProviders;
}

std::string with_pack(const Provider& provider, const std::string& part) {
    return part.find('/') == part.npos ? provider.pack + '/' + part : part;
}

TEST(PackRequests, EveryPackHasItsTable) {
    std::set<std::string> shown;
    for (const Provider& provider : providers()) shown.insert(provider.pack);
    for (const auto& [name, pack] : shipped_packs()) EXPECT_TRUE(shown.contains(name)) << name;
}

TEST(PackRequests, WhatClientsNeedIsAllowed) {
    for (const Provider& provider : providers()) {
        const auto snapshot = snapshot_of(file_with({use_of(provider)}));
        ASSERT_TRUE(snapshot) << sample::first_error(file_with({use_of(provider)}));
        for (const Asked& asked : provider.allowed) {
            EXPECT_EQ(verdict_of(snapshot, asked.request), "allow " + with_pack(provider, asked.part)) << asked.request;
        }
    }
}

TEST(PackRequests, EveryPartOfAPackIsShown) {
    for (const Provider& provider : providers()) {
        std::set<std::string> shown;
        for (const Asked& asked : provider.allowed) shown.insert(asked.part);
        for (const PackRule& rule : shipped_packs().at(provider.pack).allow)
            EXPECT_TRUE(rule.shared || shown.contains(rule.name)) << provider.pack << '/' << rule.name;
    }
}

// A rule for the whole host stands for what a pack lets through by mistake, or a policy without one.
TEST(PackRequests, R11_R13_WhatMintsCredentialsOrSendsThemOnIsDeniedWithoutUseToo) {
    for (const Provider& provider : providers()) {
        for (const Asked& asked : provider.denied) {
            const std::string whole = "{ host: " + host_of(asked.request) + ", credential: one }";
            std::vector<std::string> rules{whole};
            if (provider.pack == "oci-registry") rules.push_back(use_of(provider));
            const auto snapshot = snapshot_of(file_with(rules));
            ASSERT_TRUE(snapshot) << whole;
            const std::string verdict = verdict_of(snapshot, asked.request);
            EXPECT_TRUE(verdict.starts_with("denied_by_rule ")) << asked.request << ": " << verdict;
        }
    }
}

TEST(PackRequests, R11_R13_EachDenialSaysWhichItIs) {
    for (const Provider& provider : providers()) {
        for (const Asked& asked : provider.denied) {
            const auto snapshot = snapshot_of(
                file_with({use_of(provider), "{ host: " + host_of(asked.request) + ", methods: [PROPFIND], credential: one }"}));
            ASSERT_TRUE(snapshot) << asked.request;
            const std::string verdict = verdict_of(snapshot, asked.request);
            if (asked.part.empty()) {
                EXPECT_TRUE(verdict.starts_with("denied_by_rule ")) << asked.request << ": " << verdict;
            } else {
                EXPECT_EQ(verdict, "denied_by_rule " + with_pack(provider, asked.part)) << asked.request;
            }
        }
    }
}

TEST(PackRequests, WithoutACredentialNothingIsMinted) {
    for (const Provider& provider : providers()) {
        for (const Asked& asked : provider.denied) {
            const auto snapshot = snapshot_of(file_with({"{ host: " + host_of(asked.request) + " }"}));
            EXPECT_EQ(verdict_of(snapshot, asked.request), "allow rules[0]") << asked.request;
        }
    }
}

// D17: nothing near a provider's hosts gets its credential.
TEST(PackRequests, D17_TheCredentialGoesToThePacksHostsOnly) {
    const char* const kOthers[] = {
        "GET https://raw.githubusercontent.com/acme/app/main/x", "GET https://gist.githubusercontent.com/eve/x",
        "GET https://gist.github.com/eve/x",                     "GET https://codeload.github.com/acme/app/zip/x",
        "GET https://github.com/acme/app",                       "GET https://eve.github.io/",
        "GET https://api.github.com.evil.example/user",          "GET https://www.openai.com/",
        "GET https://chatgpt.com/",                              "GET https://www.anthropic.com/",
        "GET https://eve.s3.eu-west-1.amazonaws.com/",           "GET https://s3.amazonaws.com/eve",
        "GET https://s3.eu-west-1.amazonaws.com/eve/x",          "GET https://dashboard.stripe.com/",
        "GET https://www.npmjs.com/",                            "GET https://eve.blob.core.windows.net/x",
        "GET https://storage.googleapis.com/eve/x",
    };
    std::vector<std::string> uses;
    for (const Provider& provider : providers()) uses.push_back(use_of(provider));
    const auto snapshot = snapshot_of(file_with(uses));
    ASSERT_TRUE(snapshot) << sample::first_error(file_with(uses));
    for (const char* const request : kOthers) EXPECT_EQ(verdict_of(snapshot, request), "denied default") << request;
}

// D18: with the owner, bucket or account in the rule, data has nowhere else to go at the provider.
TEST(PackRequests, D18_NarrowedPacksReachNoOtherTenant) {
    const struct {
        std::string use;
        std::vector<std::string> allowed;
        std::vector<std::string> denied;
    } kCases[] = {
        {"{ use: github, credential: one, repos: [acme/app, \"acme/lib-*\"] }",
         {"GET https://api.github.com/repos/acme/app", "POST https://api.github.com/repos/acme/app/issues",
          "GET https://api.github.com/repos/acme/lib-a/pulls",
          "POST https://uploads.github.com/repos/acme/app/releases/1/assets"},
         {"POST https://api.github.com/repos/eve/app/issues", "POST https://api.github.com/gists",
          "GET https://api.github.com/repos/acme/apple", "GET https://api.github.com/user",
          "POST https://api.github.com/user/repos", "GET https://api.github.com/repositories/7",
          "POST https://api.github.com/graphql", "POST https://uploads.github.com/repos/eve/app/releases/1/assets"}},
        {"{ use: github-git, credential: one, repos: acme/app, parts: [fetch-refs, fetch] }",
         {"GET https://github.com/acme/app.git/info/refs?service=git-upload-pack",
          "POST https://github.com/acme/app/git-upload-pack"},
         {"GET https://github.com/eve/app.git/info/refs?service=git-upload-pack",
          "GET https://github.com/acme/app.git/info/refs?service=git-receive-pack",
          "POST https://github.com/acme/app.git/git-receive-pack", "GET https://github.com/acme/app"}},
        {"{ use: gitlab, credential: one, projects: 42 }",
         {"POST https://gitlab.com/api/v4/projects/42/issues"},
         {"POST https://gitlab.com/api/v4/projects/43/issues", "GET https://gitlab.com/api/v4/user",
          "POST https://gitlab.com/api/v4/snippets"}},
        {"{ use: gitlab-git, credential: one, repos: acme/team/app }",
         {"POST https://gitlab.com/acme/team/app.git/git-upload-pack"},
         {"POST https://gitlab.com/acme/team/other.git/git-upload-pack"}},
        {"{ use: aws-s3, credential: one, buckets: acme, regions: eu-west-1 }",
         {"PUT https://acme.s3.eu-west-1.amazonaws.com/x"},
         {"PUT https://eve.s3.eu-west-1.amazonaws.com/x", "PUT https://s3.eu-west-1.amazonaws.com/eve/x",
          "GET https://s3.eu-west-1.amazonaws.com/", "PUT https://acme.s3.us-east-1.amazonaws.com/x"}},
        {"{ use: gcp-storage, credential: one, buckets: acme }",
         {"PUT https://storage.googleapis.com/acme/x"},
         {"PUT https://storage.googleapis.com/eve/x",
          "POST https://storage.googleapis.com/upload/storage/v1/b/eve/o?name=x"}},
        {"{ use: azure-blob, credential: one, accounts: acme, containers: box }",
         {"PUT https://acme.blob.core.windows.net/box/x"},
         {"PUT https://acme.blob.core.windows.net/other/x", "PUT https://eve.blob.core.windows.net/box/x"}},
        {"{ use: docker-hub, credential: one, repos: acme/app, parts: [pull, push] }",
         {"PUT https://registry-1.docker.io/v2/acme/app/manifests/1", "GET https://registry-1.docker.io/v2/"},
         {"PUT https://registry-1.docker.io/v2/eve/app/manifests/1",
          "GET https://registry-1.docker.io/v2/_catalog"}},
        {"{ use: huggingface, credential: one, repos: acme/bert }",
         {"GET https://huggingface.co/acme/bert/resolve/main/x"},
         {"GET https://huggingface.co/eve/bert/resolve/main/x", "GET https://huggingface.co/api/whoami-v2"}},
        {"{ use: slack, credential: one, calls: [chat.postMessage, \"conversations.*\"] }",
         {"POST https://slack.com/api/chat.postMessage", "GET https://slack.com/api/conversations.list"},
         {"POST https://slack.com/api/files.upload"}},
        {"{ use: cloudflare, credential: one, zones: z1 }",
         {"POST https://api.cloudflare.com/client/v4/zones/z1/purge_cache"},
         {"POST https://api.cloudflare.com/client/v4/zones/z2/purge_cache",
          "GET https://api.cloudflare.com/client/v4/accounts"}},
    };
    for (const auto& each : kCases) {
        const auto snapshot = snapshot_of(file_with({each.use}));
        ASSERT_TRUE(snapshot) << sample::first_error(file_with({each.use}));
        for (const std::string& request : each.allowed)
            EXPECT_TRUE(verdict_of(snapshot, request).starts_with("allow ")) << each.use << ' ' << request;
        for (const std::string& request : each.denied)
            EXPECT_EQ(verdict_of(snapshot, request), "denied default") << each.use << ' ' << request;
    }
}

// R11: a token service's answer stays outside with a credential that swaps it, and with no other.
TEST(PackRequests, R11_TokenServicesAreForCredentialsOfTypeRegistryOnly) {
    const struct {
        std::string use;
        std::string realm;
        std::string part;
    } kCases[] = {{"docker-hub, repos: acme/app", "https://auth.docker.io/token", "docker-hub/"},
                  {"ghcr", "https://ghcr.io/token", "ghcr/"},
                  {"quay, repos: acme/app", "https://quay.io/v2/auth", "quay/"},
                  {"oci-registry, at: r.acme.example, realm: auth.acme.example", "https://auth.acme.example/token", "oci-registry/"}};
    for (const auto& each : kCases) {
        const auto text = [&](const std::string& credential) {
            std::string file = file_with({"{ use: " + each.use + ", credential: " + credential + " }"});
            const auto at = file.find("credentials: {") + 14;
            return file.insert(at, " hub: { type: registry, username: agent, password: \"${secrets.token}\", realm: \"" + each.realm + "\" },");
        };
        const std::string request = "GET " + each.realm + "?service=x";
        EXPECT_EQ(verdict_of(snapshot_of(text("hub")), request), "allow " + each.part + "token") << sample::first_error(text("hub"));
        EXPECT_EQ(verdict_of(snapshot_of(text("one")), request), "denied_by_rule " + each.part + "deny-keys");
    }
}

// R11, D18: what a request asks for in its fields.
TEST(PackRequests, R11_DenialsLookAtFieldsWhereTheProviderDoes) {
    const auto s3 = snapshot_of(file_with({"{ use: aws-s3, credential: one, buckets: acme, regions: eu-west-1 }"}));
    const std::string put = "PUT https://acme.s3.eu-west-1.amazonaws.com/x";
    EXPECT_EQ(verdict_of(s3, put), "allow aws-s3/bucket-host");
    EXPECT_EQ(verdict_of(s3, put, {{"X-Amz-Acl", "public-read"}}), "denied_by_rule aws-s3/deny-canned-acl");
    EXPECT_EQ(verdict_of(s3, put, {{"X-Amz-Copy-Source", "/payroll/all"}}), "denied_by_rule aws-s3/deny-copy");
    for (const std::string who : {"read", "read-acp", "write", "write-acp", "full-control"}) {
        EXPECT_EQ(verdict_of(s3, put, {{"X-Amz-Grant-" + who, "id=eve"}}), "denied_by_rule aws-s3/deny-grant-" + who);
        EXPECT_EQ(verdict_of(s3, put + "?x-amz-grant-" + who + "=id%3Deve"), "denied_by_rule aws-s3/deny-query-grant-" + who);
    }
    EXPECT_EQ(verdict_of(s3, put + "?X-Amz-%41cl=public-read"), "denied_by_rule aws-s3/deny-query-acl");
    EXPECT_EQ(verdict_of(s3, put + "?x-amz-copy-source=%2Fpayroll%2Fall"), "denied_by_rule aws-s3/deny-query-copy");
    const auto ecr = snapshot_of(file_with({"{ host: api.ecr.eu-west-1.amazonaws.com, credential: one }"}));
    const std::string post = "POST https://api.ecr.eu-west-1.amazonaws.com/";
    const std::string service = "AmazonEC2ContainerRegistry_V20150921.";
    EXPECT_EQ(verdict_of(ecr, post, {{"X-Amz-Target", service + "DescribeImages"}}), "allow rules[0]");
    EXPECT_EQ(verdict_of(ecr, post, {{"X-Amz-Target", service + "GetAuthorizationToken"}}),
              "denied_by_rule aws-sts/deny-registry-token");
    const auto blob = snapshot_of(file_with({"{ use: azure-blob, credential: one, accounts: acme }"}));
    EXPECT_EQ(verdict_of(blob, "PUT https://acme.blob.core.windows.net/box/x", {{"x-ms-copy-source", "https://x"}}),
              "denied_by_rule azure-blob/deny-copy");
    const auto gcs = snapshot_of(file_with({"{ use: gcp-storage, credential: one, buckets: acme }"}));
    EXPECT_EQ(verdict_of(gcs, "PUT https://storage.googleapis.com/acme/x", {{"x-goog-copy-source", "/eve/x"}}),
              "denied_by_rule gcp-storage/deny-xml-copy");
    EXPECT_EQ(verdict_of(gcs, "PUT https://storage.googleapis.com/acme/x", {{"x-goog-acl", "public-read"}}),
              "denied_by_rule gcp-storage/deny-xml-canned-acl");
    EXPECT_EQ(verdict_of(gcs, "POST https://storage.googleapis.com/upload/storage/v1/b/acme/o?predefinedAcl=publicRead"),
              "denied_by_rule gcp-storage/deny-canned-acl");
}

}  // namespace
}  // namespace sallyport::rules
