// A store that answers what a test wants.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "secrets/provider.h"

namespace sallyport::secrets {

class FakeProvider final : public SecretProvider {
public:
    using Fetch = std::function<Result<Fetched>(FetchContext&)>;

    explicit FakeProvider(std::vector<std::string> templates, Fetch fetch = {}) : fetch_(std::move(fetch)) {
        for (const std::string& text : templates) templates_.push_back(parse_template(text).value());
    }

    std::string_view type() const override { return "fake"; }
    std::string describe() const override { return "fake store"; }
    void visit_templates(const std::function<void(const TemplateText&)>& visit) const override {
        for (const TemplateText& text : templates_) visit(text);
    }
    Result<Fetched> fetch(FetchContext& context) const override {
        return fetch_ ? fetch_(context) : failure(ErrorCode::secret_unavailable, "no answer");
    }

private:
    std::vector<TemplateText> templates_;
    Fetch fetch_;
};

inline SecretSource fake_source(const std::string& name, std::vector<std::string> templates, FakeProvider::Fetch fetch = {}) {
    SecretSource source{name, SourceKind::provider, ""};
    source.provider = std::make_shared<FakeProvider>(std::move(templates), std::move(fetch));
    return source;
}

}  // namespace sallyport::secrets
