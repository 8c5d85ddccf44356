#include "cli/handler_output.h"

#include <gmock/gmock.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>

namespace sallyport::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

std::vector<SecretString> values(std::initializer_list<const char*> texts) {
    std::vector<SecretString> secrets;
    for (const char* text : texts) secrets.emplace_back(text);
    return secrets;
}

TEST(MaskValues, HidesEveryValueWhereverItStands) {
    EXPECT_EQ(mask_values("token abcdef, and abcdef again", values({"abcdef"}), Ending::complete), "token ***, and *** again");
    EXPECT_EQ(mask_values("abcdef", values({"abcd", "abcdef"}), Ending::complete), "***");
    EXPECT_EQ(mask_values("abcdef", values({"abcd", "cdef"}), Ending::complete), "***") << "values that overlap";
    EXPECT_EQ(mask_values("aaaaaa", values({"aaaa"}), Ending::complete), "***");
    EXPECT_EQ(mask_values("nothing", values({"abcd", ""}), Ending::complete), "nothing");
    EXPECT_EQ(mask_values("", values({"abcd"}), Ending::torn), "");
}

TEST(MaskValues, HidesTheBeginningOfAValueWhereTheTextIsTorn) {
    EXPECT_EQ(mask_values("token abcde", values({"abcdef"}), Ending::torn), "token ***");
    EXPECT_EQ(mask_values("token abcde", values({"abcdef"}), Ending::complete), "token abcde");
    EXPECT_EQ(mask_values("token ab", values({"zzzz", "abcdef"}), Ending::torn), "token ***");
    EXPECT_EQ(mask_values("abcdef xyz", values({"abcdef"}), Ending::torn), "*** xyz");
}

class HandlerOutputTest : public testing::Test {
protected:
    HandlerOutputTest() {
        int fds[2];
        if (pipe(fds) != 0) std::abort();
        writer = UniqueFd(fds[1]);
        output = std::make_unique<HandlerOutput>(loop, UniqueFd(fds[0]), "box");
        output->mask("marker-secret");
        testing::internal::CaptureStderr();
    }
    void print(const std::string& text) {
        ASSERT_EQ(write(writer.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
    }
    // Prints each part in turn, each read before the next is written.
    void print_in_parts(const std::vector<std::string>& parts) {
        for (const std::string& part : parts) {
            print(part);
            loop.post([this] { stop_when_read(); });
            loop.run();
        }
    }
    void stop_when_read() {
        int unread = 0;
        ioctl(writer.get(), FIONREAD, &unread);
        if (unread == 0) return loop.stop();
        loop.post([this] { stop_when_read(); });
    }
    std::string said() {
        output->finish();
        return testing::internal::GetCapturedStderr();
    }

    net::Loop loop;
    UniqueFd writer;
    std::unique_ptr<HandlerOutput> output;
};

TEST_F(HandlerOutputTest, EachLineIsALineOfTheLog) {
    print("one\ntwo\n");
    EXPECT_EQ(said(), "sallyport: handler of box: one\nsallyport: handler of box: two\n");
}

TEST_F(HandlerOutputTest, X6_AValueIsMaskedHoweverItWasCut) {
    const std::string line = "the token is marker-secret!\n";
    for (std::size_t cut = 1; cut < line.size(); ++cut) {
        print_in_parts({line.substr(0, cut), line.substr(cut)});
    }
    const std::string all = said();
    EXPECT_EQ(std::count(all.begin(), all.end(), '\n'), static_cast<std::ptrdiff_t>(line.size() - 1));
    EXPECT_THAT(all, HasSubstr("the token is ***!"));
    EXPECT_THAT(all, Not(HasSubstr("marker")));
}

TEST_F(HandlerOutputTest, X6_ALineThatIsCutDoesNotShowHalfAValue) {
    for (std::size_t before = kHandlerLineBytesMax - 14; before <= kHandlerLineBytesMax + 1; ++before) {
        print_in_parts({std::string(before, 'x') + "marker-secret and more", " and yet more\n", "next\n"});
    }
    const std::string all = said();
    EXPECT_EQ(all.find("marker"), std::string::npos);
    EXPECT_EQ(all.find("yet more"), std::string::npos) << "the rest of the line is dropped";
    EXPECT_NE(all.find("next"), std::string::npos);
}

TEST_F(HandlerOutputTest, X6_TheLastLineMayEndInTheMiddleOfAValue) {
    print("so far: marker-se");
    EXPECT_EQ(said(), "sallyport: handler of box: so far: ***\n");
}

TEST_F(HandlerOutputTest, AllThatWasPrintedBeforeTheEndIsSaid) {
    std::string text;
    for (int i = 0; i < 90; ++i) text += "line " + std::to_string(i) + " " + std::string(200, '.') + "\n";
    print(text);
    writer.reset();
    EXPECT_THAT(said(), HasSubstr("line 89 "));
}

TEST_F(HandlerOutputTest, TooManyLinesAreDropped) {
    std::string text;
    for (int i = 0; i < 5000; ++i) text += "x\n";
    print(text);
    const std::string all = said();
    EXPECT_THAT(all, HasSubstr("dropped"));
    // A second may have passed in between.
    EXPECT_LE(std::count(all.begin(), all.end(), '\n'), 10 * kHandlerLinesPerSecondMax);
}

TEST_F(HandlerOutputTest, X14_ControlBytesCannotFakeALine) {
    print("a\rsallyport: error: b\x1b[31m\n");
    const std::string all = said();
    EXPECT_EQ(std::count(all.begin(), all.end(), '\n'), 1);
    EXPECT_THAT(all, Not(HasSubstr("\r")));
    EXPECT_THAT(all, Not(HasSubstr("\x1b")));
}

TEST_F(HandlerOutputTest, ShortValuesAreNotMasked) {
    output->mask("abc");
    print("abc\n");
    EXPECT_THAT(said(), HasSubstr("abc"));
}

}  // namespace
}  // namespace sallyport::cli
