#include "secrets/xml_text.h"

#include <gtest/gtest.h>

#include <string>

namespace sallyport::secrets {
namespace {

std::string text(std::string_view xml) {
    const auto found = xml_text(xml, "Key");
    return found ? std::string(found->reveal()) : "nothing";
}

TEST(XmlText, IsWhatTheOnlyElementOfTheNameHolds) {
    EXPECT_EQ(text("<?xml version=\"1.0\"?><A><Other>x</Other><Key>a+b/c=</Key></A>"), "a+b/c=");
    EXPECT_EQ(text("<Key>&lt;&gt;&amp;&quot;&apos;</Key>"), "<>&\"'");
    EXPECT_EQ(text("<Key></Key>"), "");
}

TEST(XmlText, IsNothingWhereItWouldHaveToBeGuessed) {
    for (const char* xml : {"", "<Key>", "<Key>a", "<Key>a</Other>", "<Key>a<B>b</B></Key>", "<Key>a</Key><Key>b</Key>", "<Key/>",
                            "<Key x='1'>a</Key>", "<!--<Key>a</Key>-->", "<Key><![CDATA[a]]></Key>", "<Key>&#x41;</Key>", "<Key>&evil;</Key>",
                            "<!DOCTYPE a [<!ENTITY b 'c'>]><Key>&b;</Key>"}) {
        EXPECT_EQ(text(xml), "nothing") << xml;
    }
}

}  // namespace
}  // namespace sallyport::secrets
