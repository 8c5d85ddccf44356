#include "admin/sqlite_file.h"

#include <sqlite3.h>

#include <utility>

namespace sallyport::admin {
namespace {

bool is_file_at_fault(int result) {
    switch (result & 0xff) {
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
        case SQLITE_SCHEMA: return true;
        default: return false;
    }
}

tl::unexpected<Error> file_failure(const std::string& path, int result, const char* text) {
    const std::string why = (result & 0xff) == SQLITE_BUSY ? "is in use by another process" : text;
    return failure(is_file_at_fault(result) ? ErrorCode::config_invalid : ErrorCode::system, path + ": " + why);
}

}  // namespace

void SqliteFile::Close::operator()(sqlite3* database) const { sqlite3_close(database); }

Result<SqliteFile> SqliteFile::open(const std::string& path) {
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE;
    SqliteFile file(path);
    sqlite3* database = nullptr;
    const int opened = sqlite3_open_v2(path.c_str(), &database, flags, nullptr);
    file.database_.reset(database);
    if (opened != SQLITE_OK) return file_failure(path, opened, sqlite3_errstr(opened));
    sqlite3_db_config(database, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(database, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    return file;
}

tl::unexpected<Error> SqliteFile::failed(int result) const {
    return file_failure(path_, result, sqlite3_errmsg(database_.get()));
}

Result<void> SqliteFile::run(const std::string& sql) {
    const int result = sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, nullptr);
    if (result != SQLITE_OK) return failed(result);
    return {};
}

Result<std::uint64_t> SqliteFile::ask_number(std::string_view sql) {
    Statement statement(*this, sql);
    const auto row = statement.step();
    if (!row) return tl::unexpected(row.error());
    if (!*row) return failed(SQLITE_CORRUPT);
    return statement.number(0);
}

Result<std::string> SqliteFile::ask_text(std::string_view sql) {
    Statement statement(*this, sql);
    const auto row = statement.step();
    if (!row) return tl::unexpected(row.error());
    if (!*row) return failed(SQLITE_CORRUPT);
    return statement.text(0);
}

bool SqliteFile::in_transaction() const { return sqlite3_get_autocommit(database_.get()) == 0; }

Statement::Statement(SqliteFile& file, std::string_view sql) : file_(file) {
    note(sqlite3_prepare_v2(file.database_.get(), sql.data(), static_cast<int>(sql.size()), &statement_, nullptr));
}

Statement::~Statement() { sqlite3_finalize(statement_); }

void Statement::note(int result) {
    if (result_ == SQLITE_OK) result_ = result;
}

Statement& Statement::bind(int index, std::string_view text) {
    note(sqlite3_bind_text64(statement_, index, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
    return *this;
}

Statement& Statement::bind(int index, std::uint64_t number) {
    note(sqlite3_bind_int64(statement_, index, static_cast<sqlite3_int64>(number)));
    return *this;
}

Result<bool> Statement::step() {
    if (result_ != SQLITE_OK) return file_.failed(result_);
    const int result = sqlite3_step(statement_);
    if (result == SQLITE_ROW || result == SQLITE_DONE) return result == SQLITE_ROW;
    return file_.failed(result);
}

std::string Statement::text(int column) const {
    const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
    if (data == nullptr) return {};
    return {data, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

std::uint64_t Statement::number(int column) const {
    return static_cast<std::uint64_t>(sqlite3_column_int64(statement_, column));
}

}  // namespace sallyport::admin
