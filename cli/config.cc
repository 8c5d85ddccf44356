#include "cli/config.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "base/unique_fd.h"
#include "rules/compiled_policy.h"

namespace sallyport::cli {

namespace {

std::shared_ptr<const rules::PolicyFile> with_absolute_paths(rules::PolicyFile file, const std::filesystem::path& folder) {
    const auto from_folder = [&](const std::string& path) { return std::filesystem::absolute(folder / path).lexically_normal(); };
    for (secrets::SecretSource& source : file.secrets) {
        if (source.kind == secrets::SourceKind::file) source.location = from_folder(source.location);
    }
    for (std::string& path : file.upstream_ca_files) path = from_folder(path);
    rules::AdminSpec& admin = file.admin;
    std::vector<std::string*> paths{&file.audit.file, &admin.certificate_file, &admin.key_file, &admin.client_ca_file};
    if (admin.socket != "none") paths.push_back(&admin.socket);
    for (rules::AdminCaller& caller : admin.callers) paths.push_back(&caller.token_file);
    for (std::string& place : file.proxy.listen) {
        if (place.find('/') != std::string::npos) paths.push_back(&place);
    }
    for (std::string* path : paths) {
        if (!path->empty()) *path = from_folder(*path);
    }
    return std::make_shared<const rules::PolicyFile>(std::move(file));
}

constexpr std::string_view kEmbeddedPolicy = "version: 1\npolicies:\n  default: { default: deny }\n";

}  // namespace

Result<std::string> read_text_file(const std::string& path, std::size_t bytes_max) {
    const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) return failure(ErrorCode::config_invalid, path + ": " + std::strerror(errno));
    std::string text;
    char block[16 * 1024];
    for (;;) {
        const ssize_t got = read(fd.get(), block, sizeof block);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return failure(ErrorCode::config_invalid, path + ": " + std::strerror(errno));
        if (got == 0) return text;
        text.append(block, static_cast<std::size_t>(got));
        if (text.size() > bytes_max) return failure(ErrorCode::config_invalid, path + ": too large");
    }
}

Result<std::shared_ptr<const rules::PolicyFile>> load_config(const std::string& path, rules::Severity least) {
    const auto text = path.empty() ? Result<std::string>(kEmbeddedPolicy) : read_text_file(path, kConfigBytesMax);
    if (!text) return failure(text.error());
    rules::ParsedFile parsed = rules::parse_policy_file(*text, path.empty() ? "(embedded policy)" : path);
    for (const rules::Diagnostic& diagnostic : parsed.diagnostics) {
        if (diagnostic.severity == rules::Severity::warning && least == rules::Severity::error) continue;
        std::fprintf(stderr, "%s\n", rules::to_string(diagnostic).c_str());
    }
    if (!parsed.file) return failure(ErrorCode::config_invalid, path + " is not loaded");
    return with_absolute_paths(*parsed.file, std::filesystem::path(path).parent_path());
}

bool has_script(const rules::PolicyFile& file) {
    return std::any_of(file.policies.begin(), file.policies.end(),
                       [](const auto& each) { return !each.second->script_file.empty(); });
}

std::string path_from(const std::string& config_file, const std::string& path) {
    return (std::filesystem::absolute(config_file).parent_path() / path).lexically_normal();
}

Result<rules::SandboxPolicy> choose_policy(const rules::PolicyFile& file, const std::string& sandbox_name,
                                           const std::string& asked_policy) {
    rules::SandboxPolicy chosen;
    chosen.identity.sandbox = sandbox_name;
    if (const auto entry = file.sandboxes.find(sandbox_name); entry != file.sandboxes.end()) {
        chosen.policy = entry->second.policy;
        chosen.identity = {sandbox_name, entry->second.params, entry->second.labels};
    }
    if (!asked_policy.empty()) chosen.policy = asked_policy;
    if (chosen.policy.empty() && file.policies.size() == 1) chosen.policy = file.policies.begin()->first;
    if (chosen.policy.empty() && file.policies.contains("default")) chosen.policy = "default";
    if (chosen.policy.empty()) {
        return failure(ErrorCode::config_invalid,
                       "the file has several policies and none is named \"default\": say which with FILE#NAME");
    }
    if (!file.policies.contains(chosen.policy)) {
        return failure(ErrorCode::config_invalid, "the file has no policy named \"" + chosen.policy + "\"");
    }
    return chosen;
}

}  // namespace sallyport::cli
