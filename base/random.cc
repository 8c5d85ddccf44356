#include "base/random.h"

#include <sys/random.h>

#include <cerrno>

#include "base/check.h"

namespace sallyport {

void SystemRandom::fill(std::span<unsigned char> bytes) {
    for (std::size_t done = 0; done < bytes.size();) {
        const ssize_t got = getrandom(bytes.data() + done, bytes.size() - done, 0);
        SALLYPORT_CHECK(got > 0 || errno == EINTR);
        if (got > 0) done += static_cast<std::size_t>(got);
    }
}

}  // namespace sallyport
