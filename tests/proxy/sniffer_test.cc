#include "proxy/sniffer.h"

#include <gtest/gtest.h>

namespace sallyport::proxy {
namespace {

struct Case {
    std::string_view bytes;
    Protocol protocol;
};

TEST(Sniffer, TellsProtocolsApartByTheirFirstBytes) {
    const Case cases[] = {
        {"", Protocol::need_more},
        {"\r", Protocol::need_more},
        {"\r\n", Protocol::need_more},
        {"G", Protocol::need_more},
        {"GET", Protocol::need_more},
        {"GET ", Protocol::http1},
        {"\r\nGET / HTTP/1.1\r\n", Protocol::http1},
        {"get / HTTP/1.1", Protocol::http1},
        {"VERSION-CONTROL /x", Protocol::http1},
        {"\x16\x03\x01", Protocol::tls},
        {"P", Protocol::need_more},
        {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r", Protocol::need_more},
        {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Protocol::http2},
        {"PRI * HTTP/1.1\r\n", Protocol::http1},
        {"POST ", Protocol::http1},
        {"SSH-2.0-OpenSSH_9.2\r\n", Protocol::unknown},
        {std::string_view("\0\0\0\x08", 4), Protocol::unknown},
        {" GET / HTTP/1.1", Protocol::unknown},
        {"AMETHODTHATISFARTOOLONGTOBEONE", Protocol::unknown},
        {"\x80\x2e\x01", Protocol::unknown},
    };
    for (const Case& each : cases) EXPECT_EQ(sniff(each.bytes), each.protocol) << each.bytes;
}

TEST(Sniffer, NeverChangesItsMindAsMoreBytesCome) {
    for (const std::string_view whole : {"GET / HTTP/1.1\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "\x16\x03\x01\x02", "EHLO\r\n"}) {
        Protocol settled = Protocol::need_more;
        for (std::size_t size = 0; size <= whole.size(); ++size) {
            const Protocol now = sniff(whole.substr(0, size));
            if (settled != Protocol::need_more) {
                EXPECT_EQ(now, settled) << whole.substr(0, size);
            }
            settled = now;
        }
    }
}

}  // namespace
}  // namespace sallyport::proxy
