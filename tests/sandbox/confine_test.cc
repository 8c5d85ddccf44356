#include "sandbox/confine.h"

#include <sqlite3.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/un.h>

#include <thread>

#include "proxy/audit_log.h"
#include "proxy/audit_verify.h"
#include "tests/sandbox/box.h"

namespace sallyport::sandbox {
namespace {

// Runs in a confined child; the test's own process stays free.
template <class Body>
int confined(Body body, const ConfineOptions& options = {}) {
    return in_child([&body, &options] {
        if (!confine_this_process(options)) ::_exit(100);
        body();
    });
}

std::string status_field(const std::string& name) {
    std::ifstream file("/proc/self/status");
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with(name + ":\t")) return line.substr(name.size() + 2);
    }
    return "";
}

TEST(Confine, LeavesNoPrivilege) {
    const int status = confined([] {
        for (const char* set : {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"}) {
            if (status_field(set) != "0000000000000000") ::_exit(1);
        }
        if (status_field("NoNewPrivs") != "1") ::_exit(2);
        if (::prctl(PR_GET_DUMPABLE) != 0) ::_exit(3);
        rlimit core{};
        if (::getrlimit(RLIMIT_CORE, &core) != 0 || core.rlim_max != 0) ::_exit(4);
        if (status_field("Seccomp") != "2") ::_exit(5);
    });
    ASSERT_TRUE(WIFEXITED(status)) << status;
    EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(Confine, LeavesWhatADaemonDoes) {
    const int status = confined([] {
        const UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
        const UniqueFd server(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        const Endpoint any = endpoint("127.0.0.1", 0);
        epoll_event event{EPOLLIN, {}};
        if (::bind(server.get(), &any.any, size_of(any)) != 0 || ::listen(server.get(), 1) != 0) ::_exit(1);
        if (::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, server.get(), &event) != 0) ::_exit(2);
        std::thread client([to = endpoint("127.0.0.1", port_of(server))] {
            const UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
            if (::connect(fd.get(), &to.any, size_of(to)) != 0) ::_exit(3);
        });
        if (::epoll_wait(epoll.get(), &event, 1, kPatienceMs) != 1) ::_exit(4);
        client.join();
        if (content_of("/etc/hosts").empty()) ::_exit(5);
    });
    ASSERT_TRUE(WIFEXITED(status)) << status;
    EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(Confine, AcceptsOnUnixSocketsThatWereOpenBefore) {
    const ScratchDir scratch;
    sockaddr_un address{AF_UNIX, {}};
    const std::string path = scratch.path() + "/socket";
    path.copy(address.sun_path, sizeof(address.sun_path) - 1);
    const UniqueFd server(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const UniqueFd client(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const auto* where = reinterpret_cast<const sockaddr*>(&address);
    ASSERT_EQ(::bind(server.get(), where, sizeof(address)), 0);
    ASSERT_EQ(::listen(server.get(), 1), 0);
    ASSERT_EQ(::connect(client.get(), where, sizeof(address)), 0);
    const int status = confined([&server] {
        const UniqueFd accepted = accept_one(server);
        ucred peer{};
        socklen_t size = sizeof(peer);
        if (!accepted || ::getsockopt(accepted.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) ::_exit(1);
        int ends[2];
        if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) ::_exit(2);
    });
    ASSERT_TRUE(WIFEXITED(status)) << status;
    EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(Confine, ADatabaseInAWritableDirectoryWorks) {
    const ScratchDir state;
    const auto run = [](sqlite3* database, const char* statement) {
        return ::sqlite3_exec(database, statement, nullptr, nullptr, nullptr) == SQLITE_OK;
    };
    const std::string path = state.path() + "/state.db";
    const int status = confined(
        [&] {
            sqlite3* database = nullptr;
            if (::sqlite3_open(path.c_str(), &database) != SQLITE_OK) ::_exit(1);
            if (!run(database, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE t(x)")) ::_exit(2);
            for (int i = 0; i < 100; ++i) {
                if (!run(database, "BEGIN IMMEDIATE; INSERT INTO t VALUES(zeroblob(10000)); COMMIT")) ::_exit(3);
            }
            if (!run(database, "PRAGMA wal_checkpoint(TRUNCATE)") || ::sqlite3_close(database) != SQLITE_OK) ::_exit(4);
        },
        {{state.path()}});
    ASSERT_TRUE(WIFEXITED(status)) << status;
    EXPECT_EQ(WEXITSTATUS(status), 0);
    EXPECT_GT(std::filesystem::file_size(path), 1'000'000u);
}

TEST(Confine, TheAuditLogIsWrittenRotatedAndSyncedInItsDirectory) {
    const ScratchDir directory;
    const std::string path = directory.path() + "/audit.jsonl";
    auto log = proxy::AuditLog::open({.path = path, .rotate_bytes = 2000, .keep = 3});
    ASSERT_OK(log);
    const int status = confined(
        [&log] {
            proxy::AuditedAct act;
            for (int i = 0; i < 50; ++i) {
                if (!(*log)->record(act)) ::_exit(1);
            }
        },
        {{directory.path()}});
    ASSERT_TRUE(WIFEXITED(status)) << status;
    EXPECT_EQ(WEXITSTATUS(status), 0);
    EXPECT_EQ(proxy::audit_files(path).size(), 4u);
    const auto verdict = proxy::verify_audit_log(proxy::audit_files(path));
    ASSERT_OK(verdict);
    EXPECT_EQ(verdict->broken, "");
    EXPECT_EQ(verdict->last_sequence, 50u);
}

TEST(Confine, WritesNowhereButInItsDirectories) {
    const ScratchDir own;
    const ScratchDir other;
    const std::string inside = own.file("file", "");
    const std::string outside = other.file("file", "words");
    const auto can_write = [](const std::string& path) {
        return UniqueFd(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600)).get() >= 0;
    };
    const auto expect = [&](const std::vector<std::string>& directories, bool writes_inside) {
        const int status = confined(
            [&] {
                if (can_write(inside) != writes_inside) ::_exit(1);
                if (can_write(outside) || can_write("/proc/sys/kernel/core_pattern")) ::_exit(2);
                if (can_write("/etc/sallyport-test-must-not-be-made")) ::_exit(3);
                if (::unlink(outside.c_str()) == 0 || ::rename(outside.c_str(), inside.c_str()) == 0) ::_exit(4);
                if (::chmod(inside.c_str(), 0777) == 0 || ::symlink("/etc", (inside + "2").c_str()) == 0) ::_exit(5);
            },
            {directories});
        ASSERT_TRUE(WIFEXITED(status)) << status;
        EXPECT_EQ(WEXITSTATUS(status), 0);
    };
    expect({}, false);
    expect({own.path()}, true);
    EXPECT_EQ(content_of(outside), "words");
}

TEST(Confine, RefusesAWritableDirectoryThatIsNotItsOwn) {
    const int status = in_child([] {
        const auto done = confine_this_process({{"/etc"}});
        ::_exit(!done && done.error().code == ErrorCode::config_invalid ? 0 : 1);
    });
    EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace sallyport::sandbox
