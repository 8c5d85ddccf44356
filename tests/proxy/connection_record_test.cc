#include "proxy/connection_record.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/proxy/audit_fixture.h"

namespace sallyport::proxy {
namespace {

std::shared_ptr<const rules::PolicySnapshot> make_policy() {
    const auto parsed = rules::parse_policy_file("version: 1\npolicies: { p: { default: deny } }\n", "x.yaml");
    return *rules::make_snapshot(*parsed.file, {"p", {}, nullptr}, secrets::SecretSnapshot::load({}, {}), Generation{4});
}

TEST(ConnectionRecord, SaysWhoseItIsAndUnderWhichPolicy) {
    const SandboxId id{"box"};
    const auto snapshot = make_policy();
    const AccessRecord record = connection_record(id, *snapshot, RequestId{9});
    EXPECT_EQ(record.sandbox, "box");
    EXPECT_EQ(record.policy, "p");
    EXPECT_EQ(record.generation, Generation{4});
    EXPECT_EQ(record.request_id, RequestId{9});
    EXPECT_FALSE(record.allowed);
}

TEST(ConnectionRecord, WithoutAnAuditLogThereIsNothingToRecord) { EXPECT_TRUE(audit_connection(nullptr, {}, "tcp")); }

}  // namespace
}  // namespace sallyport::proxy
