#include "proxy/kept_secrets.h"

#include <utility>

#include "proxy/limits.h"

namespace sallyport::proxy {

void KeptSecrets::retire(std::shared_ptr<const rules::NeedleSet> needles) {
    if (needles == nullptr) return;
    if (former_needles_.size() == kFormerNeedlesMax) former_needles_.erase(former_needles_.begin());
    former_needles_.push_back(std::move(needles));
}

bool KeptSecrets::reserve_body(std::size_t bytes) {
    if (bytes > kBufferedBodiesBytesMax - body_bytes_) return false;
    body_bytes_ += bytes;
    return true;
}

const std::shared_ptr<const rules::NeedleSet>& KeptSecrets::token_needles() {
    if (compiled_revision_ == tokens_.revision()) return token_needles_;
    compiled_revision_ = tokens_.revision();
    rules::NeedleTexts texts;
    tokens_.collect(texts);
    token_needles_ = texts.secrets.empty() ? nullptr : rules::NeedleSet::compile(texts.secrets, texts.rendered);
    return token_needles_;
}

}  // namespace sallyport::proxy
