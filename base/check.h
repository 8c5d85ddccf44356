// CHECK: our own bugs end the process at once. What peers, networks and configuration do wrong is a Result instead.
#pragma once

#include <cstdio>
#include <cstdlib>

#define SALLYPORT_CHECK(condition)                                                          \
    do {                                                                                    \
        if (!(condition)) {                                                                 \
            std::fprintf(stderr, "%s:%d: CHECK failed: %s\n", __FILE__, __LINE__, #condition); \
            std::abort();                                                                   \
        }                                                                                   \
    } while (false)
