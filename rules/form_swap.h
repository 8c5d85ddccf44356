// Puts a secret into a form (application/x-www-form-urlencoded) of a request, where its placeholder stands in the value of
// a declared field, and nowhere else. Streaming, at any split. body_unreadable for a declared field that occurs twice, and
// for what some origins read as the end of a field and others do not.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "rules/credential_action.h"
#include "rules/text_swap.h"

namespace sallyport::rules {

inline constexpr std::size_t kFormFieldsMax = 32;
inline constexpr std::size_t kFormKeyBytesMax = 256;

class FormSwap final : public BodyRewriter {
public:
    // `fields` are names as they are meant, at most kFormFieldsMax; `secret` is percent-encoded already. All outlive this.
    FormSwap(const std::vector<std::string>& fields, const SwapPattern& pattern, std::string_view secret,
             unsigned count_max)
        : fields_(fields), swap_(pattern, secret, count_max) {}

    Result<void> feed(std::string_view bytes, Buffer& out) override;
    Result<void> finish(Buffer& out) override;

private:
    bool take(char c);
    bool take_key_byte(char c);
    bool end_key();

    const std::vector<std::string>& fields_;
    TextSwap swap_;
    std::string key_;  // decoded
    bool is_key_cut_ = false;
    bool in_key_ = true;
    bool is_declared_ = false;
    int escape_digits_ = 0;  // that are still to come
    int escaped_ = 0;
    std::uint32_t seen_ = 0;
};

}  // namespace sallyport::rules
