#include "base/buffer.h"

#include <gtest/gtest.h>

#include <deque>
#include <random>
#include <string>

namespace sallyport {
namespace {

TEST(Buffer, GivesBackWhatWasAppendedInOrder) {
    Buffer buffer;
    buffer.append("hello ");
    buffer.append("world");
    EXPECT_EQ(buffer.view(), "hello world");
    buffer.consume(6);
    EXPECT_EQ(buffer.view(), "world");
    buffer.append('!');
    EXPECT_EQ(buffer.view(), "world!");
    buffer.consume(6);
    EXPECT_TRUE(buffer.empty());
}

TEST(Buffer, BehavesLikeAQueueOfBytesForRandomOperations) {
    std::mt19937 random(7);
    Buffer buffer;
    std::deque<char> model;
    for (int i = 0; i < 20000; ++i) {
        if (random() % 2 == 0) {
            const std::string piece(random() % 700, static_cast<char>(random()));
            buffer.append(piece);
            model.insert(model.end(), piece.begin(), piece.end());
        } else if (!model.empty()) {
            const std::size_t count = random() % (model.size() + 1);
            buffer.consume(count);
            model.erase(model.begin(), model.begin() + static_cast<std::ptrdiff_t>(count));
        }
        ASSERT_EQ(buffer.view(), std::string(model.begin(), model.end()));
    }
}

TEST(Buffer, WipeOverwritesTheWholeBlock) {
    Buffer buffer;
    buffer.append("marker-secret");
    const char* block = buffer.view().data();
    buffer.wipe();
    EXPECT_TRUE(buffer.empty());
    EXPECT_EQ(std::string_view(block, 13).find("marker"), std::string_view::npos);
}

TEST(Buffer, GivesItsMemoryBackWhenEmpty) {
    Buffer buffer;
    buffer.append("x");
    buffer.release_if_empty();
    EXPECT_EQ(buffer.view(), "x");
    buffer.consume(1);
    buffer.release_if_empty();
    EXPECT_EQ(buffer.writable(), 0u);
}

}  // namespace
}  // namespace sallyport
