// A folder of a test's own, gone with it; and files in it.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace sallyport::cli {

class ScratchTest : public testing::Test {
protected:
    ScratchTest() {
        char path[] = "/tmp/sallyport-test-XXXXXX";
        directory = mkdtemp(path);
    }
    ~ScratchTest() override { std::filesystem::remove_all(directory); }

    std::string write(const std::string& name, const std::string& text) const {
        const std::string path = directory + "/" + name;
        std::ofstream(path) << text;
        return path;
    }

    static std::string read(const std::string& path) {
        std::ifstream in(path);
        return {std::istreambuf_iterator<char>(in), {}};
    }

    std::string directory;
};

}  // namespace sallyport::cli
