#include "rules/start_filter.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>

namespace sallyport::rules {
namespace {

using Speed = StartFilter::Speed;

std::vector<std::uint32_t> starts_of(std::vector<std::string> texts) {
    std::vector<std::uint32_t> starts;
    for (const auto& text : texts) starts.push_back(folded_start(text.data()));
    std::sort(starts.begin(), starts.end());
    starts.erase(std::unique(starts.begin(), starts.end()), starts.end());
    return starts;
}

TEST(StartFilter, FindsTheFirstPlaceThatMayBeAStart) {
    for (const auto speed : {Speed::best, Speed::portable}) {
        const StartFilter filter(starts_of({"abcd", "%2f%", "\\u00", std::string("x\0y\0", 4)}), speed);
        const std::string text = std::string(100, '.') + "ABCD" + std::string(50, '.') + "%2F%" + std::string(70, '.');
        EXPECT_EQ(filter.find(text.data(), 0, text.size()), 100u);
        EXPECT_EQ(filter.find(text.data(), 100, text.size()), 100u);
        EXPECT_EQ(filter.find(text.data(), 101, text.size()), 154u);
        EXPECT_EQ(filter.find(text.data(), 155, text.size()), text.size() - 3);
        EXPECT_EQ(filter.find(text.data(), text.size() - 2, text.size()), text.size() - 2);
        EXPECT_EQ(filter.find(text.data(), 0, 3), 0u);
        EXPECT_EQ(filter.find(text.data(), 0, 0), 0u);
        EXPECT_EQ(filter.find(text.data(), 0, 104), 100u);
        EXPECT_EQ(filter.find(text.data(), 0, 103), 100u);
    }
}

TEST(StartFilter, WithoutStartsNothingMayBeOne) {
    const StartFilter filter(std::span<const std::uint32_t>{});
    const std::string text(1000, 'a');
    EXPECT_EQ(filter.find(text.data(), 0, text.size()), 997u);
}

TEST(StartFilter, NeverMissesAStartHoweverManyThereAre) {
    std::mt19937 random(3);
    for (const std::size_t count : {1u, 20u, 500u, 20'000u}) {
        std::vector<std::string> texts(count, std::string(kStartBytes, '\0'));
        for (auto& text : texts) {
            for (char& c : text) c = static_cast<char>(random() % 3 == 0 ? random() : 'a' + random() % 26);
        }
        const auto starts = starts_of(texts);
        const StartFilter best(starts, Speed::best);
        const StartFilter portable(starts, Speed::portable);
        std::string haystack(5'000, '\0');
        for (char& c : haystack) c = static_cast<char>(random() % 2 == 0 ? random() : 'a' + random() % 26);
        for (int i = 0; i < 300; ++i) {
            haystack.replace(random() % (haystack.size() - kStartBytes), kStartBytes, texts[random() % count]);
        }
        for (const StartFilter* filter : {&best, &portable}) {
            for (std::size_t from = 0; from < haystack.size(); ++from) {
                const std::size_t found = filter->find(haystack.data(), from, haystack.size());
                while (from < std::min(found, haystack.size() - 3)) {
                    const std::uint32_t start = folded_start(haystack.data() + from);
                    ASSERT_FALSE(std::binary_search(starts.begin(), starts.end(), start));
                    ++from;
                }
            }
        }
    }
}

// Under the address sanitizer this also shows that nothing behind the end is read.
TEST(StartFilter, LooksAtEveryLengthUpToItsEnd) {
    const StartFilter filter(starts_of({"abcd"}));
    for (std::size_t size = 0; size < 140; ++size) {
        const auto text = std::make_unique<char[]>(size);
        std::fill_n(text.get(), size, 'z');
        if (size >= kStartBytes) std::memcpy(text.get() + size - kStartBytes, "abcd", kStartBytes);
        EXPECT_EQ(filter.find(text.get(), 0, size), size < kStartBytes ? 0 : size - kStartBytes) << size;
    }
}

}  // namespace
}  // namespace sallyport::rules
