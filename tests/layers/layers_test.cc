// The include table of docs/architecture.md, checked against the tree; and every source has its test.
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
            std::ifstream in(file);
            const std::string text((std::istreambuf_iterator<char>(in)), {});
            EXPECT_EQ(text.find("#include <event2/"), std::string::npos) << file;
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

}  // namespace
