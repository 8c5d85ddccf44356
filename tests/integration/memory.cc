#include "memory.h"

#include "base/check.h"
#include "files.h"

namespace sallyport::integration {

PeakMemory::PeakMemory(pid_t pid) : process_("/proc/" + std::to_string(pid)) {
    write_file(process_ + "/clear_refs", "5");  // the peak begins again: proc(5)
    before_kib_ = status_kib("VmRSS");
}

long PeakMemory::growth_kib() const { return status_kib("VmHWM") - before_kib_; }

long PeakMemory::status_kib(const std::string& field) const {
    for (const auto& line : lines(read_file(process_ + "/status"))) {
        if (line.starts_with(field + ":\t")) return std::stol(line.substr(field.size() + 2));
    }
    SALLYPORT_CHECK(false);
    return 0;
}

}  // namespace sallyport::integration
