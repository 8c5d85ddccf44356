// Programs that the tests start: in a network namespace, with their output in files that a test may read at any time. A
// process that is not waited for is killed when its object goes; all die with the test.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/unique_fd.h"

namespace sallyport::integration {

struct Spawn {
    std::vector<std::string> argv;
    std::vector<std::string> environment;  // "NAME=value", beside PATH, HOME and LANG
    std::string working_directory;
    std::string input;  // what standard input holds, where stdin_fd is not given
    int stdin_fd = -1;
    int netns = -1;              // enter this network namespace first
    std::vector<int> inherited;  // kept open, under the same numbers
    bool as_group_leader = false;
};

class Process final {
public:
    Process() = default;
    // `output` is the files' common prefix: PREFIX.out and PREFIX.err.
    Process(const Spawn& spawn, std::string output);
    Process(Process&& other) noexcept;
    Process& operator=(Process&& other) noexcept;
    ~Process();

    pid_t pid() const { return pid_; }
    // As a shell says it: the exit status, or 128 + signal; -1 where it did not end within a minute (then it is killed).
    int wait();
    bool is_running();
    void signal(int number) const;
    std::string out() const;
    std::string out_path() const { return output_ + ".out"; }
    std::string err_path() const { return output_ + ".err"; }
    std::string err() const;

private:
    pid_t pid_ = -1;
    int code_ = -1;
    bool ended_ = true;
    std::string output_;
};

}  // namespace sallyport::integration
