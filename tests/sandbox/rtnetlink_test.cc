#include "sandbox/rtnetlink.h"

#include <gtest/gtest.h>
#include <net/if.h>
#include <sys/socket.h>

#include <cerrno>

#include "sandbox/in_namespace.h"

namespace sallyport::sandbox {
namespace {

TEST(RtnetlinkRequest, IsAnsweredWithZeroOrAnError) {
    const auto ran = run_in_new_namespace([]() -> Result<void> {
        rtmsg route{};
        route.rtm_family = AF_INET;
        route.rtm_table = RT_TABLE_LOCAL;
        route.rtm_type = RTN_LOCAL;
        route.rtm_scope = RT_SCOPE_HOST;
        for (const int expected : {0, EEXIST}) {
            RtnetlinkRequest request(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, route);
            request.add(RTA_OIF, ::if_nametoindex("lo"));
            const auto error = request.transact();
            EXPECT_TRUE(error);
            EXPECT_EQ(error.value_or(-1), expected);
        }
        return {};
    });
    EXPECT_TRUE(ran);
}

TEST(RtnetlinkRequest, ALinkThatIsNotThereIsAnError) {
    ifinfomsg link{};
    link.ifi_index = 0x7ffffff0;
    RtnetlinkRequest request(RTM_NEWLINK, 0, link);
    request.add(IFLA_NET_NS_FD, 0xffffff);
    const auto error = request.transact();
    ASSERT_TRUE(error);
    EXPECT_NE(*error, 0);
}

}  // namespace
}  // namespace sallyport::sandbox
