#include "admin/state_store.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include "admin/sqlite_file.h"
#include "base/unique_fd.h"

namespace sallyport::admin {
namespace {

constexpr int kApplicationId = 0x53504131;  // "SPA1"
constexpr int kSchemaVersion = 1;

// Before the first access: with the exclusive lock the index of the log is kept in our own memory, so that there is no
// shared-memory file and no second process; FULL syncs the log before a commit returns.
constexpr char kSettings[] =
    "PRAGMA locking_mode=EXCLUSIVE;"
    "PRAGMA synchronous=FULL;"
    "PRAGMA temp_store=MEMORY;"
    "PRAGMA mmap_size=0;"
    "PRAGMA cell_size_check=ON;";

constexpr char kSchema[] =
    "CREATE TABLE generation(id INTEGER PRIMARY KEY CHECK(id = 1), last INTEGER NOT NULL) STRICT;"
    "INSERT INTO generation VALUES(1, 0);"
    "CREATE TABLE documents(kind TEXT NOT NULL, name TEXT NOT NULL, json TEXT NOT NULL, generation INTEGER NOT NULL,"
    " PRIMARY KEY(kind, name)) STRICT, WITHOUT ROWID;";

constexpr std::string_view kPolicyKind = "policy";
constexpr std::string_view kEgressKind = "egress";

Result<void> finish(Statement& statement) {
    const auto row = statement.step();
    if (!row) return tl::unexpected(row.error());
    return {};
}

// SQLite would make it readable for everyone. Never opened where it is there: closing any descriptor of a file gives up
// the process's POSIX locks on it, SQLite's among them.
Result<void> make_private_file(const std::string& path) {
    struct stat found {};
    if (lstat(path.c_str(), &found) == 0) {
        if (S_ISREG(found.st_mode)) return {};
        return failure(ErrorCode::config_invalid, path + ": is not a regular file");
    }
    const UniqueFd made(open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (made) return {};
    return failure(ErrorCode::system, path + ": cannot be made: " + std::strerror(errno));
}

}  // namespace

struct StateStore::Database {
    explicit Database(SqliteFile&& opened) : file(std::move(opened)) {}

    Result<void> check_origin(bool& is_new);
    Result<void> prepare();
    Result<void> write(const StateChange& change);
    Result<void> write(std::string_view kind, const std::string& name, const std::optional<std::string>& json,
                       std::uint64_t generation);

    SqliteFile file;
};

// Nothing is written before we know that the file is ours and whole, or empty.
Result<void> StateStore::Database::check_origin(bool& is_new) {
    const auto application = file.ask_number("PRAGMA application_id");
    if (!application) return tl::unexpected(application.error());
    const auto version = file.ask_number("PRAGMA user_version");
    if (!version) return tl::unexpected(version.error());
    const auto tables = file.ask_number("SELECT count(*) FROM sqlite_schema");
    if (!tables) return tl::unexpected(tables.error());
    is_new = *application == 0 && *version == 0 && *tables == 0;
    if (is_new) return {};
    if (*application != kApplicationId) {
        return failure(ErrorCode::config_invalid, file.path() + ": is not a state file of this program");
    }
    if (*version != kSchemaVersion) {
        return failure(ErrorCode::config_invalid, file.path() + ": was written by a later version: its form is " +
                                                      std::to_string(*version) + ", this program knows " +
                                                      std::to_string(kSchemaVersion));
    }
    const auto verdict = file.ask_text("PRAGMA quick_check(1)");
    if (!verdict) return tl::unexpected(verdict.error());
    if (*verdict != "ok") return failure(ErrorCode::config_invalid, file.path() + ": is damaged: " + *verdict);
    return {};
}

Result<void> StateStore::Database::prepare() {
    bool is_new = false;
    if (auto ours = check_origin(is_new); !ours) return ours;
    const auto mode = file.ask_text("PRAGMA journal_mode=WAL");
    if (!mode) return tl::unexpected(mode.error());
    if (*mode != "wal") return failure(ErrorCode::system, file.path() + ": a write-ahead log cannot be kept there");
    if (auto locked = file.run("BEGIN EXCLUSIVE"); !locked) return locked;
    if (is_new) {
        const std::string marks = "PRAGMA application_id=" + std::to_string(kApplicationId) +
                                  ";PRAGMA user_version=" + std::to_string(kSchemaVersion) + ";";
        if (auto made = file.run(marks + kSchema); !made) return made;
    }
    // Written even where nothing is new: the log's file is made and the directory synced now, not while serving.
    if (auto written = file.run("UPDATE generation SET last = last"); !written) return written;
    return file.run("COMMIT");
}

Result<void> StateStore::Database::write(std::string_view kind, const std::string& name,
                                         const std::optional<std::string>& json, std::uint64_t generation) {
    if (!json) {
        Statement removal(file, "DELETE FROM documents WHERE kind = ?1 AND name = ?2");
        return finish(removal.bind(1, kind).bind(2, name));
    }
    Statement setting(file, "INSERT OR REPLACE INTO documents(kind, name, json, generation) VALUES(?1, ?2, ?3, ?4)");
    return finish(setting.bind(1, kind).bind(2, name).bind(3, *json).bind(4, generation));
}

Result<void> StateStore::Database::write(const StateChange& change) {
    for (const auto& [name, json] : change.policies) {
        if (auto done = write(kPolicyKind, name, json, change.generation); !done) return done;
    }
    for (const auto& [name, json] : change.egress) {
        if (auto done = write(kEgressKind, name, json, change.generation); !done) return done;
    }
    Statement last(file, "UPDATE generation SET last = max(last, ?1)");
    return finish(last.bind(1, change.generation));
}

StateStore::~StateStore() = default;

Result<std::unique_ptr<StateStore>> StateStore::open(const std::string& path) {
    if (auto made = make_private_file(path); !made) return tl::unexpected(made.error());
    auto file = SqliteFile::open(path);
    if (!file) return tl::unexpected(file.error());
    if (auto set = file->run(kSettings); !set) return tl::unexpected(set.error());
    std::unique_ptr<StateStore> store(new StateStore());
    store->database_ = std::make_unique<Database>(std::move(*file));
    if (auto ready = store->database_->prepare(); !ready) return tl::unexpected(ready.error());
    return store;
}

Result<StoredState> StateStore::load() const {
    StoredState state;
    const auto last = database_->file.ask_number("SELECT last FROM generation WHERE id = 1");
    if (!last) return tl::unexpected(last.error());
    state.generation = *last;
    Statement rows(database_->file, "SELECT kind, name, json, generation FROM documents");
    for (;;) {
        const auto row = rows.step();
        if (!row) return tl::unexpected(row.error());
        if (!*row) return state;
        auto& documents = rows.text(0) == kPolicyKind ? state.policies : state.egress;
        documents[rows.text(1)] = {rows.text(2), rows.number(3)};
    }
}

Result<void> StateStore::apply(const StateChange& change) {
    if (auto begun = database_->file.run("BEGIN IMMEDIATE"); !begun) return begun;
    auto done = database_->write(change);
    if (done) done = database_->file.run("COMMIT");
    // Some failures have rolled back already.
    if (!done && database_->file.in_transaction()) (void)database_->file.run("ROLLBACK");
    return done;
}

}  // namespace sallyport::admin
