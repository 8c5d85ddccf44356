// The files of an audit log: PATH, and what was rotated away, PATH.1 (the newest) to PATH.N. Appends whole lines or
// nothing. PATH.lock keeps a second process out. Owned by AuditLog, which makes its calls one at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"
#include "proxy/audit_chain.h"

namespace sallyport::proxy {

class AuditFile final {
public:
    // `keep` rotated files are kept, at least one, because the chain goes on from there; `rotate_bytes` 0: never.
    struct Limits {
        std::uint64_t rotate_bytes = 0;
        std::uint32_t keep = 1;
    };

    // config_invalid where the file cannot be had for ourselves, or does not end in a record.
    static Result<std::unique_ptr<AuditFile>> open(const std::string& path, const Limits& limits);

    // Where the chain stood at open().
    const AuditLink& last() const { return last_; }
    // How much of an unfinished line open() cut off.
    std::uint64_t cut_bytes() const { return cut_bytes_; }

    // In the kernel's hands when it returns. Begins a new file where this one would become too large; where that fails,
    // goes on with the old one. After an error the file is as it was, or will be before the next line.
    Result<void> append(std::string_view line);

    // Two descriptors of one's own, so that the disk is waited for without keeping append() waiting.
    class Sync final {
    public:
        Result<void> wait() const;

    private:
        friend class AuditFile;
        UniqueFd file_;
        UniqueFd directory_;
    };
    Sync sync() const;

private:
    AuditFile() = default;
    Result<void> lock();
    Result<void> open_current();
    Result<void> recover();
    Result<void> rotate();

    std::string path_;
    Limits limits_;
    UniqueFd lock_;
    UniqueFd directory_;
    UniqueFd fd_;
    std::uint64_t size_ = 0;
    std::uint64_t rotate_at_ = 0;  // moves on where a rotation failed
    bool torn_ = false;            // part of a line is behind size_ and could not be cut off
    AuditLink last_;
    std::uint64_t cut_bytes_ = 0;
};

}  // namespace sallyport::proxy
