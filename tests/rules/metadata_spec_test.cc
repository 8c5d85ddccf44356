#include "rules/metadata_spec.h"

#include <gtest/gtest.h>

namespace sallyport::rules {
namespace {

// Null where the first message is in `fault`.
std::shared_ptr<const MetadataSpec> read(const std::string& text, std::string* fault = nullptr) {
    Reporter reporter("f.yaml");
    const auto document = read_document("metadata: " + text, reporter);
    auto spec = read_metadata(document->entries.at(0).value, {"bucket", "storage"}, reporter);
    const auto diagnostics = reporter.take();
    EXPECT_EQ(spec == nullptr, !diagnostics.empty()) << text;
    if (fault != nullptr && !diagnostics.empty()) *fault = diagnostics[0].message;
    return spec;
}

TEST(MetadataSpecTest, NamesACloudAndItsCredential) {
    const auto aws = read("{ aws: bucket, region: eu-west-1, role: agent, account: \"123456789012\" }");
    ASSERT_TRUE(aws);
    EXPECT_EQ(aws->cloud, Cloud::aws);
    EXPECT_EQ(aws->credential + aws->region + aws->role + aws->account, "bucketeu-west-1agent123456789012");
    EXPECT_EQ(read("{ gcp: storage, project: acme }")->project, "acme");
    EXPECT_EQ(read("{ azure: storage }")->cloud, Cloud::azure);
}

TEST(MetadataSpecTest, SaysWhatIsWrong) {
    const std::pair<std::string, std::string> cases[] = {
        {"{ aws: buckt }", "credential \"buckt\" is not defined, did you mean \"bucket\"?"},
        {"{ region: x }", "\"metadata\" names a cloud and its credential: { aws: … }, { gcp: … } or { azure: … }"},
        {"{ gcp: storage, project: \"a\\\"b\" }", "\"project\" has up to 256 letters, digits and \"-._:/@+\""},
    };
    for (const auto& [text, expected] : cases) {
        std::string fault;
        read(text, &fault);
        EXPECT_EQ(fault, expected) << text;
    }
    EXPECT_FALSE(read("{ aws: bucket, gcp: storage }"));
    EXPECT_FALSE(read("{ gcp: storage, role: x }"));
    EXPECT_FALSE(read("aws"));
}

}  // namespace
}  // namespace sallyport::rules
