// Access keys of AWS as secrets: three texts, or one compact JSON object of them, which is what STS providers give.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret_string.h"
#include "secrets/provider.h"

namespace sallyport::secrets {

// Either `document` or both of the others.
struct AwsKeysConfig {
    TemplateText access_key_id;
    TemplateText secret_access_key;
    TemplateText session_token;  // may be empty
    TemplateText document;       // {"access_key_id":…,"secret_access_key":…,"session_token":…}

    bool empty() const { return access_key_id.empty() && document.empty(); }
    void visit(const std::function<void(const TemplateText&)>& visit) const;
};

struct AwsKeySet {
    SecretString access_key_id;
    SecretString secret_access_key;
    SecretString session_token;  // empty: none
};

Result<AwsKeySet> fill_in_keys(const AwsKeysConfig& config, const FetchContext& context);

// The compact form, and back. secret_unavailable for anything that is not it.
SecretString aws_key_document(const AwsKeySet& keys);
Result<AwsKeySet> parse_aws_key_document(std::string_view document);

}  // namespace sallyport::secrets
