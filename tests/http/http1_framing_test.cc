#include "http/http1_framing.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace sallyport::http {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

FramingFields read(const Fields& fields) {
    HeaderMap headers;
    for (const auto& [name, value] : fields) headers.add(name, value);
    return read_framing_fields(headers);
}

TEST(Http1Framing, ReadsContentLengthsStrictly) {
    EXPECT_EQ(parse_content_length("0"), 0u);
    EXPECT_EQ(parse_content_length("42"), 42u);
    EXPECT_EQ(parse_content_length("9223372036854775807"), 9223372036854775807u);
    for (const char* bad : {"", "00", "01", "+1", "-1", " 1", "1 ", "1,1", "0x1", "1a", "9223372036854775808",
                            "18446744073709551616", "99999999999999999999999"}) {
        EXPECT_FALSE(parse_content_length(bad)) << bad;
    }
}

struct Case {
    Fields fields;
    int version_minor;
    std::optional<BodyFraming> framing;
};

TEST(Http1Framing, SettlesOnOneFramingOrNone) {
    const BodyFraming none;
    const BodyFraming five{BodyKind::length, 5};
    const BodyFraming chunked{BodyKind::chunked, 0};
    const Case cases[] = {
        {{}, 1, none},
        {{{"Host", "a"}}, 0, none},
        {{{"content-length", "5"}}, 1, five},
        {{{"Content-Length", "5"}}, 0, five},
        {{{"Transfer-Encoding", "chunked"}}, 1, chunked},
        {{{"TRANSFER-ENCODING", "CHUNKED"}}, 1, chunked},
        {{{"Transfer-Encoding", "chunked"}}, 0, {}},
        {{{"Transfer-Encoding", "gzip, chunked"}}, 1, {}},
        {{{"Transfer-Encoding", ""}}, 1, {}},
        {{{"Transfer-Encoding", "chunked"}, {"Transfer-Encoding", "chunked"}}, 1, {}},
        {{{"Content-Length", "5"}, {"Content-Length", "5"}}, 1, {}},
        {{{"Content-Length", "5"}, {"Transfer-Encoding", "chunked"}}, 1, {}},
        {{{"Content-Length", "x"}}, 1, {}},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.fields.empty() ? "" : c.fields[0].second);
        EXPECT_EQ(declared_framing(read(c.fields), c.version_minor), c.framing);
    }
}

struct Alive {
    Fields fields;
    bool in_1_0;
    bool in_1_1;
};

TEST(Http1Framing, KeepsConnectionsAliveAsTheVersionSays) {
    const Alive cases[] = {
        {{}, false, true},
        {{{"Connection", "close"}}, false, false},
        {{{"Connection", "CLOSE"}}, false, false},
        {{{"Connection", "keep-alive"}}, true, true},
        {{{"Connection", "keep-alive, close"}}, false, false},
        {{{"Connection", "keep-alive"}, {"Connection", "a, ,close"}}, false, false},
        {{{"Connection", "closed"}}, false, true},
        {{{"Connection", "x,\tKeep-Alive ,"}}, true, true},
    };
    for (const Alive& c : cases) {
        SCOPED_TRACE(c.fields.empty() ? "" : c.fields[0].second);
        EXPECT_EQ(keeps_alive(read(c.fields), 0), c.in_1_0);
        EXPECT_EQ(keeps_alive(read(c.fields), 1), c.in_1_1);
    }
}

TEST(Http1Framing, SeesUpgradesAndExpectations) {
    const FramingFields upgrade = read({{"Upgrade", "websocket"}, {"Connection", "keep-alive, Upgrade"}});
    EXPECT_TRUE(upgrade.has_upgrade && upgrade.names_upgrade);
    const FramingFields expect = read({{"Expect", "100-Continue"}});
    EXPECT_EQ(expect.expectations, 1u);
    EXPECT_TRUE(expect.expects_continue);
    EXPECT_FALSE(read({{"Expect", "100-continue"}, {"Expect", "x"}}).expects_continue);
}

}  // namespace
}  // namespace sallyport::http
