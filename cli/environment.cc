#include "cli/environment.h"

#include <algorithm>
#include <cstdlib>

namespace sallyport::cli {
namespace {

constexpr const char* kPassedOn[] = {"PATH", "TERM", "COLORTERM", "LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE", "LC_MESSAGES",
                                     "TZ",   "USER", "LOGNAME",   "SHELL", "HOME", "COLUMNS", "LINES", "NO_COLOR"};

bool is_secret(const std::string& name, const std::vector<std::string>& secret_variables) {
    return std::find(secret_variables.begin(), secret_variables.end(), name) != secret_variables.end();
}

// `start` is "NAME=".
bool is_set(const std::vector<std::string>& environment, const std::string& start) {
    return std::any_of(environment.begin(), environment.end(), [&](const std::string& each) { return each.starts_with(start); });
}

}  // namespace

std::vector<std::string> trust_variables(const std::string& bundle_path, const std::string& ca_path) {
    std::vector<std::string> variables = {"NODE_EXTRA_CA_CERTS=" + ca_path};
    for (const char* name : {"SSL_CERT_FILE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "GIT_SSL_CAINFO", "PIP_CERT",
                             "AWS_CA_BUNDLE", "DENO_CERT", "CARGO_HTTP_CAINFO", "NIX_SSL_CERT_FILE"}) {
        variables.push_back(std::string(name) + "=" + bundle_path);
    }
    return variables;
}

std::string as_lines(const std::vector<std::string>& variables) {
    std::string lines;
    for (const std::string& variable : variables) lines += variable + '\n';
    return lines;
}

Result<std::vector<std::string>> command_environment(const std::vector<std::string>& asked,
                                                     const std::vector<std::string>& secret_variables,
                                                     const std::vector<std::string>& placeholders) {
    std::vector<std::string> environment;
    for (const char* name : kPassedOn) {
        const char* value = std::getenv(name);
        if (value != nullptr && !is_secret(name, secret_variables)) environment.push_back(std::string(name) + "=" + value);
    }
    for (std::string& variable : trust_variables(kBundlePathInside, kCaPathInside)) environment.push_back(std::move(variable));
    // apt changes to a user of its own, which needs a capability.
    environment.push_back(std::string("APT_CONFIG=") + kAptConfigInside);
    for (const std::string& each : asked) {
        const std::size_t equals = each.find('=');
        const std::string name = each.substr(0, equals);
        if (is_secret(name, secret_variables)) {
            return failure(ErrorCode::config_invalid, "--env " + name + ": a secret comes from this variable");
        }
        if (equals != std::string::npos) {
            environment.push_back(each);
            continue;
        }
        const char* value = std::getenv(name.c_str());
        if (value == nullptr) return failure(ErrorCode::config_invalid, "--env " + name + ": not set");
        environment.push_back(name + "=" + value);
    }
    for (const std::string& placeholder : placeholders) {
        if (!is_set(environment, placeholder.substr(0, placeholder.find('=') + 1))) environment.push_back(placeholder);
    }
    return environment;
}

}  // namespace sallyport::cli
