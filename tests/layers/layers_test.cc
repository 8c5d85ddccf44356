// The include table of docs/architecture.md, checked against the tree; and every source, and every row of the threat
// catalogue that we answer for, has its test.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <string>

namespace {

namespace fs = std::filesystem;

const fs::path kRoot = SALLYPORT_SOURCE_DIR;

const std::map<std::string, std::set<std::string>> kMayInclude = {
    {"base", {}},
    {"http", {"base"}},
    {"net", {"base"}},
    {"certs", {"base"}},
    {"secrets", {"base"}},
    {"rules", {"base", "http", "secrets"}},
    {"proxy", {"base", "http", "net", "certs", "rules"}},
    {"sandbox", {"base"}},
    {"admin", {"base", "http", "net"}},
    {"cli", {"base", "http", "net", "certs", "secrets", "rules", "proxy", "sandbox", "admin"}},
};

// What a test that shows it begins its name with; several may: P1P2P4NoProtocolLeaves, D1_TheHostMustBe.
const std::set<std::string> kThreatRows = {
    "D1", "D2", "D3",  "D4",  "D5",  "D6",  "D7",  "D8",  "D9",  "D10", "D11", "D12", "D13", "D14", "D15", "D16", "D17", "D18", "D19", "D20", "D21",
    "P1", "P2", "P3",  "P4",  "P5",  "P6",  "P7",  "P8",  "P9",  "P10", "P11", "P12", "P13", "P14", "P15", "P16", "P17", "P19", "P20",
    "P21", "P22", "P23", "P24", "P25", "X1", "X2",  "X3",  "X4",  "X5",  "X6",  "X7",  "X9",  "X11", "X12", "X14", "X15", "X16", "X17",
    "R1", "R2", "R3",  "R4",  "R5",  "R6",  "R7",  "R8",  "R9",  "R10", "R11", "R12", "R13", "R14", "R15", "R16", "R17",
};

std::vector<fs::path> sources_of(const std::string& folder) {
    std::vector<fs::path> files;
    if (!fs::exists(kRoot / folder)) return files;
    for (const auto& entry : fs::directory_iterator(kRoot / folder)) {
        const auto extension = entry.path().extension();
        if (extension == ".cc" || extension == ".h") files.push_back(entry.path());
    }
    return files;
}

std::vector<std::string> own_includes(const fs::path& file) {
    static const std::regex kInclude(R"(^\s*#\s*include\s*\"([^\"]+)\")");
    std::vector<std::string> includes;
    std::ifstream in(file);
    std::smatch match;
    for (std::string line; std::getline(in, line);) {
        if (std::regex_search(line, match, kInclude)) includes.push_back(match[1]);
    }
    return includes;
}

std::string folder_of(const std::string& include) { return include.substr(0, include.find('/')); }

std::string text_of(const fs::path& file) {
    std::ifstream in(file);
    return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<std::string> all_matches(const std::string& text, const std::regex& pattern) {
    std::vector<std::string> found;
    for (std::sregex_iterator at(text.begin(), text.end(), pattern), end; at != end; ++at) found.push_back((*at)[1]);
    return found;
}

std::vector<std::string> test_names(const fs::path& file) {
    static const std::regex kTest(R"((?:^|\n)TEST(?:_F|_P)?\(\s*\w+\s*,\s*(\w+)\s*\))");
    return all_matches(text_of(file), kTest);
}

// The whole number counts: D11… is not of row D1.
std::vector<std::string> threat_rows_of(const std::string& test_name) {
    static const std::regex kBeginning("^((?:_?[DPRX][0-9]+)+)[_A-Z]"), kRow("([DPRX][0-9]+)");
    std::smatch beginning;
    if (!std::regex_search(test_name, beginning, kBeginning)) return {};
    return all_matches(beginning[1], kRow);
}

TEST(Layers, EachFolderIncludesOnlyWhatTheTableAllows) {
    for (const auto& [folder, allowed] : kMayInclude) {
        for (const fs::path& file : sources_of(folder)) {
            for (const std::string& include : own_includes(file)) {
                const std::string from = folder_of(include);
                EXPECT_TRUE(from == folder || allowed.contains(from)) << file << " includes " << include;
                EXPECT_TRUE(fs::exists(kRoot / include)) << file << " includes " << include;
            }
        }
    }
}

TEST(Layers, OnlyNetKnowsLibevent) {
    for (const auto& [folder, allowed] : kMayInclude) {
        if (folder == "net") continue;
        for (const fs::path& file : sources_of(folder)) {
            EXPECT_EQ(text_of(file).find("#include <event2/"), std::string::npos) << file;
        }
    }
}

TEST(Layers, EverySourceHasItsTest) {
    for (const auto& [folder, allowed] : kMayInclude) {
        for (const fs::path& file : sources_of(folder)) {
            if (file.extension() != ".cc" || file.filename() == "main.cc") continue;
            const fs::path test = kRoot / "tests" / folder / (file.stem().string() + "_test.cc");
            EXPECT_TRUE(fs::exists(test)) << test << " is missing";
        }
    }
}

TEST(Layers, EveryHeaderSaysWhatItIs) {
    for (const auto& [folder, allowed] : kMayInclude) {
        for (const fs::path& file : sources_of(folder)) {
            if (file.extension() != ".h") continue;
            std::ifstream in(file);
            std::string first;
            std::getline(in, first);
            EXPECT_TRUE(first.starts_with("// ")) << file;
        }
    }
}

TEST(Layers, ATestsNameSaysWhichThreatRowsItIsOf) {
    using Rows = std::vector<std::string>;
    EXPECT_EQ(threat_rows_of("D1_TheHostMustBe"), Rows({"D1"}));
    EXPECT_EQ(threat_rows_of("D11AnotherPort"), Rows({"D11"}));
    EXPECT_EQ(threat_rows_of("P1P2P4NoProtocol"), Rows({"P1", "P2", "P4"}));
    EXPECT_EQ(threat_rows_of("X6_X7_Nothing"), Rows({"X6", "X7"}));
    for (const char* none : {"D1", "D1a", "AfterD1NoRow", "DenyD1", "DISABLED_D1Row"}) {
        EXPECT_EQ(threat_rows_of(none), Rows()) << none;
    }
}

TEST(Layers, EveryThreatRowHasItsTest) {
    std::set<std::string> shown;
    for (const auto& entry : fs::recursive_directory_iterator(kRoot / "tests")) {
        if (entry.path().extension() != ".cc") continue;
        for (const std::string& name : test_names(entry.path())) {
            for (const std::string& row : threat_rows_of(name)) shown.insert(row);
        }
    }
    for (const std::string& row : kThreatRows) EXPECT_TRUE(shown.contains(row)) << row << " has no test";
}

}  // namespace
