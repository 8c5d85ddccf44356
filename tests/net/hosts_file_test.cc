#include "net/hosts_file.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace sallyport::net {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using testing::UnorderedElementsAre;

Address at(std::string_view text) { return parse_address(text).value(); }

TEST(HostsFile, ListsAddressesByName) {
    const auto table = parse_hosts(
        "127.0.0.1\tlocalhost\n"
        "::1 localhost ip6-localhost # the same\n"
        "# 1.1.1.1 commented\n"
        "\n"
        "  10.0.0.1   Git.Corp.  git#glued\r\n"
        "10.0.0.2 git\n"
        "10.0.0.1 git");
    EXPECT_THAT(table, UnorderedElementsAre(Pair("localhost", ElementsAre(at("127.0.0.1"), at("::1"))),
                                            Pair("ip6-localhost", ElementsAre(at("::1"))),
                                            Pair("git.corp", ElementsAre(at("10.0.0.1"))),
                                            Pair("git", ElementsAre(at("10.0.0.1"), at("10.0.0.2")))));
}

TEST(HostsFile, PassesOverWhatItDoesNotUnderstand) {
    for (const std::string& text : {std::string(""), std::string("\n\n"), std::string("name 10.0.0.1"), std::string("10.0.0.1"),
                                    std::string("10.0.0 a"), std::string("fe80::1%lo a"), std::string("\0\0 a", 4)}) {
        EXPECT_THAT(parse_hosts(text), IsEmpty()) << text;
    }
}

TEST(HostsFile, IsEmptyWhereItCannotBeRead) {
    EXPECT_THAT(read_hosts_file("/nonexistent/hosts"), IsEmpty());
    EXPECT_THAT(read_hosts_file("/"), IsEmpty());
}

TEST(HostsFile, IsReadFromDisk) {
    const auto path = std::filesystem::path(testing::TempDir()) / ("hosts." + std::to_string(getpid()));
    std::ofstream(path) << "10.0.0.1 a\n";
    EXPECT_THAT(read_hosts_file(path), ElementsAre(Pair("a", ElementsAre(at("10.0.0.1")))));
    std::filesystem::resize_file(path, 17 * 1024 * 1024);
    EXPECT_THAT(read_hosts_file(path), IsEmpty());
    std::filesystem::remove(path);
}

}  // namespace
}  // namespace sallyport::net
