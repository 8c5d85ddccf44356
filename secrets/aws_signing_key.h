// Keys of AWS Signature Version 4 and 4a, derived from a secret access key, and signatures made with them.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "secrets/aws_signature.h"
#include "secrets/digest.h"

struct evp_pkey_st;

namespace sallyport::secrets {

// The views are the caller's.
struct AwsKeys {
    std::string_view access_key_id;
    std::string_view secret_access_key;
    std::string_view session_token = {};  // is sent beside the signature, where there is one
};

// Immutable; any thread.
class AwsSigningKey final {
public:
    // v4: good for one day, region and service. v4a: good for all of them.
    AwsSigningKey(const AwsKeys& keys, const AwsScope& scope);

    // In lower-case hex: 64 digits of a v4 key; the DER form of an ECDSA signature of a v4a key, at most 144 digits, and
    // another one each time.
    std::string sign(std::string_view string_to_sign) const;

private:
    struct Free {
        void operator()(evp_pkey_st* key) const noexcept;
    };

    DigestBytes key_;                            // v4
    std::unique_ptr<evp_pkey_st, Free> ec_key_;  // v4a
};

// The keys that one secret access key was last asked for. Any thread.
class AwsKeyCache final {
public:
    std::shared_ptr<const AwsSigningKey> get(const AwsKeys& keys, const AwsScope& scope);

private:
    struct Entry {
        std::string scope;
        std::shared_ptr<const AwsSigningKey> key;
    };

    static constexpr std::size_t kEntriesMax = 16;  // regions times services in use, on one day

    std::mutex mutex_;
    std::vector<Entry> entries_;
    std::size_t next_ = 0;  // to be replaced
};

}  // namespace sallyport::secrets
