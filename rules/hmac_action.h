// Signs requests with a shared secret: the text that is signed, and where the signature goes, are templates.
#pragma once

#include <array>
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "rules/credential_action.h"
#include "rules/filled_template.h"
#include "rules/hmac_template.h"
#include "secrets/digest.h"

namespace sallyport::rules {

enum class TimeFormat { unix_seconds, unix_ms, iso8601, http_date };
enum class NonceFormat { hex, uuid };

// A field or a query key that is put in; the sandbox's own of that name is removed.
struct HmacPlacement {
    enum class Where { field, query };
    Where where = Where::field;
    std::string name;
    HmacTemplate value;
};

struct HmacConfig {
    secrets::DigestKind algorithm = secrets::DigestKind::sha256;
    TextEncoding signature_encoding = TextEncoding::hex;
    TimeFormat time_format = TimeFormat::unix_seconds;
    std::chrono::milliseconds skew{0};  // taken off the clock, for origins that refuse what is from their future
    NonceFormat nonce_format = NonceFormat::hex;
    HmacTemplate text;
    std::vector<HmacPlacement> placements;
};

class HmacAction final : public CredentialAction {
public:
    // `config` with all that is secret or the sandbox's filled in: its parts of kind `text` are literals. `used` are the
    // secrets that went into it; `key` is what signs, decoded.
    HmacAction(HmacConfig config, SecretString key, UsedSecrets used);
    ~HmacAction() override;

    BodyUse body_use(const http::RequestHead& head) const override;
    bool owns_field(std::string_view name) const override;
    // Placements without the signature are put in first, so that the text may hold them. signature_refused where a field
    // that is signed is repeated, and where a value cannot be sent.
    Result<void> apply(OutgoingRequest& request) const override;
    void collect(NeedleTexts& texts) const override;

private:
    struct Values;
    enum class Holding { no_signature, signature };

    Result<void> put_those(Holding which, const OutgoingRequest& request, const Values& values) const;
    Result<void> put(const HmacPlacement& placement, const OutgoingRequest& request, const Values& values) const;
    Result<void> append(const HmacTemplate& text, const OutgoingRequest& request, const Values& values, Buffer& out) const;
    Result<void> append_part(const HmacPart& part, const OutgoingRequest& request, const Values& values, Buffer& out) const;

    HmacConfig config_;
    const SecretString key_;
    const UsedSecrets used_;
};

}  // namespace sallyport::rules
