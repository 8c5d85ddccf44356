#include "admin/sqlite_file.h"

#include <gtest/gtest.h>

#include "tests/admin/store_fixture.h"

namespace sallyport::admin {
namespace {

SqliteFile opened(const std::string& path) {
    write_file(path, "");
    auto file = SqliteFile::open(path);
    SALLYPORT_CHECK(file);
    return std::move(*file);
}

TEST(SqliteFile, AsksAndBinds) {
    const Scratch scratch;
    SqliteFile file = opened(scratch.path());
    ASSERT_TRUE(file.run("CREATE TABLE t(a, b); INSERT INTO t VALUES('x', 1)"));
    Statement insert(file, "INSERT INTO t VALUES(?1, ?2)");
    const std::string odd("a'\0;--", 6);
    EXPECT_EQ(insert.bind(1, odd).bind(2, 0x7fffffffffffffffull).step(), false);
    EXPECT_EQ(file.ask_number("SELECT max(b) FROM t"), 0x7fffffffffffffffull);
    EXPECT_EQ(file.ask_text("SELECT a FROM t WHERE b > 1"), odd);
    EXPECT_EQ(file.ask_text("SELECT NULL"), "");
    Statement all(file, "SELECT b FROM t ORDER BY b");
    EXPECT_EQ(all.step(), true);
    EXPECT_EQ(all.number(0), 1u);
    EXPECT_EQ(all.step(), true);
    EXPECT_EQ(all.step(), false);
}

TEST(SqliteFile, KnowsWhetherItIsInsideOfATransaction) {
    const Scratch scratch;
    SqliteFile file = opened(scratch.path());
    EXPECT_FALSE(file.in_transaction());
    ASSERT_TRUE(file.run("BEGIN"));
    EXPECT_TRUE(file.in_transaction());
    ASSERT_TRUE(file.run("ROLLBACK"));
    EXPECT_FALSE(file.in_transaction());
}

TEST(SqliteFile, ItsFailuresNameTheFileAndWhoseFaultItIs) {
    const Scratch scratch;
    SqliteFile file = opened(scratch.path());
    const auto wrong = file.run("SELECT * FROM none");
    ASSERT_FALSE(wrong);
    EXPECT_EQ(wrong.error().detail, scratch.path() + ": no such table: none");
    EXPECT_FALSE(file.ask_number("SELECT 1 WHERE 0"));
    Statement bad(file, "SELEC");
    EXPECT_FALSE(bad.bind(1, "x").step());
    EXPECT_EQ(SqliteFile::open(scratch.folder() + "/none").error().code, ErrorCode::system);
    write_file(scratch.path() + "2", std::string(4096, 'x'));
    auto damaged = SqliteFile::open(scratch.path() + "2");
    ASSERT_TRUE(damaged);
    EXPECT_EQ(damaged->ask_number("PRAGMA user_version").error().code, ErrorCode::config_invalid);
}

}  // namespace
}  // namespace sallyport::admin
