// A folder for one test's state file, and children that may die.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "base/check.h"

namespace sallyport::admin {

class Scratch {
public:
    Scratch() {
        // In memory where there is such a place: crash tests sync thousands of times.
        folder_ = access("/dev/shm", W_OK | X_OK) == 0 ? "/dev/shm" : "/tmp";
        folder_ += "/sallyport-state-XXXXXX";
        SALLYPORT_CHECK(mkdtemp(folder_.data()) != nullptr);
    }
    ~Scratch() {
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;

    const std::string& folder() const { return folder_; }
    std::string path() const { return folder_ + "/state.db"; }

private:
    std::string folder_;
};

inline std::string file_text(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

inline void write_file(const std::string& path, const std::string& text) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
}

// What the child returned, or minus the signal that ended it.
inline int wait_for(pid_t child) {
    int status = 0;
    SALLYPORT_CHECK(waitpid(child, &status, 0) == child);
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

inline int run_in_child(const auto& body) {
    const pid_t child = fork();
    SALLYPORT_CHECK(child >= 0);
    if (child == 0) _exit(body());
    return wait_for(child);
}

}  // namespace sallyport::admin
