#include "proxy/origin_dialer.h"

#include "tests/proxy/gate_fixture.h"

namespace sallyport::proxy {
namespace {

class OriginDialerTest : public GateTest {
protected:
    void SetUp() override { start("version: 1\npolicies: { p: { default: deny } }\n"); }

    // Tells whether `done` came before the constructor was over.
    Result<UniqueFd> dial(const std::string& host, const std::vector<std::string>* networks, bool is_address = false) {
        OwnAddresses own(loop);
        std::optional<Result<UniqueFd>> outcome;
        OriginDialer dialer(context(), own, {host, is_address, origin.port(), networks},
                            [&](Result<UniqueFd> fd) { outcome = std::move(fd); });
        EXPECT_FALSE(outcome) << "before the constructor returned";
        run_until([&] { return outcome.has_value(); });
        return outcome ? std::move(*outcome) : Result<UniqueFd>(failure(ErrorCode::internal));
    }

    const std::vector<std::string> loopback{"127.0.0.0/8"};
    const std::vector<std::string> elsewhere{"10.0.0.0/8"};
};

TEST_F(OriginDialerTest, ConnectsToANameWhoseAddressIsGranted) {
    const auto fd = dial("vcs.example", &loopback);
    ASSERT_TRUE(fd) << fd.error().detail;
    EXPECT_EQ(peer_text(fd->get()), "127.0.0.1:" + std::to_string(origin.port()));
}

TEST_F(OriginDialerTest, D9_APrivateAnswerIsRefusedWithoutAGrantAndOutsideOfIt) {
    for (const auto* networks : {static_cast<const std::vector<std::string>*>(nullptr), &elsewhere}) {
        const auto fd = dial("vcs.example", networks);
        ASSERT_FALSE(fd);
        EXPECT_EQ(fd.error().code, ErrorCode::private_address);
    }
    EXPECT_TRUE(origin.connections.empty());
}

TEST_F(OriginDialerTest, ALiteralThatARuleNamesIsDialled) { EXPECT_TRUE(dial("127.0.0.1", nullptr, true)); }

TEST_F(OriginDialerTest, ANameThatIsNotThereIsSaidToBeSo) {
    const auto fd = dial("localhost.invalid", &loopback);
    ASSERT_FALSE(fd);
    EXPECT_TRUE(fd.error().code == ErrorCode::dns_not_found || fd.error().code == ErrorCode::dns_failed);
}

TEST_F(OriginDialerTest, ItMayBeDestroyedByWhatItCalls) {
    OwnAddresses own(loop);
    bool failed = false;
    auto dialer = std::unique_ptr<OriginDialer>();
    for (const auto* networks : {&elsewhere, &loopback}) {
        failed = false;
        dialer = std::make_unique<OriginDialer>(context(), own, OriginAddress{"vcs.example", false, origin.port(), networks},
                                                [&](Result<UniqueFd>) {
                                                    dialer.reset();
                                                    failed = true;
                                                });
        run_until([&] { return failed; });
        EXPECT_EQ(dialer, nullptr);
    }
}

TEST_F(OriginDialerTest, DestroyingItGivesUp) {
    OwnAddresses own(loop);
    bool called = false;
    {
        const OriginDialer dialer(context(), own, {"vcs.example", false, origin.port(), &elsewhere},
                                  [&](Result<UniqueFd>) { called = true; });
    }
    EXPECT_TRUE(dial("vcs.example", &loopback));
    EXPECT_FALSE(called);
}

}  // namespace
}  // namespace sallyport::proxy
