// How much memory a process takes at most from now on, beyond what it has now, as the kernel counts it.
#pragma once

#include <sys/types.h>

#include <string>

namespace sallyport::integration {

class PeakMemory final {
public:
    explicit PeakMemory(pid_t pid);
    long growth_kib() const;

private:
    long status_kib(const std::string& field) const;

    std::string process_;
    long before_kib_ = 0;
};

}  // namespace sallyport::integration
