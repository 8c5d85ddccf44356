#include <gmock/gmock.h>

#include "cli/commands.h"
#include "proxy/audit_log.h"
#include "tests/cli/scratch.h"

namespace sallyport::cli {
namespace {

using testing::HasSubstr;

class AuditTest : public ScratchTest {
protected:
    AuditTest() {
        proxy::AuditOptions options;
        options.path = path();
        auto log = std::move(*proxy::AuditLog::open(options));
        for (int i = 0; i < 5; ++i) {
            EXPECT_TRUE(log->record(proxy::AuditedAct{"uid 0", "put_policy", "p", true, Generation{7}, {}}));
        }
    }
    std::string path() const { return directory + "/audit.jsonl"; }
    int verify(const std::string& expected_hash = {}) {
        testing::internal::CaptureStdout();
        testing::internal::CaptureStderr();
        AuditVerifyOptions options;
        options.files = {path()};
        options.expected_hash = expected_hash;
        const int code = audit_verify(options);
        said = testing::internal::GetCapturedStdout();
        testing::internal::GetCapturedStderr();
        return code;
    }
    std::string said;
};

TEST_F(AuditTest, AWholeLogIsZero) {
    EXPECT_EQ(verify(), 0);
    EXPECT_THAT(said, HasSubstr("whole: 5 lines, 1 to 5"));
    const std::string hash = said.substr(said.find("last hash ") + 10, 64);
    EXPECT_EQ(verify(hash), 0);
    EXPECT_EQ(verify(std::string(64, '0')), 1);
    EXPECT_THAT(said, HasSubstr("not the expected one"));
}

TEST_F(AuditTest, X14_ALogThatWasChangedIsOne) {
    std::string text = read(path());
    text.replace(text.find("put_policy"), 10, "get_policy");
    write("audit.jsonl", text);
    EXPECT_EQ(verify(), 1);
    EXPECT_THAT(said, HasSubstr("broken: "));
}

TEST_F(AuditTest, ALogThatCannotBeReadIsTwo) {
    std::filesystem::remove(path());
    EXPECT_EQ(verify(), kExitNoAnswer);
}

}  // namespace
}  // namespace sallyport::cli
