#include <gtest/gtest.h>

#include "isolation.h"

int main(int argc, char** argv) {
    testing::InitGoogleTest(&argc, argv);
    if (testing::GTEST_FLAG(list_tests)) return RUN_ALL_TESTS();
    return sallyport::integration::run_isolated([] { return RUN_ALL_TESTS(); });
}
