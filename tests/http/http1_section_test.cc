#include "http/http1_section.h"

#include <gtest/gtest.h>

#include <string>

namespace sallyport::http {
namespace {

using Kind = SectionScanner::Kind;
using namespace std::string_literals;

constexpr SectionScanner::Limits kLimits{.bytes_max = 100, .start_line_bytes_max = 20, .fields_max = 3};

struct Case {
    Kind kind;
    std::string input;
    SectionFault fault;
    std::size_t size;  // where the fault is none: of the section; 0 where it is not complete
};

const Case kCases[] = {
    {Kind::request, "GET /\r\n\r\nrest", SectionFault::none, 9},
    {Kind::request, "GET /\r\nA: b\r\n\r\n", SectionFault::none, 15},
    {Kind::request, "GET /\r\nA: b\r\n", SectionFault::none, 0},
    {Kind::request, "GET /\xe4\r\n", SectionFault::malformed, 0},
    {Kind::request, "\r\n", SectionFault::malformed, 0},
    {Kind::request, "GET /\n", SectionFault::malformed, 0},
    {Kind::request, "\n", SectionFault::malformed, 0},
    {Kind::request, "GET /\r\nA\r\n", SectionFault::malformed, 0},
    {Kind::request, "GET /\r\nA: b\r\r\n", SectionFault::malformed, 0},
    {Kind::request, "GET /34567890123456\r\n", SectionFault::start_line_too_long, 0},
    {Kind::request, "GET /3456789012345\r\n", SectionFault::none, 0},
    {Kind::request, "GET /345678901234567", SectionFault::none, 0},
    {Kind::request, "GET /3456789012345678", SectionFault::start_line_too_long, 0},
    {Kind::request, "GET /\r\n" + std::string(94, 'a'), SectionFault::too_large, 0},
    {Kind::request, "GET /\r\na:\r\na:\r\na:\r\n\r\n", SectionFault::none, 21},
    {Kind::request, "GET /\r\na:\r\na:\r\na:\r\na:\r\n", SectionFault::too_large, 0},
    {Kind::response, "HTTP/1.1 200 \xe4\r\n\r\n", SectionFault::none, 18},
    {Kind::response, "HTTP/1.1 200 \x01\r\n\r\n", SectionFault::malformed, 0},
    {Kind::trailers, "\r\n", SectionFault::none, 2},
    {Kind::trailers, "A: b\r\n\r\nrest", SectionFault::none, 8},
    {Kind::trailers, "A: " + std::string(60, 'b') + "\r\n\r\n", SectionFault::none, 67},
    {Kind::trailers, std::string(101, 'b'), SectionFault::too_large, 0},
};

SectionFault feed_in_pieces(SectionScanner& scanner, std::string_view input, std::size_t piece, std::size_t& total) {
    total = 0;
    while (!input.empty() && !scanner.complete()) {
        std::size_t taken = 0;
        const SectionFault fault = scanner.feed(input.substr(0, piece), taken);
        if (fault != SectionFault::none) return fault;
        total += taken;
        input.remove_prefix(taken);
    }
    return SectionFault::none;
}

TEST(SectionScanner, FindsTheSectionsEndHoweverTheBytesCome) {
    SectionScanner scanner;
    for (const Case& c : kCases) {
        for (std::size_t piece = 1; piece <= c.input.size() + 1; ++piece) {
            SCOPED_TRACE(c.input + " by " + std::to_string(piece));
            scanner.start(c.kind, kLimits);
            std::size_t total = 0;
            ASSERT_EQ(feed_in_pieces(scanner, c.input, piece, total), c.fault);
            if (c.fault != SectionFault::none) continue;
            ASSERT_EQ(scanner.complete(), c.size > 0);
            ASSERT_EQ(total, c.size > 0 ? c.size : c.input.size());
            if (c.size > 0) {
                ASSERT_EQ(scanner.section(), c.input.substr(0, c.size));
            }
        }
    }
}

TEST(SectionScanner, TellsTheStartLineAndTheFields) {
    SectionScanner scanner;
    scanner.start(Kind::request, kLimits);
    std::size_t taken = 0;
    ASSERT_EQ(scanner.feed("GET /\r\nA: b\r\nC:\r\n\r\n", taken), SectionFault::none);
    EXPECT_EQ(scanner.start_line(), "GET /");
    EXPECT_EQ(scanner.fields(), 2u);
}

TEST(SectionScanner, DoesNotCopyWhatArrivesWhole) {
    SectionScanner scanner;
    scanner.start(Kind::request, kLimits);
    const std::string input = "GET /\r\n\r\n";
    std::size_t taken = 0;
    ASSERT_EQ(scanner.feed(input, taken), SectionFault::none);
    EXPECT_EQ(scanner.section().data(), input.data());
}

}  // namespace
}  // namespace sallyport::http
