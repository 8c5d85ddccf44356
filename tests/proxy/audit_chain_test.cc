#include "proxy/audit_chain.h"

#include <gtest/gtest.h>

namespace sallyport::proxy {
namespace {

// FIPS 180-2, appendix B.1.
TEST(AuditChain, HashesWithSha256) {
    LineHasher hasher;
    for (int again = 0; again < 2; ++again) {
        EXPECT_EQ(hasher.hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}

TEST(AuditChain, EachLineCarriesTheHashOfTheOneBefore) {
    LineHasher hasher;
    AuditLink link;
    std::string text;
    append_sealed_line(text, R"("now")", R"("type":"a")", hasher, link);
    const std::string first_hash = link.hash;
    const std::string start = R"({"seq":1,"time":"now","type":"a","prev":")" + std::string(64, '0') + "\"";
    EXPECT_EQ(first_hash, LineHasher().hex(start));
    EXPECT_EQ(text, start + R"(,"hash":")" + first_hash + "\"}\n");

    text.clear();
    append_sealed_line(text, R"("now")", R"("type":"b")", hasher, link);
    EXPECT_EQ(link.sequence, 2u);
    const auto sealed = read_sealed_line(std::string_view(text).substr(0, text.size() - 1), hasher);
    ASSERT_TRUE(sealed.has_value());
    EXPECT_EQ(sealed->sequence, 2u);
    EXPECT_EQ(sealed->prev, first_hash);
    EXPECT_EQ(sealed->hash, link.hash);
    EXPECT_TRUE(sealed->hash_holds);
}

TEST(AuditChain, EveryChangedByteShows) {
    LineHasher hasher;
    AuditLink link;
    std::string line;
    append_sealed_line(line, R"("now")", R"("type":"decision","host":"a.example")", hasher, link);
    line.pop_back();
    for (std::size_t at = 0; at < line.size(); ++at) {
        std::string changed = line;
        changed[at] = changed[at] == 'x' ? 'y' : 'x';
        const auto sealed = read_sealed_line(changed, hasher);
        EXPECT_FALSE(sealed.has_value() && sealed->hash_holds) << at;
    }
}

TEST(AuditChain, RefusesWhatIsNoRecord) {
    LineHasher hasher;
    const std::string hex(64, 'a');
    for (const std::string& line :
         {std::string(), std::string("{}"), std::string(R"("})"), hex + R"("})",
          R"({"prev":")" + hex + R"(","hash":")" + hex + R"("})",
          R"({"seq":,"time":"x","prev":")" + hex + R"(","hash":")" + hex + R"("})",
          R"({"seq":1,"prev":")" + hex + R"(","hash":")" + hex + R"("})",
          R"({"seq":99999999999999999999,"time":1,"prev":")" + hex + R"(","hash":")" + hex + R"("})",
          R"({"seq":1,"time":"x","prev":")" + std::string(64, 'Z') + R"(","hash":")" + hex + R"("})"}) {
        EXPECT_FALSE(read_sealed_line(line, hasher).has_value()) << line;
    }
}

}  // namespace
}  // namespace sallyport::proxy
