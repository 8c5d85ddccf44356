// The state file after the process, or the machine, stopped at any moment: all that was acknowledged, nothing that is half.
// A child applies one change after the other and is killed; a layer under SQLite kills it before, or in the middle of, the
// n-th write to the disk, for every n. That layer also keeps what of each file was synced: the disk after the power went.
#include <gtest/gtest.h>
#include <signal.h>
#include <sqlite3.h>

#include <cstring>
#include <new>

#include "admin/state_store.h"
#include "tests/admin/store_fixture.h"

namespace sallyport::admin {
namespace {

constexpr std::uint64_t kChanges = 24;

// Changes of several documents each, sets and removals, of sizes that need a page and several.
StateChange change_number(std::uint64_t n) {
    StateChange change;
    change.generation = n;
    const std::string value = "\"" + std::to_string(n) + std::string((n % 5) * 1500, 'x') + "\"";
    change.policies["p" + std::to_string(n % 4)] = value;
    change.policies["q" + std::to_string(n % 3)] = n % 2 == 0 ? std::optional(value) : std::nullopt;
    change.egress["s" + std::to_string(n % 6)] = n % 5 == 0 ? std::nullopt : std::optional(value);
    return change;
}

StoredState state_after(std::uint64_t changes) {
    StoredState state;
    state.generation = changes;
    for (std::uint64_t n = 1; n <= changes; ++n) {
        const StateChange change = change_number(n);
        for (const auto& [from, to] : {std::pair{&change.policies, &state.policies}, {&change.egress, &state.egress}}) {
            for (const auto& [name, json] : *from) {
                if (json) {
                    (*to)[name] = {*json, n};
                } else {
                    to->erase(name);
                }
            }
        }
    }
    return state;
}

bool same(const StoredState& a, const StoredState& b) {
    const auto same_documents = [](const auto& left, const auto& right) {
        return std::equal(left.begin(), left.end(), right.begin(), right.end(), [](const auto& one, const auto& other) {
            return one.first == other.first && one.second.json == other.second.json &&
                   one.second.generation == other.second.generation;
        });
    };
    return a.generation == b.generation && same_documents(a.policies, b.policies) && same_documents(a.egress, b.egress);
}

// Applies changes from where the store is, and says each generation once it is acknowledged. Never returns.
[[noreturn]] void apply_all(const std::string& path, int out, std::uint64_t changes) {
    auto store = StateStore::open(path);
    if (!store) _exit(2);
    const auto state = (*store)->load();
    if (!state) _exit(3);
    for (std::uint64_t n = state->generation + 1; n <= changes; ++n) {
        if (!(*store)->apply(change_number(n))) _exit(4);
        if (write(out, &n, sizeof n) != sizeof n) _exit(5);
    }
    store->reset();
    _exit(0);
}

struct Outcome {
    int ended = 0;
    std::uint64_t acknowledged = 0;
};

// Kills the child, if it is still there, once it has acknowledged `kill_after` changes.
Outcome run_child(const std::string& path, const auto& in_child, std::uint64_t changes, std::uint64_t kill_after = 0) {
    int ends[2];
    SALLYPORT_CHECK(pipe(ends) == 0);
    const pid_t child = fork();
    SALLYPORT_CHECK(child >= 0);
    if (child == 0) {
        close(ends[0]);
        in_child();
        apply_all(path, ends[1], changes);
    }
    close(ends[1]);
    Outcome outcome;
    std::uint64_t n = 0;
    while (read(ends[0], &n, sizeof n) == sizeof n) {
        outcome.acknowledged = n;
        if (n == kill_after) kill(child, SIGKILL);
    }
    close(ends[0]);
    outcome.ended = wait_for(child);
    return outcome;
}

// At least what was acknowledged, at most the one change that was under way.
void expect_whole(const std::string& path, std::uint64_t acknowledged, const std::string& what) {
    const auto store = StateStore::open(path);
    ASSERT_TRUE(store) << what << store.error().detail;
    const auto state = (*store)->load();
    ASSERT_TRUE(state) << what;
    EXPECT_GE(state->generation, acknowledged) << what;
    EXPECT_LE(state->generation, acknowledged + 1) << what;
    EXPECT_TRUE(same(*state, state_after(state->generation))) << what << state->generation;
}

TEST(StateStoreCrash, NothingAcknowledgedIsLostWhenTheProcessIsKilledBetweenAnyTwoChanges) {
    const Scratch scratch;
    std::uint64_t so_far = 0;
    // The same file each time: it is opened after a crash, goes on, and crashes again.
    for (std::uint64_t kill_after = 1; kill_after <= kChanges; ++kill_after) {
        const Outcome outcome = run_child(scratch.path(), [] {}, kChanges * 100, so_far + kill_after % 3 + 1);
        EXPECT_EQ(outcome.ended, -SIGKILL);
        expect_whole(scratch.path(), outcome.acknowledged, "killed: ");
        so_far = (*StateStore::open(scratch.path()))->load()->generation;
    }
}

// A layer under SQLite that counts what changes a disk. In the child only.
namespace disk {

struct File {
    sqlite3_file base;
    char path[512];
    // SQLite's own file follows.
};

sqlite3_vfs* real = nullptr;
sqlite3_vfs layer{};
sqlite3_io_methods methods{};
int steps_left = 0;    // then the process ends
bool tears_writes = false;  // the last write is done by half
std::string durable;   // folder of what was synced; empty: not kept

File* self(sqlite3_file* file) { return reinterpret_cast<File*>(file); }
sqlite3_file* inner(sqlite3_file* file) { return reinterpret_cast<sqlite3_file*>(self(file) + 1); }
const sqlite3_io_methods* io(sqlite3_file* file) { return inner(file)->pMethods; }
bool is_last_step() { return --steps_left == 0; }
[[noreturn]] void stop() {
    kill(getpid(), SIGKILL);
    for (;;) pause();
}
std::string kept(const char* path) { return durable + std::string(path).substr(std::string(path).rfind('/')); }

int write(sqlite3_file* file, const void* data, int size, sqlite3_int64 at) {
    if (is_last_step()) {
        if (tears_writes) io(file)->xWrite(inner(file), data, size / 2, at);
        stop();
    }
    return io(file)->xWrite(inner(file), data, size, at);
}
int truncate(sqlite3_file* file, sqlite3_int64 size) {
    if (is_last_step()) stop();
    return io(file)->xTruncate(inner(file), size);
}
int sync(sqlite3_file* file, int flags) {
    if (is_last_step()) stop();
    const int result = io(file)->xSync(inner(file), flags);
    if (!durable.empty()) write_file(kept(self(file)->path), file_text(self(file)->path));
    return result;
}
int remove(sqlite3_vfs*, const char* path, int sync_folder) {
    if (is_last_step()) stop();
    const int result = real->xDelete(real, path, sync_folder);
    if (!durable.empty()) std::filesystem::remove(kept(path));
    return result;
}
int close(sqlite3_file* file) { return io(file)->xClose(inner(file)); }
int read(sqlite3_file* file, void* to, int size, sqlite3_int64 at) { return io(file)->xRead(inner(file), to, size, at); }
int size(sqlite3_file* file, sqlite3_int64* to) { return io(file)->xFileSize(inner(file), to); }
int lock(sqlite3_file* file, int level) { return io(file)->xLock(inner(file), level); }
int unlock(sqlite3_file* file, int level) { return io(file)->xUnlock(inner(file), level); }
int is_reserved(sqlite3_file* file, int* to) { return io(file)->xCheckReservedLock(inner(file), to); }
int control(sqlite3_file* file, int op, void* argument) { return io(file)->xFileControl(inner(file), op, argument); }
// Nothing is promised of the disk: no atomic writes, no sectors that survive what is written beside them.
int sector_size(sqlite3_file*) { return 4096; }
int characteristics(sqlite3_file*) { return 0; }

int open(sqlite3_vfs*, const char* path, sqlite3_file* file, int flags, int* flags_out) {
    std::memset(file, 0, static_cast<std::size_t>(layer.szOsFile));
    std::snprintf(self(file)->path, sizeof self(file)->path, "%s", path != nullptr ? path : "");
    const int result = real->xOpen(real, path, inner(file), flags, flags_out);
    if (io(file) != nullptr) file->pMethods = &methods;
    return result;
}

void install(int steps, bool tears, const std::string& durable_folder) {
    steps_left = steps;
    tears_writes = tears;
    durable = durable_folder;
    real = sqlite3_vfs_find(nullptr);
    // Version 1 has no shared memory and no mapping, which the store must do without.
    methods = {1, close, read, write, truncate, sync, size, lock, unlock, is_reserved, control, sector_size,
               characteristics, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr};
    layer = *real;
    layer.iVersion = 1;
    layer.zName = "stopping";
    layer.szOsFile = static_cast<int>(sizeof(File)) + real->szOsFile;
    layer.xOpen = open;
    layer.xDelete = remove;
    SALLYPORT_CHECK(sqlite3_vfs_register(&layer, 1) == SQLITE_OK);
}

}  // namespace disk

void copy_files(const Scratch& from, const Scratch& to) {
    for (const auto& entry : std::filesystem::directory_iterator(from.folder())) {
        std::filesystem::copy(entry.path(), to.folder() + "/" + entry.path().filename().string());
    }
}

// Without opening the file itself, which would tidy it.
std::uint64_t acknowledged_in_copy(const Scratch& scratch) {
    const Scratch copy;
    copy_files(scratch, copy);
    return (*StateStore::open(copy.path()))->load()->generation;
}

// Every step of a new file's life: making it, changes, closing it.
void stop_at_every_step(bool tears_writes) {
    constexpr int kStepsMax = 2000;
    int stopped = 0;
    for (int step = 1; step <= kStepsMax; ++step) {
        const Scratch scratch, durable;
        const Outcome outcome = run_child(
            scratch.path(), [&] { disk::install(step, tears_writes, durable.folder()); }, kChanges / 2);
        if (outcome.ended == 0) break;
        ++stopped;
        ASSERT_EQ(outcome.ended, -SIGKILL);
        const std::string what = "step " + std::to_string(step) + ": ";
        expect_whole(scratch.path(), outcome.acknowledged, what + "the process stopped: ");
        // Before the first sync there is no file at all, which is a new one.
        ASSERT_TRUE(outcome.acknowledged == 0 || std::filesystem::exists(durable.path())) << what;
        expect_whole(durable.path(), outcome.acknowledged, what + "the power went: ");
        if (testing::Test::HasFailure()) return;
    }
    EXPECT_GT(stopped, 50);
    EXPECT_LT(stopped, kStepsMax);
    testing::Test::RecordProperty("steps", stopped);
}

TEST(StateStoreCrash, NothingIsHalfWhereverTheProcessOrTheMachineStops) { stop_at_every_step(false); }

TEST(StateStoreCrash, NothingIsHalfWhereAWriteIsTorn) { stop_at_every_step(true); }

// A file whose log is full of changes is opened again, changed and closed, which moves the log into the database and removes
// it: the disk may then have the new database and the old log, or half of either.
TEST(StateStoreCrash, ALogThatMovesIntoTheDatabaseMayStopAnywhere) {
    const Scratch base;
    constexpr std::uint64_t kBefore = 60;
    ASSERT_EQ(run_child(base.path(), [] {}, kBefore + 1000, kBefore).ended, -SIGKILL);
    const std::uint64_t before = acknowledged_in_copy(base);
    ASSERT_GT(std::filesystem::file_size(base.path() + "-wal"), 100'000u);
    constexpr int kStepsMax = 1000;
    int step = 1;
    for (; step < kStepsMax; ++step) {
        const Scratch scratch, durable;
        for (const Scratch* to : {&scratch, &durable}) copy_files(base, *to);
        const Outcome outcome = run_child(
            scratch.path(), [&] { disk::install(step, step % 2 == 0, durable.folder()); }, before + 2);
        if (outcome.ended == 0) {
            EXPECT_FALSE(std::filesystem::exists(scratch.path() + "-wal"));
            break;
        }
        ASSERT_EQ(outcome.ended, -SIGKILL);
        const std::uint64_t acknowledged = std::max(outcome.acknowledged, before);
        const std::string what = "step " + std::to_string(step) + ": ";
        expect_whole(scratch.path(), acknowledged, what + "the process stopped: ");
        expect_whole(durable.path(), acknowledged, what + "the power went: ");
        if (testing::Test::HasFailure()) return;
    }
    EXPECT_GT(step, 30);
    EXPECT_LT(step, kStepsMax);
    RecordProperty("steps", step);
}

}  // namespace
}  // namespace sallyport::admin
