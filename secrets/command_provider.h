// `command: [pass, show, stripe/test]`: a secret's value is what a command prints. No shell; the launcher runs it, with an
// environment of its own, and only what the file named when the daemon started.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "secrets/provider.h"

namespace sallyport::secrets {

inline constexpr std::chrono::milliseconds kCommandTimeout{30'000};

class CommandProvider final : public SecretProvider {
public:
    // `argv` is not empty; its first is an absolute path or a name in PATH.
    explicit CommandProvider(std::vector<std::string> argv) : argv_(std::move(argv)) {}

    std::string_view type() const override { return "command"; }
    // The program alone: whoever puts a value into the arguments shows it to `ps`, but not here.
    std::string describe() const override { return "command " + argv_.front(); }
    void visit_templates(const std::function<void(const TemplateText&)>&) const override {}
    std::vector<std::vector<std::string>> commands() const override { return {argv_}; }
    Result<Fetched> fetch(FetchContext& context) const override;

private:
    std::vector<std::string> argv_;
};

}  // namespace sallyport::secrets
