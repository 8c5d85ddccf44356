#include "rules/command_reader.h"

#include <gtest/gtest.h>

#include "tests/rules/store_reading.h"

namespace sallyport::rules {
namespace {

TEST(CommandReader, FindsAProgramInPathOrBesideTheFile) {
    sample::StoreReading reading("command", "[pass, show, \"a b\"]");
    EXPECT_EQ(read_command(reading.reading)->commands(), (std::vector<std::vector<std::string>>{{"pass", "show", "a b"}}));
    sample::StoreReading relative("command", "[./get]");
    EXPECT_EQ(read_command(relative.reading)->commands(), (std::vector<std::vector<std::string>>{{"/etc/gate/get"}}));
    EXPECT_EQ(relative.messages(), "");
}

TEST(CommandReader, ThreatX12ArgumentsDoNotDependOnTheSandbox) {
    for (const std::string argument : {"${params.x}", "${sandbox.id}", "${labels.x}", "${secrets.x}", "a${"}) {
        sample::StoreReading reading("command", "[pass, \"" + argument + "\"]");
        EXPECT_EQ(read_command(reading.reading), nullptr) << argument;
        EXPECT_NE(reading.messages(), "") << argument;
    }
}

TEST(CommandReader, RefusesWhatIsNoList) {
    for (const std::string text : {"pass show", "[]", "[[pass]]", "{ a: b }", "[\"\"]"}) {
        sample::StoreReading reading("command", text);
        EXPECT_EQ(read_command(reading.reading), nullptr) << text;
        EXPECT_NE(reading.messages(), "") << text;
    }
}

}  // namespace
}  // namespace sallyport::rules
