#include "proxy/audit_file.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "tests/proxy/audit_fixture.h"

namespace sallyport::proxy {
namespace {

namespace fs = std::filesystem;

// Lines of a chain, one after the other.
class Lines {
public:
    std::string next(const std::string& body = R"("type":"x")") {
        std::string line;
        append_sealed_line(line, R"("now")", body, hasher_, link_);
        return line;
    }
    const AuditLink& link() const { return link_; }

private:
    LineHasher hasher_;
    AuditLink link_;
};

std::unique_ptr<AuditFile> open_file(const AuditDirectory& directory, const AuditFile::Limits& limits = {}) {
    auto file = AuditFile::open(directory.log(), limits);
    EXPECT_TRUE(file.has_value()) << file.error().detail;
    return file ? std::move(*file) : nullptr;
}

std::string refusal(const std::string& path) {
    const auto file = AuditFile::open(path, {});
    if (file.has_value()) return "opened";
    EXPECT_EQ(file.error().code, ErrorCode::config_invalid);
    return file.error().detail;
}

TEST(AuditFile, OnlyItsOwnerMayReadIt) {
    const AuditDirectory directory;
    open_file(directory);
    EXPECT_EQ(fs::status(directory.log()).permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST(AuditFile, GoesOnWhereItWasLeft) {
    const AuditDirectory directory;
    Lines lines;
    for (int round = 0; round < 3; ++round) {
        const auto file = open_file(directory);
        EXPECT_EQ(file->last(), lines.link());
        EXPECT_EQ(file->cut_bytes(), 0u);
        ASSERT_TRUE(file->append(lines.next()).has_value());
    }
    EXPECT_EQ(lines_of(directory.log()).size(), 3u);
}

TEST(AuditFile, CutsOffAnUnfinishedLineWhereverItEnds) {
    const AuditDirectory directory;
    Lines lines;
    const std::string first = lines.next();
    const AuditLink after_first = lines.link();
    const std::string second = lines.next();
    for (std::size_t size = 0; size < second.size(); ++size) {
        write_text(directory.log(), first + second.substr(0, size));
        const auto file = open_file(directory);
        EXPECT_EQ(file->last(), after_first);
        EXPECT_EQ(file->cut_bytes(), size);
        EXPECT_EQ(text_of(directory.log()), first);
    }
    for (std::size_t size = 0; size < first.size(); ++size) {
        write_text(directory.log(), first.substr(0, size));
        EXPECT_EQ(open_file(directory)->last(), AuditLink{});
        EXPECT_EQ(text_of(directory.log()), "");
    }
}

TEST(AuditFile, FindsTheLastLineHoweverLong) {
    const AuditDirectory directory;
    Lines lines;
    const std::string body = R"("type":")" + std::string(1'000'000, 'x') + "\"";
    const std::string first = lines.next();
    write_text(directory.log(), first + lines.next(body) + "{");
    EXPECT_EQ(open_file(directory)->last(), lines.link());
}

TEST(AuditFile, RefusesWhatItDoesNotEndIn) {
    const AuditDirectory directory;
    write_text(directory.log(), "some other log\n");
    EXPECT_THAT(refusal(directory.log()), testing::HasSubstr("its last line is no record"));
    Lines lines;
    std::string changed = lines.next();
    changed[changed.find("now")] = 'N';
    write_text(directory.log(), changed);
    EXPECT_THAT(refusal(directory.log()), testing::HasSubstr("its last line is no record"));
    write_text(directory.log(), std::string(12 * kAuditLineBytesMax, 'x'));
    EXPECT_THAT(refusal(directory.log()), testing::HasSubstr("a line has no end"));
}

TEST(AuditFile, RefusesWhatIsNotAFileOfItsOwn) {
    const AuditDirectory directory;
    const std::string path = directory.log();
    ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
    EXPECT_THAT(refusal(path), testing::HasSubstr("not a regular file"));
    fs::remove(path);
    fs::create_symlink("/dev/null", path);
    EXPECT_THAT(refusal(path), testing::HasSubstr("open"));
    EXPECT_THAT(refusal(path + "/no/such/directory"), testing::HasSubstr("open its directory"));
}

TEST(AuditFile, HasOneWriter) {
    const AuditDirectory directory;
    auto file = open_file(directory, {.rotate_bytes = 1});
    EXPECT_THAT(refusal(directory.log()), testing::HasSubstr("another process writes to it"));
    Lines lines;
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(file->append(lines.next()).has_value());
    EXPECT_THAT(refusal(directory.log()), testing::HasSubstr("another process writes to it"));
    file.reset();
    EXPECT_EQ(refusal(directory.log()), "opened");
}

TEST(AuditFile, RotatesBySizeAndKeepsSoMany) {
    const AuditDirectory directory;
    Lines lines;
    const auto file = open_file(directory, {.rotate_bytes = 1000, .keep = 3});
    for (int i = 0; i < 60; ++i) ASSERT_TRUE(file->append(lines.next()).has_value());
    const std::vector<std::string> files = audit_files(directory.log());
    EXPECT_EQ(files.size(), 4u);
    for (const std::string& path : files) EXPECT_LE(fs::file_size(path), 1000u) << path;
    const AuditVerdict verdict = verdict_on(files);
    EXPECT_EQ(verdict.broken, "");
    EXPECT_EQ(verdict.last_sequence, 60u);
    EXPECT_GT(verdict.first_sequence, 1u);
}

TEST(AuditFile, RemovesWhatALowerLimitNoLongerKeeps) {
    const AuditDirectory directory;
    Lines lines;
    for (const std::uint32_t keep : {5u, 2u}) {
        const auto file = open_file(directory, {.rotate_bytes = 1, .keep = keep});
        for (int i = 0; i < 10; ++i) ASSERT_TRUE(file->append(lines.next()).has_value());
        EXPECT_EQ(audit_files(directory.log()).size(), keep + 1);
    }
    EXPECT_EQ(verdict_on(audit_files(directory.log())).broken, "");
}

// Killed in the middle of a rotation: the file is renamed already, and the next one is not there or empty.
TEST(AuditFile, GoesOnWithTheChainOfARotatedFile) {
    for (const bool has_empty_file : {false, true}) {
        const AuditDirectory directory;
        Lines lines;
        write_text(directory.log() + ".1", lines.next());
        if (has_empty_file) write_text(directory.log(), "");
        const auto file = open_file(directory);
        EXPECT_EQ(file->last(), lines.link());
        ASSERT_TRUE(file->append(lines.next()).has_value());
        EXPECT_EQ(verdict_on(audit_files(directory.log())).broken, "");
    }
}

// Killed while the older files were moved up: the gap is filled before one is dropped.
TEST(AuditFile, FillsAGapBeforeItDropsAFile) {
    const AuditDirectory directory;
    Lines lines;
    write_text(directory.log() + ".3", lines.next());
    write_text(directory.log() + ".2", lines.next());
    write_text(directory.log(), lines.next());
    const auto file = open_file(directory, {.rotate_bytes = 1, .keep = 3});
    ASSERT_TRUE(file->append(lines.next()).has_value());
    EXPECT_EQ(audit_files(directory.log()).size(), 4u);
    EXPECT_EQ(verdict_on(audit_files(directory.log())).first_sequence, 1u);
    ASSERT_TRUE(file->append(lines.next()).has_value());
    EXPECT_EQ(audit_files(directory.log()).size(), 4u);
    EXPECT_EQ(verdict_on(audit_files(directory.log())).first_sequence, 2u);
    EXPECT_EQ(verdict_on(audit_files(directory.log())).broken, "");
}

TEST(AuditFile, GoesOnInTheOldFileWhereItCannotRotate) {
    const AuditDirectory directory;
    Lines lines;
    const auto file = open_file(directory, {.rotate_bytes = 1000, .keep = 1});
    fs::create_directories(directory.log() + ".1/in-the-way");
    for (int i = 0; i < 20; ++i) ASSERT_TRUE(file->append(lines.next()).has_value());
    EXPECT_EQ(verdict_on({directory.log()}).last_sequence, 20u);
    EXPECT_EQ(verdict_on({directory.log()}).broken, "");

    fs::remove_all(directory.log() + ".1");
    for (int i = 0; i < 20; ++i) ASSERT_TRUE(file->append(lines.next()).has_value());
    EXPECT_EQ(audit_files(directory.log()).size(), 2u);
}

TEST(AuditFile, AFullDiskLeavesNoPartOfALine) {
    const AuditDirectory directory;
    const pid_t child = ::fork();
    if (child == 0) {
        std::signal(SIGXFSZ, SIG_IGN);
        Lines lines;
        const std::string first = lines.next();
        auto file = AuditFile::open(directory.log(), {});
        const rlimit tight{first.size() + 10, RLIM_INFINITY};
        if (!file || ::setrlimit(RLIMIT_FSIZE, &tight) != 0) ::_exit(1);
        if (!(*file)->append(first)) ::_exit(2);
        const std::string second = lines.next();
        for (int i = 0; i < 3; ++i) {
            if ((*file)->append(second)) ::_exit(3);
        }
        if (text_of(directory.log()) != first) ::_exit(4);
        const rlimit loose{RLIM_INFINITY, RLIM_INFINITY};
        ::setrlimit(RLIMIT_FSIZE, &loose);
        if (!(*file)->append(second)) ::_exit(5);
        ::_exit(text_of(directory.log()) == first + second ? 0 : 6);
    }
    int status = -1;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
}

TEST(AuditFile, WaitsForTheDisk) {
    const AuditDirectory directory;
    Lines lines;
    const auto file = open_file(directory, {.rotate_bytes = 1});
    ASSERT_TRUE(file->append(lines.next()).has_value());
    const AuditFile::Sync sync = file->sync();
    ASSERT_TRUE(file->append(lines.next()).has_value());  // rotates; the other file is still the one waited for
    EXPECT_TRUE(sync.wait().has_value());
}

}  // namespace
}  // namespace sallyport::proxy
