// Where random bytes come from, so that whoever needs some can be tested.
#pragma once

#include <cstddef>
#include <span>

namespace sallyport {

class Random {
public:
    virtual ~Random() = default;
    virtual void fill(std::span<unsigned char> bytes) = 0;
};

// The kernel's (getrandom(2)); ends the process where there is none. Any thread.
class SystemRandom final : public Random {
public:
    void fill(std::span<unsigned char> bytes) override;
};

}  // namespace sallyport
