#include "proxy/access_log.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

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
    EXPECT_EQ(line.find("scrubbed"), std::string::npos);
    EXPECT_EQ(line.find('\n'), line.size() - 1);
    record.scrubbed = 3;
    EXPECT_NE(line_of(record).find("\"response_bytes\":12,\"scrubbed\":3"), std::string::npos);
    EXPECT_EQ(line_of(record).find("secret_parts"), std::string::npos);
    record.secret_parts = 2;
    EXPECT_NE(line_of(record).find("\"scrubbed\":3,\"secret_parts\":2"), std::string::npos);
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

std::string content_of(const UniqueFd& fd) {
    std::string text(4096, '\0');
    const ssize_t size = pread(fd.get(), text.data(), text.size(), 0);
    text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    return text;
}

TEST(AccessLogFile, GoesOnWithAnotherFile) {
    UniqueFd first(memfd_create("first", MFD_CLOEXEC));
    UniqueFd second(memfd_create("second", MFD_CLOEXEC));
    const UniqueFd first_reader(dup(first.get()));
    const UniqueFd second_reader(dup(second.get()));
    AccessLogFile file(std::move(first));
    file.write("one\n");
    file.reopen(std::move(second));
    file.write("two\n");
    EXPECT_EQ(content_of(first_reader), "one\n");
    EXPECT_EQ(content_of(second_reader), "two\n");
    file.reopen(UniqueFd());
    file.write("three\n");
    EXPECT_EQ(content_of(second_reader), "two\n");
}

TEST(AccessLog, TheTapSeesWholeLinesWhileItIsWanted) {
    net::Loop loop;
    AccessLogFile file{UniqueFd()};
    std::string tapped;
    std::atomic<bool> is_wanted{false};
    AccessLog log(loop, file, {[&](std::string_view lines) { tapped += lines; }, &is_wanted});
    AccessRecord record;
    record.target = "/before";
    log.add(record);
    log.flush();
    EXPECT_EQ(tapped, "");
    is_wanted = true;
    for (const char* target : {"/a", "/b"}) {
        record.target = target;
        log.add(record);
    }
    EXPECT_EQ(tapped, "") << "together, a few milliseconds later";
    log.flush();
    log.flush();
    EXPECT_EQ(std::count(tapped.begin(), tapped.end(), '\n'), 2);
    EXPECT_TRUE(tapped.ends_with("}\n"));
    EXPECT_EQ(tapped.find("/before"), std::string::npos);
}

TEST(AccessLog, CountsWhatItLogs) {
    net::Loop loop;
    AccessLogFile file{UniqueFd()};
    AccessLog log(loop, file);
    const Error error{ErrorCode::denied, {}};
    AccessRecord record;
    record.error = &error;
    record.total_us = 2'000;
    log.add(record);
    EXPECT_EQ(log.counters().requests_denied, 1u);
    EXPECT_EQ(log.counters().errors[static_cast<std::size_t>(ErrorCode::denied)], 1u);
    EXPECT_EQ(log.counters().request_durations[1], 1u);
}

}  // namespace
}  // namespace sallyport::proxy
