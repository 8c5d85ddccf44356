// What the audit tests share: a directory of one's own, sample records, and the lines of a file as JSON.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "proxy/audit_log.h"
#include "proxy/audit_verify.h"

namespace sallyport::proxy {

class AuditDirectory {
public:
    AuditDirectory() {
        std::string name = (std::filesystem::temp_directory_path() / "sallyport-audit-XXXXXX").string();
        path_ = ::mkdtemp(name.data());
    }
    ~AuditDirectory() { std::filesystem::remove_all(path_); }
    AuditDirectory(const AuditDirectory&) = delete;
    AuditDirectory& operator=(const AuditDirectory&) = delete;
    std::string log() const { return path_ + "/audit.jsonl"; }

private:
    std::string path_;
};

inline AuditOptions options_for(const AuditDirectory& directory) { return AuditOptions{.path = directory.log()}; }

inline std::unique_ptr<AuditLog> open_log(const AuditOptions& options) {
    auto log = AuditLog::open(options);
    EXPECT_TRUE(log.has_value()) << log.error().detail;
    return log ? std::move(*log) : nullptr;
}

inline AuditedDecision sample_decision() {
    AuditedDecision decision;
    decision.sandbox = "agent-47";
    decision.policy = "coding-agent";
    decision.generation = Generation{3};
    decision.request_id = RequestId{7};
    decision.method = "GET";
    decision.scheme = "https";
    decision.host = "api.example.com";
    decision.port = 443;
    decision.target = "/repos/acme/x";
    decision.allowed = true;
    decision.rule = "read-acme";
    decision.credential = "vcs";
    decision.action = "forward";
    return decision;
}

inline std::string text_of(const std::string& path) {
    std::ifstream file(path);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

inline void write_text(const std::string& path, const std::string& text) {
    std::ofstream(path, std::ios::trunc) << text;
}

inline std::vector<std::string> lines_of(const std::string& path) {
    std::vector<std::string> lines;
    std::istringstream text(text_of(path));
    for (std::string line; std::getline(text, line);) lines.push_back(line);
    return lines;
}

inline AuditVerdict verdict_on(const std::vector<std::string>& paths) {
    const auto verdict = verify_audit_log(paths);
    EXPECT_TRUE(verdict.has_value()) << verdict.error().detail;
    return verdict.value_or(AuditVerdict{});
}

}  // namespace sallyport::proxy
