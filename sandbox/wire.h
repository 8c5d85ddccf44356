// Messages between the daemon and its launcher: one SOCK_SEQPACKET packet each, with descriptors. The body travels in a
// sealed memfd, because an environment or a trust bundle may be larger than a packet may be.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace sallyport::sandbox {

struct Message {
    std::string body;
    std::vector<UniqueFd> fds;
};

Result<void> send_message(int socket, std::string_view body, const std::vector<int>& fds = {});
// Blocks. nullopt: the peer is gone.
Result<std::optional<Message>> receive_message(int socket);

// A memfd that holds `content`, positioned at its start and sealed against every change.
Result<UniqueFd> sealed_file(const char* name, std::string_view content);

class Writer {
public:
    Writer& number(std::int64_t value);
    Writer& text(std::string_view value);
    Writer& texts(const std::vector<std::string>& values);
    std::string take() { return std::move(bytes_); }

private:
    std::string bytes_;
};

// Reads what Writer wrote, in the same order. After a short or wrong body every value is empty and finished() is false.
class Reader {
public:
    explicit Reader(std::string_view bytes) : rest_(bytes) {}
    std::int64_t number();
    std::string text();
    std::vector<std::string> texts();
    bool finished() const { return intact_ && rest_.empty(); }

private:
    std::string_view take(std::size_t size);

    std::string_view rest_;
    bool intact_ = true;
};

}  // namespace sallyport::sandbox
