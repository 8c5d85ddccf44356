#include "admin/state_store.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "tests/admin/store_fixture.h"

namespace sallyport::admin {
namespace {

std::string error_of(const std::string& path) {
    const auto store = StateStore::open(path);
    if (store) return "none";
    return std::string(tag(store.error().code)) + ": " + store.error().detail;
}

void run_sql(const std::string& path, const char* sql) {
    sqlite3* database = nullptr;
    ASSERT_EQ(sqlite3_open(path.c_str(), &database), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(database, sql, nullptr, nullptr, nullptr), SQLITE_OK);
    sqlite3_close(database);
}

TEST(StateStore, WhatWasAppliedIsThereAfterwards) {
    const Scratch scratch;
    {
        auto store = StateStore::open(scratch.path());
        ASSERT_TRUE(store) << store.error().detail;
        EXPECT_EQ((*store)->load()->generation, 0u);
        const std::string odd = "{\"a\":\"\xc3\xa4\0b\"}" + std::string(1, '\0') + "tail";
        ASSERT_TRUE((*store)->apply({7, {{"p", "{}"}, {"q", odd}}, {{"s", R"({"policy":"p"})"}}}));
        ASSERT_TRUE((*store)->apply({9, {{"p", std::nullopt}, {"none", std::nullopt}}, {{"p", "1"}}}));
        EXPECT_EQ((*store)->load()->policies.at("q").json, odd);
    }
    const auto state = (*StateStore::open(scratch.path()))->load();
    EXPECT_EQ(state->generation, 9u);
    ASSERT_EQ(state->policies.size(), 1u);
    EXPECT_EQ(state->policies.at("q").generation, 7u);
    ASSERT_EQ(state->egress.size(), 2u);
    EXPECT_EQ(state->egress.at("s").json, R"({"policy":"p"})");
    EXPECT_EQ(state->egress.at("p").generation, 9u);
}

TEST(StateStore, TheFileIsItsOwnersOnly) {
    const Scratch scratch;
    const auto store = StateStore::open(scratch.path());
    ASSERT_TRUE((*store)->apply({1, {{"p", "{}"}}, {}}));
    for (const auto& entry : std::filesystem::directory_iterator(scratch.folder())) {
        struct stat found {};
        ASSERT_EQ(stat(entry.path().c_str(), &found), 0);
        EXPECT_EQ(found.st_mode & 0777, 0600u) << entry.path();
    }
}

TEST(StateStore, ASecondUserIsRefusedAndTheFirstIsNotDisturbed) {
    const Scratch scratch;
    const auto first = StateStore::open(scratch.path());
    ASSERT_TRUE(first);
    for (int i = 0; i < 2; ++i) {
        EXPECT_NE(error_of(scratch.path()).find("config_invalid"), std::string::npos);
        EXPECT_NE(error_of(scratch.path()).find("in use by another process"), std::string::npos);
        ASSERT_TRUE((*first)->apply({1, {{"p", "{}"}}, {}}));
    }
    EXPECT_EQ(run_in_child([&] { return StateStore::open(scratch.path()) ? 1 : 0; }), 0);
}

TEST(StateStore, AFileThatIsNotOursIsRefusedAndLeftAlone) {
    const Scratch scratch;
    std::ofstream(scratch.path()) << "this is somebody's text, and it is longer than a header of a hundred bytes is, "
                                     "so that nobody takes it for an empty one";
    const auto size = std::filesystem::file_size(scratch.path());
    EXPECT_NE(error_of(scratch.path()).find("config_invalid"), std::string::npos) << error_of(scratch.path());
    EXPECT_EQ(std::filesystem::file_size(scratch.path()), size);

    const Scratch other;
    run_sql(other.path(), "CREATE TABLE theirs(a)");
    EXPECT_NE(error_of(other.path()).find("not a state file"), std::string::npos) << error_of(other.path());
}

TEST(StateStore, AFileOfALaterVersionIsRefused) {
    const Scratch scratch;
    ASSERT_TRUE(StateStore::open(scratch.path()));
    run_sql(scratch.path(), "PRAGMA user_version=2");
    EXPECT_NE(error_of(scratch.path()).find("later version"), std::string::npos) << error_of(scratch.path());
}

TEST(StateStore, ADamagedFileIsRefused) {
    const Scratch scratch;
    {
        const auto store = StateStore::open(scratch.path());
        for (std::uint64_t i = 1; i < 50; ++i) {
            ASSERT_TRUE((*store)->apply({i, {{"p" + std::to_string(i), std::string(500, 'x')}}, {}}));
        }
    }
    const auto whole = file_text(scratch.path());
    for (std::size_t page = 0; page * 4096 < whole.size(); ++page) {
        std::string damaged = whole;
        for (std::size_t i = 0; i < 200; ++i) damaged[page * 4096 + i] = static_cast<char>(0xa5);
        write_file(scratch.path(), damaged);
        EXPECT_NE(error_of(scratch.path()).find("config_invalid"), std::string::npos) << page;
    }
    write_file(scratch.path(), whole.substr(0, whole.size() / 2));
    EXPECT_NE(error_of(scratch.path()).find("config_invalid"), std::string::npos);
}

TEST(StateStore, WhatIsNoFileIsRefused) {
    const Scratch scratch;
    EXPECT_NE(error_of(scratch.folder()).find("not a regular file"), std::string::npos);
    std::filesystem::create_symlink("/nowhere/else", scratch.path());
    EXPECT_NE(error_of(scratch.path()).find("not a regular file"), std::string::npos);
    EXPECT_NE(error_of(scratch.folder() + "/none/state.db").find("system: "), std::string::npos);
}

}  // namespace
}  // namespace sallyport::admin
