// System calls made under a compiled seccomp program.
#pragma once

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>

#include <vector>

#include "tests/sandbox/box.h"

namespace sallyport::sandbox {

// In a child, whose exit status is the error number that `call` ends with under the filter; 0 for success.
template <class Call>
int error_under(const Result<UniqueFd>& file, Call call) {
    if (!file) return -1;
    const auto size = static_cast<std::size_t>(::lseek(file->get(), 0, SEEK_END));
    std::vector<sock_filter> program(size / sizeof(sock_filter));
    if (::pread(file->get(), program.data(), size, 0) != static_cast<ssize_t>(size)) return -1;
    sock_fprog loaded{static_cast<unsigned short>(program.size()), program.data()};
    return WEXITSTATUS(in_child([&] {
        ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        if (::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &loaded) < 0) ::_exit(255);
        ::_exit(call() < 0 ? errno : 0);
    }));
}

}  // namespace sallyport::sandbox
