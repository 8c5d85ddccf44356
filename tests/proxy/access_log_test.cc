#include "proxy/access_log.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <algorithm>
#include <set>

namespace sallyport::proxy {
namespace {

using std::chrono::milliseconds;
using std::chrono::system_clock;

std::string line_of(const AccessRecord& record) {
    std::string line;
    append_access_line(line, record, system_clock::time_point(milliseconds(1'700'000'000'123)));
    return line;
}

TEST(AccessLog, OneRequestIsOneLine) {
    AccessRecord record;
    record.sandbox = "agent-47";
    record.policy = "coding-agent";
    record.generation = Generation{3};
    record.method = "GET";
    record.scheme = "https";
    record.host = "api.example.com";
    record.port = 443;
    record.target = "/repos";
    record.status = 200;
    record.allowed = true;
    record.rule = "read";
    record.credential = "vcs";
    record.response_body_bytes = 12;
    const std::string line = line_of(record);
    EXPECT_TRUE(line.starts_with(R"({"time":"2023-11-14T22:13:20.123Z","request_id":")")) << line;
    for (const char* part : {R"("sandbox":"agent-47")", R"("policy":"coding-agent")", R"("generation":3)", R"("method":"GET")",
                             R"("host":"api.example.com")", R"("port":443)", R"("target":"/repos")", R"("verdict":"allow")",
                             R"("rule":"read")", R"("credential":"vcs")", R"("status":200)", R"("response_bytes":12)"}) {
        EXPECT_NE(line.find(part), std::string::npos) << part << " in " << line;
    }
    EXPECT_EQ(line.find("error"), std::string::npos);
    EXPECT_EQ(line.find('\n'), line.size() - 1);
}

// X14: nothing that a sandbox sends can end a line or begin another.
TEST(AccessLog, X14_NothingFromASandboxBreaksTheLine) {
    AccessRecord record;
    record.method = "GET\n{\"forged\":true}";
    record.host = "a\"b";
    record.target = "/\r\n\x1b[31m\xff";
    const std::string line = line_of(record);
    EXPECT_EQ(line.find('\n'), line.size() - 1);
    EXPECT_EQ(line.find('\x1b'), std::string::npos);
    EXPECT_EQ(line.find("\"forged\":true"), std::string::npos);
}

TEST(AccessLog, SaysWhoIsToBlameForAFailure) {
    const Error error{ErrorCode::tls_verify_failed, "certificate has expired"};
    AccessRecord record;
    record.error = &error;
    const std::string line = line_of(record);
    EXPECT_NE(line.find(R"("error":"tls_verify_failed","blame":"origin","detail":"certificate has expired")"), std::string::npos);
}

TEST(AccessLog, LongTargetsAreCut) {
    const std::string target(5000, 'x');
    AccessRecord record;
    record.target = target;
    EXPECT_LT(line_of(record).size(), 2000u);
}

TEST(AccessLog, RequestIdsAreOpaqueAndUnique) {
    std::set<std::string> ids;
    for (std::uint64_t i = 0; i < 1000; ++i) ids.insert(to_string(RequestId{i}));
    EXPECT_EQ(ids.size(), 1000u);
    for (const std::string& id : ids) EXPECT_EQ(id.size(), 16u);
}

TEST(AccessLog, LinesAreWrittenWhenTheyAreFlushed) {
    UniqueFd file(memfd_create("log", 0));
    const UniqueFd reader(dup(file.get()));
    AccessLogFile log_file(std::move(file));
    net::Loop loop;
    {
        AccessLog log(loop, log_file);
        log.add({});
        log.add({});
        log.flush();
        log.add({});
    }
    char text[4096];
    const ssize_t size = pread(reader.get(), text, sizeof text, 0);
    ASSERT_GT(size, 0);
    EXPECT_EQ(std::count(text, text + size, '\n'), 3);
}

}  // namespace
}  // namespace sallyport::proxy
