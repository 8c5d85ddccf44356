#include "proxy/audit_verify.h"

#include "proxy/audit_chain.h"
#include "tests/proxy/audit_fixture.h"

namespace sallyport::proxy {
namespace {

using testing::EndsWith;
using testing::HasSubstr;

// Five good lines in a file, to be spoilt.
class AuditVerify : public testing::Test {
protected:
    AuditVerify() {
        const auto log = open_log(options_for(directory_));
        for (int i = 0; i < 5; ++i) EXPECT_TRUE(log->record(sample_decision()));
        lines_ = lines_of(path());
    }
    std::string path() const { return directory_.log(); }
    std::string broken() {
        std::string text;
        for (const std::string& line : lines_) text += line + "\n";
        return broken(text);
    }
    std::string broken(const std::string& text) {
        write_text(path(), text);
        return verdict_on({path()}).broken;
    }

    AuditDirectory directory_;
    std::vector<std::string> lines_;
};

TEST_F(AuditVerify, SaysWhatItSaw) {
    const AuditVerdict verdict = verdict_on({path()});
    EXPECT_EQ(verdict.broken, "");
    EXPECT_EQ(verdict.lines, 5u);
    EXPECT_EQ(verdict.first_sequence, 1u);
    EXPECT_EQ(verdict.last_sequence, 5u);
    EXPECT_THAT(lines_.back(), EndsWith("\"hash\":\"" + verdict.last_hash + "\"}"));
}

TEST_F(AuditVerify, AnEmptyLogIsWhole) {
    EXPECT_EQ(broken(""), "");
    EXPECT_EQ(verdict_on({path()}).lines, 0u);
}

TEST_F(AuditVerify, FindsAChangedLine) {
    lines_[2].replace(lines_[2].find("allow"), 5, "deny!");
    EXPECT_EQ(broken(), path() + ":3: the hash is not that of the line: the line has been changed");
}

// Somebody changed a line and made its hash right again.
TEST_F(AuditVerify, FindsAChangedLineWithAHashOfItsOwn) {
    lines_[2].replace(lines_[2].find("allow"), 5, "deny!");
    const auto start = lines_[2].find(",\"hash\":");
    lines_[2] = lines_[2].substr(0, start);
    lines_[2] += ",\"hash\":\"" + std::string(LineHasher().hex(lines_[2])) + "\"}";
    EXPECT_THAT(broken(), HasSubstr(":4: \"prev\" is not the hash of the record before"));
}

TEST_F(AuditVerify, FindsARemovedLine) {
    lines_.erase(lines_.begin() + 1, lines_.begin() + 3);
    EXPECT_EQ(broken(), path() + ":2: sequence 4 follows 1: 2 removed");
}

TEST_F(AuditVerify, FindsLinesThatWereMovedRepeatedOrPutIn) {
    std::swap(lines_[1], lines_[2]);
    EXPECT_EQ(broken(), path() + ":2: sequence 3 follows 1: 1 removed");
    std::swap(lines_[1], lines_[2]);
    lines_.insert(lines_.begin() + 3, lines_[2]);
    EXPECT_EQ(broken(), path() + ":4: sequence 3 follows 3: records were moved, repeated or put in");
}

TEST_F(AuditVerify, FindsALineThatIsNoRecord) {
    const std::string good = lines_[1];
    for (const std::string& bad : {std::string(), std::string("{}"), std::string("word"), good + " ", good + "\r"}) {
        lines_[1] = bad;
        EXPECT_EQ(broken(), path() + ":2: this is no record of an audit log") << bad;
    }
}

// With a hash that is right, for a line that no JSON reader takes.
TEST_F(AuditVerify, ALineMustBeJson) {
    std::string text;
    LineHasher hasher;
    AuditLink link;
    append_sealed_line(text, "\"now\"", "\"type\":", hasher, link);
    EXPECT_THAT(broken(text), HasSubstr(":1: this is no record"));
}

TEST_F(AuditVerify, FindsALineWithoutEnd) {
    const std::string text = text_of(path());
    EXPECT_THAT(broken(text.substr(0, text.size() - 1)), HasSubstr(":5: the last line has no end"));
    EXPECT_THAT(broken(text + "{"), HasSubstr(":6: the last line has no end"));
}

TEST_F(AuditVerify, ALineHasABound) {
    EXPECT_THAT(broken(std::string(2 * kAuditLineBytesMax, 'x') + "\n"), HasSubstr("the line is too long"));
}

TEST_F(AuditVerify, TheFirstRecordOfAllHasNoneBefore) {
    LineHasher hasher;
    AuditLink link{0, std::string(64, 'a')};
    std::string text;
    append_sealed_line(text, "\"now\"", "\"type\":\"x\"", hasher, link);
    EXPECT_THAT(broken(text), HasSubstr("the first record of all has a \"prev\""));
}

TEST(AuditVerifyFiles, TheOrderOfTheFilesCounts) {
    const AuditDirectory directory;
    AuditOptions options = options_for(directory);
    options.rotate_bytes = 1;
    const auto log = open_log(options);
    for (int i = 0; i < 4; ++i) ASSERT_TRUE(log->record(sample_decision()));
    const std::string path = directory.log();
    EXPECT_EQ(audit_files(path), (std::vector<std::string>{path + ".3", path + ".2", path + ".1", path}));
    EXPECT_EQ(verdict_on(audit_files(path)).broken, "");
    EXPECT_EQ(verdict_on({path + ".1", path}).first_sequence, 3u);
    EXPECT_EQ(verdict_on({path + ".3", path + ".1"}).broken,
              path + ".1:1: sequence 3 follows 1, the last of " + path +
                  ".3: a file is missing, cut short, or in the wrong place");
    EXPECT_THAT(verdict_on({path, path + ".1"}).broken, HasSubstr("in the wrong place"));
}

TEST(AuditVerifyFiles, AFileThatCannotBeReadIsAnError) {
    for (const std::string& path : {std::string("/no/such/audit.jsonl"), std::string("/")}) {
        const auto verdict = verify_audit_log({path});
        ASSERT_FALSE(verdict.has_value()) << path;
        EXPECT_EQ(verdict.error().code, ErrorCode::config_invalid);
        EXPECT_THAT(verdict.error().detail, HasSubstr(path));
        EXPECT_FALSE(read_decisions({path}, [](const auto&) {}).has_value()) << path;
    }
}

TEST(AuditVerifyFiles, FindsRotatedFilesOnly) {
    const AuditDirectory directory;
    const std::string path = directory.log();
    for (const char* ending : {".10", ".9", ".lock", ".1x", ".x", ".", "2", ".-1"}) write_text(path + ending, "");
    EXPECT_EQ(audit_files(path), (std::vector<std::string>{path + ".10", path + ".9"}));
    write_text(path, "");
    EXPECT_EQ(audit_files(path).back(), path);
    EXPECT_EQ(audit_files("/no/such/directory/log"), std::vector<std::string>{"/no/such/directory/log"});
}

TEST(ReadDecisions, VisitsThoseThatCanBeReplayedAndCountsTheOthers) {
    const AuditDirectory directory;
    const http::CanonicalRequest request{
        "GET", http::Scheme::https, {"a.example", 443, false}, {"/", "/", "", false, false}};
    AuditOptions options = options_for(directory);
    options.replay = true;
    const auto log = open_log(options);
    AuditedDecision decision = sample_decision();
    ASSERT_TRUE(log->record(decision));
    decision.request = &request;
    ASSERT_TRUE(log->record(decision));
    ASSERT_TRUE(log->record(AuditedAct{}));
    decision.by_handler = true;
    ASSERT_TRUE(log->record(decision));
    write_text(directory.log(), text_of(directory.log()) + "{\"seq\":5,");
    std::vector<std::uint64_t> sequences;
    const auto without =
        read_decisions({directory.log()}, [&](const auto& read) { sequences.push_back(read.sequence); });
    ASSERT_TRUE(without.has_value()) << without.error().detail;
    EXPECT_EQ(*without, 1u);
    EXPECT_EQ(sequences, std::vector<std::uint64_t>{2});

    write_text(directory.log(), "{}\n");
    const auto refused = read_decisions({directory.log()}, [](const auto&) {});
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().detail, directory.log() + ":1: this is no record of an audit log");
}

}  // namespace
}  // namespace sallyport::proxy
