#include "proxy/kept_secrets.h"

namespace sallyport::proxy {

const std::shared_ptr<const rules::NeedleSet>& KeptSecrets::token_needles() {
    if (compiled_revision_ == tokens_.revision()) return token_needles_;
    compiled_revision_ = tokens_.revision();
    rules::NeedleTexts texts;
    tokens_.collect(texts);
    token_needles_ = texts.secrets.empty() ? nullptr : rules::NeedleSet::compile(texts.secrets, texts.rendered);
    return token_needles_;
}

}  // namespace sallyport::proxy
