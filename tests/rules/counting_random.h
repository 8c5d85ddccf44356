// Random bytes for tests: the same ones in every run, and different from one call to the next.
#pragma once

#include <random>

#include "base/random.h"

namespace sallyport::rules {

class CountingRandom final : public Random {
public:
    void fill(std::span<unsigned char> bytes) override {
        for (unsigned char& byte : bytes) byte = static_cast<unsigned char>(source_());
    }

private:
    std::mt19937 source_{7};
};

}  // namespace sallyport::rules
