// A launcher for tests of what runs handlers: they need root, and Node.js.
#pragma once

#include <gtest/gtest.h>

#include <optional>

#include "sandbox/launcher.h"
#include "tests/cli/scratch.h"

namespace sallyport::cli {

class HandlersTest : public ScratchTest {
protected:
    // Before anything that makes threads.
    HandlersTest() {
        auto started = sandbox::Launcher::start();
        EXPECT_TRUE(started) << (started ? "" : started.error().detail);
        if (started) launcher.emplace(std::move(*started));
    }
    void SetUp() override { ASSERT_TRUE(launcher); }

    std::optional<sandbox::Launcher> launcher;
};

inline constexpr const char* kScript = R"(
export const outboundByHost = { "a.example": () => new Response("by host"), "*.b.example": () => new Response("wild") };
export const outboundHandlers = { readOnly: () => new Response("read only", { status: 403 }) };
)";

}  // namespace sallyport::cli
