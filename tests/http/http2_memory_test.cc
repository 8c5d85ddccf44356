#include "http/http2_memory.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>

namespace sallyport::http {
namespace {

TEST(Http2Memory, CountsWhatIsAllocated) {
    Http2Memory memory;
    nghttp2_mem& hooks = *memory.hooks();
    void* const a = hooks.malloc(100, hooks.mem_user_data);
    char* const b = static_cast<char*>(hooks.calloc(10, 5, hooks.mem_user_data));
    EXPECT_EQ(memory.allocated_bytes(), 150u);
    EXPECT_EQ(std::string_view(b, 50), std::string_view(std::string(50, '\0')));
    hooks.free(a, hooks.mem_user_data);
    hooks.free(nullptr, hooks.mem_user_data);
    EXPECT_EQ(memory.allocated_bytes(), 50u);
    hooks.free(b, hooks.mem_user_data);
    EXPECT_EQ(memory.allocated_bytes(), 0u);
}

TEST(Http2Memory, AlignsBlocksForAnything) {
    Http2Memory memory;
    nghttp2_mem& hooks = *memory.hooks();
    void* const block = hooks.malloc(1, hooks.mem_user_data);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(block) % alignof(std::max_align_t), 0u);
    hooks.free(block, hooks.mem_user_data);
}

TEST(Http2Memory, KeepsTheBytesOfABlockThatGrowsOrShrinks) {
    Http2Memory memory;
    nghttp2_mem& hooks = *memory.hooks();
    auto* block = static_cast<char*>(hooks.realloc(nullptr, 4, hooks.mem_user_data));
    std::memcpy(block, "abcd", 4);
    block = static_cast<char*>(hooks.realloc(block, 1000, hooks.mem_user_data));
    EXPECT_EQ(std::string_view(block, 4), "abcd");
    EXPECT_EQ(memory.allocated_bytes(), 1000u);
    block = static_cast<char*>(hooks.realloc(block, 2, hooks.mem_user_data));
    EXPECT_EQ(std::string_view(block, 2), "ab");
    EXPECT_EQ(memory.allocated_bytes(), 2u);
    hooks.free(block, hooks.mem_user_data);
}

}  // namespace
}  // namespace sallyport::http
