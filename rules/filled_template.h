// A template with its references filled in, and the secrets that it was made of: what kinds of credentials make their
// values from.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "base/result.h"
#include "base/secret_string.h"
#include "rules/credential_kind.h"
#include "rules/needle_texts.h"
#include "secrets/template_text.h"

namespace sallyport::rules {

// Overwrites what it held, however the function is left. Buffer does so too for the blocks that it outgrows.
struct WipedBuffer : Buffer {
    WipedBuffer() = default;
    WipedBuffer(WipedBuffer&&) = default;
    WipedBuffer& operator=(WipedBuffer&&) = default;
    ~WipedBuffer() { wipe(); }
};

// The secrets that went into a value: they must not come back in any form, whatever was made of them.
class UsedSecrets final {
public:
    void add(std::shared_ptr<const SecretString> secret) { secrets_.push_back(std::move(secret)); }
    void collect(NeedleTexts& texts) const {
        for (const auto& secret : secrets_) texts.secrets.push_back(secret->reveal());
    }

private:
    std::vector<std::shared_ptr<const SecretString>> secrets_;
};

// Appends the template's text to `out`. secret_unavailable where a part is missing.
Result<void> fill_in(const secrets::TemplateText& text, const RenderContext& context, Buffer& out, UsedSecrets& used);

// A value as it is sent: secret_unavailable where it is empty, over 64 KiB, or holds control characters (in a field it would
// be another field: P13).
Result<SecretString> check_sent_value(std::string_view value);

bool is_control(char c);

}  // namespace sallyport::rules
