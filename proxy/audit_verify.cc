#include "proxy/audit_verify.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "proxy/audit_chain.h"
#include "proxy/audit_record.h"

namespace sallyport::proxy {
namespace {

// One file's lines, in a buffer that never holds more than the longest record may have.
class LineReader {
public:
    explicit LineReader(const std::string& path) : file_(std::fopen(path.c_str(), "re"), &std::fclose) {}
    bool good() const { return file_ != nullptr; }

    enum class Line { whole, unfinished, too_long, none, unreadable };
    // `line` is without its newline, and valid until the next call.
    Line next(std::string_view& line) {
        consumed_ += std::exchange(taken_, 0);
        for (std::size_t searched = consumed_;;) {
            const auto end = buffer_.find('\n', searched);
            if (end != buffer_.npos) {
                line = std::string_view(buffer_).substr(consumed_, end - consumed_);
                taken_ = line.size() + 1;
                return Line::whole;
            }
            if (buffer_.size() - consumed_ > kAuditLineBytesMax) return Line::too_long;
            buffer_.erase(0, std::exchange(consumed_, 0));
            searched = buffer_.size();
            if (!fill()) break;
        }
        if (std::ferror(file_.get()) != 0) return Line::unreadable;
        return buffer_.empty() ? Line::none : Line::unfinished;
    }

private:
    bool fill() {
        constexpr std::size_t kReadBytes = 256 * 1024;
        const std::size_t size = buffer_.size();
        buffer_.resize(size + kReadBytes);
        const std::size_t count = std::fread(buffer_.data() + size, 1, kReadBytes, file_.get());
        buffer_.resize(size + count);
        return count > 0;
    }

    std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_;
    std::string buffer_;
    std::size_t consumed_ = 0;
    std::size_t taken_ = 0;
};

std::string place(const std::string& path, std::uint64_t line) { return path + ":" + std::to_string(line) + ": "; }

tl::unexpected<Error> unreadable(const std::string& path) {
    return failure(ErrorCode::config_invalid, path + ": cannot be read: " + std::strerror(errno));
}

// Follows a chain over lines and files; what is wrong with a line, in words, or nothing.
class Follower {
public:
    // `previous_file` is empty but for the first line of a file that is not the first.
    std::string check(std::string_view line, const std::string& previous_file) {
        const auto sealed = read_sealed_line(line, hasher_);
        if (!sealed || !nlohmann::json::accept(line)) return "this is no record of an audit log";
        if (auto wrong = check_order(*sealed, previous_file); !wrong.empty()) return wrong;
        if (!sealed->hash_holds) return "the hash is not that of the line: the line has been changed";
        if (sealed->prev != link_.hash && !is_first_) {
            return "\"prev\" is not the hash of the record before: one of the two has been changed or put in";
        }
        is_first_ = false;
        link_ = {sealed->sequence, std::string(sealed->hash)};
        return {};
    }

    const AuditLink& link() const { return link_; }

private:
    std::string check_order(const SealedLine& sealed, const std::string& previous_file) const {
        if (is_first_) {
            if (sealed.sequence == 0) return "there is no sequence 0";
            return sealed.sequence == 1 && sealed.prev != AuditLink{}.hash ? "the first record of all has a \"prev\""
                                                                           : "";
        }
        if (sealed.sequence == link_.sequence + 1) return {};
        const std::string follows =
            "sequence " + std::to_string(sealed.sequence) + " follows " + std::to_string(link_.sequence);
        if (!previous_file.empty()) {
            return follows + ", the last of " + previous_file + ": a file is missing, cut short, or in the wrong place";
        }
        if (sealed.sequence <= link_.sequence) return follows + ": records were moved, repeated or put in";
        return follows + ": " + std::to_string(sealed.sequence - link_.sequence - 1) + " removed";
    }

    bool is_first_ = true;
    AuditLink link_;
    LineHasher hasher_;
};

// Verifies one file; the name of the one before that had lines is in `previous_file`.
Result<void> verify_file(const std::string& path, std::string& previous_file, Follower& follower,
                         AuditVerdict& verdict) {
    LineReader reader(path);
    if (!reader.good()) return unreadable(path);
    std::string_view line;
    for (std::uint64_t number = 1;; ++number) {
        const auto read = reader.next(line);
        if (read == LineReader::Line::unreadable) return unreadable(path);
        if (read == LineReader::Line::none) {
            if (number > 1) previous_file = path;
            return {};
        }
        std::string wrong;
        if (read == LineReader::Line::too_long) wrong = "this is no record of an audit log: the line is too long";
        if (read == LineReader::Line::unfinished)
            wrong = "the last line has no end: its writer was stopped, or is writing";
        if (read == LineReader::Line::whole) wrong = follower.check(line, number == 1 ? previous_file : "");
        if (!wrong.empty()) {
            verdict.broken = place(path, number) + wrong;
            return {};
        }
        if (verdict.lines++ == 0) verdict.first_sequence = follower.link().sequence;
    }
}

// The N of PATH.N; 0 for anything else.
std::uint32_t rotation_of(const std::string& name, const std::string& base) {
    if (name.size() <= base.size() + 1 || !name.starts_with(base + ".")) return 0;
    std::uint32_t number = 0;
    const char* const end = name.data() + name.size();
    const auto read = std::from_chars(name.data() + base.size() + 1, end, number);
    return read.ec == std::errc() && read.ptr == end ? number : 0;
}

}  // namespace

Result<AuditVerdict> verify_audit_log(const std::vector<std::string>& paths) {
    AuditVerdict verdict;
    Follower follower;
    std::string previous_file;
    for (const std::string& path : paths) {
        if (auto done = verify_file(path, previous_file, follower, verdict); !done) return failure(done.error());
        if (!verdict.broken.empty()) break;
    }
    verdict.last_sequence = follower.link().sequence;
    verdict.last_hash = follower.link().hash;
    return verdict;
}

std::vector<std::string> audit_files(const std::string& path) {
    namespace fs = std::filesystem;
    const fs::path whole(path);
    std::vector<std::uint32_t> numbers;
    std::error_code error;
    const fs::path directory = whole.has_parent_path() ? whole.parent_path() : fs::path(".");
    for (const auto& entry : fs::directory_iterator(directory, error)) {
        const auto number = rotation_of(entry.path().filename().string(), whole.filename().string());
        if (number > 0) numbers.push_back(number);
    }
    std::sort(numbers.rbegin(), numbers.rend());
    std::vector<std::string> files;
    for (const auto number : numbers) files.push_back(path + "." + std::to_string(number));
    if (files.empty() || fs::exists(whole, error)) files.push_back(path);
    return files;
}

Result<std::uint64_t> read_decisions(const std::vector<std::string>& paths,
                                     const std::function<void(const rules::RecordedDecision&)>& visit) {
    std::uint64_t without_request = 0;
    for (const std::string& path : paths) {
        LineReader reader(path);
        if (!reader.good()) return unreadable(path);
        std::string_view line;
        // A last line without its end is still being written.
        auto read = reader.next(line);
        for (std::uint64_t number = 1; read == LineReader::Line::whole; read = reader.next(line), ++number) {
            const auto record = read_record(line);
            if (!record) return failure(record.error().code, place(path, number) + record.error().detail);
            if (!record->is_decision || record->by_handler) continue;
            if (record->has_request) visit(record->decision);
            without_request += record->has_request ? 0 : 1;
        }
        if (read == LineReader::Line::unreadable) return unreadable(path);
        if (read == LineReader::Line::too_long) {
            return failure(ErrorCode::config_invalid, path + ": this is no audit log: a line is too long");
        }
    }
    return without_request;
}

}  // namespace sallyport::proxy
