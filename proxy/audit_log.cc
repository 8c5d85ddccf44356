#include "proxy/audit_log.h"

#include <chrono>
#include <ctime>
#include <utility>

#include "base/log.h"
#include "proxy/access_log.h"
#include "proxy/audit_chain.h"
#include "proxy/audit_file.h"
#include "proxy/audit_record.h"

namespace sallyport::proxy {
namespace {

// "2026-01-01T00:00:00.000000Z", with its quotes. The text of a second is kept for the lines that share it.
class QuotedTime {
public:
    std::string_view now() {
        const auto since = std::chrono::system_clock::now().time_since_epoch();
        const std::time_t second = std::chrono::duration_cast<std::chrono::seconds>(since).count();
        if (second != second_) {
            std::tm utc{};
            gmtime_r(&second, &utc);
            std::strftime(text_, sizeof text_, "\"%Y-%m-%dT%H:%M:%S", &utc);
            text_[kMicrosAt - 1] = '.';
            second_ = second;
        }
        auto micros = std::chrono::duration_cast<std::chrono::microseconds>(since).count() % 1'000'000;
        for (std::size_t digit = 6; digit-- > 0; micros /= 10)
            text_[kMicrosAt + digit] = static_cast<char>('0' + micros % 10);
        return {text_, sizeof text_ - 1};
    }

private:
    static constexpr std::size_t kMicrosAt = 21;
    std::time_t second_ = -1;
    char text_[sizeof "\"2000-01-01T00:00:00.000000Z\""] = "\"2000-01-01T00:00:00.000000Z\"";
};

}  // namespace

struct AuditLog::State {
    std::mutex mutex;
    ReplayMode mode = ReplayMode::off;
    std::unique_ptr<AuditFile> file;  // this and what follows: guarded by mutex
    AuditLink link;
    LineHasher hasher;
    QuotedTime time;
    std::string line;
    std::uint64_t unrecorded = 0;  // since the last line that could be written

    bool append_line(std::string_view body);
    bool append(std::string_view body);
};

bool AuditLog::State::append_line(std::string_view body) {
    AuditLink next = link;
    line.clear();
    append_sealed_line(line, time.now(), body, hasher, next);
    const auto appended = file->append(line);
    if (appended) {
        link = std::move(next);
        return true;
    }
    if (unrecorded == 0)
        log(LogLevel::error, appended.error().detail + "; nothing is let through until it can be written");
    return false;
}

bool AuditLog::State::append(std::string_view body) {
    bool written = true;
    if (unrecorded > 0) {
        std::string resumed;
        write_resumed(resumed, unrecorded);
        written = append_line(resumed);
        if (written) {
            log(LogLevel::info, "the audit log can be written again");
            unrecorded = 0;
        }
    }
    if (written && append_line(body)) return true;
    ++unrecorded;
    return false;
}

Result<std::unique_ptr<AuditLog>> AuditLog::open(const AuditOptions& options) {
    auto file = AuditFile::open(options.path, {options.rotate_bytes, options.keep});
    if (!file) return failure(file.error());
    std::unique_ptr<AuditLog> log(new AuditLog);
    log->state_ = std::make_unique<State>();
    State& state = *log->state_;
    state.mode = options.replay ? ReplayMode::on : ReplayMode::off;
    state.file = std::move(*file);
    state.link = state.file->last();
    if (const auto cut = state.file->cut_bytes(); cut > 0) {
        std::string body;
        write_recovered(body, cut);
        if (!state.append(body)) return failure(ErrorCode::config_invalid, "the audit log cannot be written");
    }
    return log;
}

AuditLog::~AuditLog() = default;

bool AuditLog::record(const AuditedDecision& decision) {
    // Written before the lock is taken: others wait for the hash and the kernel only.
    thread_local std::string body;
    write_decision(body, decision, state_->mode);
    const std::lock_guard lock(state_->mutex);
    return state_->append(body);
}

bool AuditLog::record(const AuditedAct& act) {
    std::string body;
    write_act(body, act);
    const auto sync = [&]() -> Result<AuditFile::Sync> {
        const std::lock_guard lock(state_->mutex);
        if (!state_->append(body)) return failure(ErrorCode::audit_unavailable);
        return state_->file->sync();
    }();
    if (!sync) return false;
    const auto synced = sync->wait();
    if (!synced) log(LogLevel::error, synced.error().detail);
    return synced.has_value();
}

}  // namespace sallyport::proxy
