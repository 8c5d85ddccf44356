// One SQLite database, and statements on it: the only place that knows SQLite. Owned by the state store; one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace sallyport::admin {

class SqliteFile final {
public:
    // The file is there. It is opened so that what its schema says cannot make us do anything. Errors, here and below:
    // config_invalid where the file is damaged, none of SQLite's, or in use; system where the disk fails.
    static Result<SqliteFile> open(const std::string& path);

    // One or more statements, without results.
    Result<void> run(const std::string& sql);
    // The first column of the first row, which there is.
    Result<std::uint64_t> ask_number(std::string_view sql);
    Result<std::string> ask_text(std::string_view sql);
    bool in_transaction() const;

    const std::string& path() const { return path_; }
    // What `result`, the last call's, means.
    tl::unexpected<Error> failed(int result) const;

private:
    friend class Statement;
    struct Close {
        void operator()(sqlite3* database) const;
    };

    explicit SqliteFile(std::string path) : path_(std::move(path)) {}

    std::string path_;
    std::unique_ptr<sqlite3, Close> database_;
};

// One prepared statement; values are copied when bound.
class Statement final {
public:
    // `file` outlives it.
    Statement(SqliteFile& file, std::string_view sql);
    ~Statement();
    Statement(const Statement&) = delete;
    Statement& operator=(const Statement&) = delete;

    Statement& bind(int index, std::string_view text);
    Statement& bind(int index, std::uint64_t number);
    // True for a row, false after the last one.
    Result<bool> step();
    // Of the present row.
    std::string text(int column) const;
    std::uint64_t number(int column) const;

private:
    void note(int result);

    SqliteFile& file_;
    sqlite3_stmt* statement_ = nullptr;
    int result_ = 0;  // the first that was not good
};

}  // namespace sallyport::admin
