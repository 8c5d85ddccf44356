#include "cli/file_state.h"

#include <sys/stat.h>

#include <ctime>

namespace sallyport::cli {
namespace {

// A tick of a kernel with 100 of them in a second.
constexpr long long kTickNs = 10'000'000;

long long nanoseconds(const timespec& time) { return time.tv_sec * 1'000'000'000LL + time.tv_nsec; }

}  // namespace

std::string file_state(const std::string& path) {
    struct stat state {};
    if (stat(path.c_str(), &state) != 0) return path + ":gone;";
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    const long long age = nanoseconds(now) - nanoseconds(state.st_ctim);
    std::string text = path + ':' + std::to_string(state.st_dev) + ':' + std::to_string(state.st_ino) + ':' +
                       std::to_string(state.st_size) + ':' + std::to_string(nanoseconds(state.st_mtim)) + ':' +
                       std::to_string(nanoseconds(state.st_ctim));
    if (age >= 0 && age <= kTickNs) text += ":at " + std::to_string(nanoseconds(now));
    return text + ';';
}

}  // namespace sallyport::cli
