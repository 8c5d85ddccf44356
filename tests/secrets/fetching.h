// What a provider is given to fetch with, for tests: an HTTP client and commands that answer what the test wants.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "secrets/provider.h"

namespace sallyport::secrets {

class FakeHttp final : public HttpClient {
public:
    std::function<Result<HttpReply>(const HttpRequest&)> answer;

    Result<HttpReply> send(const HttpRequest& request) override {
        return answer ? answer(request) : failure(ErrorCode::secret_unavailable, "nobody answers");
    }
};

class FakeCommands final : public CommandRunner {
public:
    std::function<Result<SecretString>(const std::vector<std::string>&)> answer;

    Result<SecretString> run(const std::vector<std::string>& argv, std::chrono::milliseconds) override {
        return answer ? answer(argv) : failure(ErrorCode::secret_unavailable, "no such command");
    }
};

struct Fetching {
    explicit Fetching(Identity who = {"s", {}, {}}, SecretSnapshot::Values values = {})
        : identity(std::move(who)), inputs(std::move(values)) {}

    Identity identity;
    SecretSnapshot inputs;
    FakeHttp http;
    FakeCommands commands;
    SystemRandom random;
    std::unique_ptr<ProviderState> state;
    FetchContext context{identity, inputs, http, commands, random, WallClock::time_point{}, state};
};

inline SharedValue shared_value(std::string_view text) {
    return std::make_shared<const Result<SecretString>>(SecretString(text));
}

}  // namespace sallyport::secrets
