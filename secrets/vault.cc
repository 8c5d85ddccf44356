#include "secrets/vault.h"

#include "secrets/expiry.h"
#include "secrets/fill_in.h"
#include "secrets/jwt.h"

namespace sallyport::secrets {
namespace {

// Credentials that the server made for us and takes back.
struct Lease {
    std::string id;
    std::chrono::seconds life{};  // as first granted
    bool is_renewable = false;
    int login = 0;                // which of the session's
    WallClock::time_point renew_at;
    WallClock::time_point end;
    SecretString value;
};

struct VaultState final : ProviderState {
    VaultState(const VaultServer& server, const VaultLogin& login) : session(server, login) {}

    VaultSession session;
    std::optional<Lease> lease;
};

// Version 2 of the KV engine has the secret one level down, beside its metadata.
std::optional<JsonValue> fields_of(const JsonValue& answer) {
    const auto data = answer.member("data");
    if (!data || !data->is_object()) return std::nullopt;
    const auto inner = data->member("data");
    const bool is_version_2 = inner && inner->is_object() && data->member("metadata", "version");
    return is_version_2 ? inner : data;
}

// One fetch, step by step.
class Fetch {
public:
    Fetch(const VaultConfig& config, FetchContext& context, VaultState& state)
        : config_(config), context_(context), session_(state.session), lease_(state.lease) {}

    Result<Fetched> run() {
        const auto path = fill_in_path(config_.path, context_);
        if (!path) return failure(path.error());
        if (const auto ready = session_.prepare(context_); !ready) return failure(ready.error());
        if (lease_ && keep_lease()) return leased();
        lease_.reset();
        auto reply = read(*path);
        // The token may have been revoked before its time: once more with another one.
        if (reply && reply->status == 403 && session_.drop_token()) {
            if (const auto ready = session_.prepare(context_); !ready) return failure(ready.error());
            reply = read(*path);
        }
        if (!reply) return failure(reply.error());
        return take(*reply);
    }

private:
    Result<HttpReply> read(const std::string& path) { return session_.send(context_, "GET", "/v1/" + path, {}); }

    // Whether the value that is there may be used on.
    bool keep_lease() {
        if (lease_->login != session_.logins() || context_.now >= lease_->end) return false;
        if (lease_->is_renewable) return renew_lease();
        return context_.now < lease_->renew_at;
    }

    bool renew_lease() {
        JsonObject body;
        body.field("lease_id", lease_->id);
        const auto reply = session_.send(context_, "PUT", "/v1/sys/leases/renew", body.text());
        // Not to be had now: what was granted still holds.
        if (!reply || reply->status >= 500 || reply->status == 429) return context_.now < lease_->renew_at;
        const auto json = is_success(*reply) ? JsonValue::parse(reply->body) : std::nullopt;
        const auto duration = json ? json->member("lease_duration") : std::nullopt;
        const auto life = duration ? read_lifetime(*duration, "lease_duration") : failure(ErrorCode::secret_unavailable);
        // Near the end of what it may ever have, each renewal gives less: then it is time for other credentials.
        if (!life || *life < lease_->life / 2) return false;
        set_end(*lease_, *life);
        return true;
    }

    Result<Fetched> leased() { return Fetched{SecretString(lease_->value.reveal()), lease_->end}; }

    Result<Fetched> take(const HttpReply& reply) {
        const std::string answer = "the server answered " + std::to_string(reply.status) + " for " + source_text(config_.path);
        if (reply.status == 403 || reply.status == 404) {
            session_.drop_token();
            return failure(ErrorCode::denied, answer);
        }
        if (!is_success(reply)) return failure(ErrorCode::secret_unavailable, answer);
        const auto json = JsonValue::parse(reply.body);
        const auto fields = json ? fields_of(*json) : std::nullopt;
        if (!fields) return failure(ErrorCode::secret_unavailable, answer + " with something else than a secret");
        const auto field = fields->member(config_.field);
        if (!field) return failure(ErrorCode::denied, "there is no field \"" + config_.field + "\" in " + source_text(config_.path));
        auto value = secret_value(*field, config_.field);
        if (!value) return failure(value.error());
        return with_lease(*json, std::move(*value));
    }

    Result<Fetched> with_lease(const JsonValue& json, SecretString value) {
        const auto id = json.member("lease_id");
        const auto text = id ? id->text() : std::nullopt;
        if (!text || text->empty()) return Fetched{std::move(value), std::nullopt};
        const auto duration = json.member("lease_duration");
        const auto life = duration ? read_lifetime(*duration, "lease_duration")
                                   : failure(ErrorCode::secret_unavailable, "the lease has no \"lease_duration\"");
        if (!life) return failure(life.error());
        lease_.emplace();
        lease_->id = text->reveal();
        lease_->life = *life;
        const auto renewable = json.member("renewable");
        lease_->is_renewable = renewable && renewable->flag().value_or(false);
        lease_->login = session_.logins();
        lease_->value = std::move(value);
        set_end(*lease_, *life);
        return leased();
    }

    void set_end(Lease& lease, std::chrono::seconds life) {
        lease.end = usable_until(context_.now, life);
        lease.renew_at = context_.now + life / 2;
    }

    const VaultConfig& config_;
    FetchContext& context_;
    VaultSession& session_;
    std::optional<Lease>& lease_;
};

}  // namespace

std::string VaultProvider::describe() const { return "vault " + source_text(config_.path) + '#' + config_.field; }

void VaultProvider::visit_templates(const std::function<void(const TemplateText&)>& visit) const {
    for (const TemplateText* text : {&config_.path, &config_.login.token, &config_.login.role, &config_.login.secret_id}) {
        if (!text->empty()) visit(*text);
    }
}

Result<Fetched> VaultProvider::fetch(FetchContext& context) const {
    if (!context.state) context.state = std::make_unique<VaultState>(config_.server, config_.login);
    return Fetch(config_, context, static_cast<VaultState&>(*context.state)).run();
}

}  // namespace sallyport::secrets
