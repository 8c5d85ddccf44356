#include "rules/block_answer_reader.h"

#include <gtest/gtest.h>

#include "tests/rules/sample.h"

namespace sallyport::rules {
namespace {

std::string file_with_blocked(const std::string& blocked) {
    return "version: 1\npolicies:\n  p: { blocked: " + blocked + " }\n";
}

BlockAnswer answer_of(const std::string& blocked) {
    return parse_policy_file(file_with_blocked(blocked), "f").file->policies.at("p")->blocked;
}

TEST(BlockAnswerReader, ReadsAnswers) {
    const BlockAnswer full = answer_of(
        "{ status: 451, content_type: text/html, body: \"no: ${reason}\\n$5 ${error}${rule}${request_id}\" }");
    EXPECT_EQ(full.status, 451);
    EXPECT_EQ(full.content_type, "text/html");
    EXPECT_EQ(full.body, "no: ${reason}\n$5 ${error}${rule}${request_id}");
    const BlockAnswer status = answer_of("{ status: 404 }");
    EXPECT_EQ(status.status, 404);
    EXPECT_FALSE(status.body);
    EXPECT_EQ(answer_of("{ body: no }").content_type, "text/plain; charset=utf-8");
    EXPECT_EQ(answer_of("{ body: no }").status, 403);
    EXPECT_EQ(answer_of("{ body: \"\" }").body, "");
}

TEST(BlockAnswerReader, RefusesWhatIsNone) {
    const std::pair<std::string, std::string> cases[] = {
        {"{}", "17: error: \"blocked\" is empty"},
        {"403", "17: error: \"blocked\" must be a mapping"},
        {"{ code: 403 }", "19: error: unknown key \"code\""},
        {"{ status: 200 }", "27: error: \"status\" must be a number from 400 to 599"},
        {"{ content_type: text/plain }", "33: error: \"content_type\" needs \"body\""},
        {"{ body: x, content_type: \"a\\r\\nb: c\" }", "42: error: \"content_type\" holds a control character"},
        {"{ body: \"${reasons}\" }",
         "25: error: \"body\" may refer to ${error}, ${reason}, ${rule} and ${request_id}, not to \"reasons\", did you "
         "mean \"reason\"?"},
        {"{ body: \"${secrets.token}\" }",
         "25: error: \"body\" may refer to ${error}, ${reason}, ${rule} and ${request_id}, not to \"secrets.token\""},
        {"{ body: \"${reason\" }", "25: error: \"body\": a reference \"${\" is not closed"},
    };
    for (const auto& [blocked, expected] : cases) {
        EXPECT_EQ(sample::first_diagnostic(file_with_blocked(blocked)), "f.yaml:3:" + expected);
    }
}

}  // namespace
}  // namespace sallyport::rules
