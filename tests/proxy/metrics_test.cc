#include "proxy/metrics.h"

#include <gtest/gtest.h>

#include <regex>
#include <set>
#include <sstream>

namespace sallyport::proxy {
namespace {

Counters some_counters() {
    Counters counters;
    const Error denied{ErrorCode::denied, "a name that a sandbox chose: evil\"}\n"};
    counters.count({true, nullptr, 800});
    counters.count({true, nullptr, 4'000});
    counters.count({false, &denied, 20'000'000});
    counters.connections_accepted = 7;
    counters.responses_scrubbed = 2;
    counters.secrets_scrubbed = 9;
    counters.secret_parts = 4;
    counters.bytes_to_sandboxes = 12;
    return counters;
}

std::string page() { return metrics_text(some_counters(), {Generation{5}, 2, 3, 1}); }

bool has_line(const std::string& line) { return page().find("\n" + line + "\n") != std::string::npos; }

TEST(Metrics, CountersHaveTheirLines) {
    EXPECT_TRUE(has_line("sallyport_requests_total{outcome=\"allowed\"} 2")) << page();
    EXPECT_TRUE(has_line("sallyport_requests_total{outcome=\"denied\"} 1"));
    EXPECT_TRUE(has_line("sallyport_errors_total{code=\"denied\",blame=\"policy\"} 1"));
    EXPECT_TRUE(has_line("sallyport_errors_total{code=\"tls_verify_failed\",blame=\"origin\"} 0")) << "also what is zero";
    EXPECT_TRUE(has_line("sallyport_connections_accepted_total 7"));
    EXPECT_TRUE(has_line("sallyport_responses_scrubbed_total 2"));
    EXPECT_TRUE(has_line("sallyport_secrets_scrubbed_total 9"));
    EXPECT_TRUE(has_line("sallyport_secret_parts_total 4"));
    EXPECT_TRUE(has_line("sallyport_sandbox_bytes_total{direction=\"to\"} 12"));
    EXPECT_TRUE(has_line("sallyport_generation 5"));
    EXPECT_TRUE(has_line("sallyport_reloads_failed_total 1"));
}

TEST(Metrics, HistogramBucketsAreCumulativeAndInSeconds) {
    EXPECT_TRUE(has_line("sallyport_request_duration_seconds_bucket{le=\"0.001\"} 1")) << page();
    EXPECT_TRUE(has_line("sallyport_request_duration_seconds_bucket{le=\"0.005\"} 2"));
    EXPECT_TRUE(has_line("sallyport_request_duration_seconds_bucket{le=\"10.0\"} 2"));
    EXPECT_TRUE(has_line("sallyport_request_duration_seconds_bucket{le=\"+Inf\"} 3"));
    EXPECT_TRUE(has_line("sallyport_request_duration_seconds_count 3"));
    EXPECT_TRUE(has_line("sallyport_request_duration_seconds_sum 20.0048"));
}

// Every line is a comment or a sample of a family that was announced just before; every sample is there once.
TEST(Metrics, ThePageIsWellFormed) {
    const std::regex comment("# (HELP|TYPE) (sallyport_[a-z_]+) .+");
    const std::regex sample("(sallyport_[a-z_]+?)(_bucket|_sum|_count)?(\\{[a-z]+=\"[^\"\\\\\n]*\"(,[a-z]+=\"[^\"\\\\\n]*\")*\\})? [0-9]+(\\.[0-9]+)?");
    std::istringstream lines(page());
    std::set<std::string> families;
    std::set<std::string> samples;
    std::string family;
    for (std::string line; std::getline(lines, line);) {
        std::smatch match;
        if (std::regex_match(line, match, comment)) {
            if (match[1] == "HELP") {
                family = match[2];
                EXPECT_TRUE(families.insert(family).second) << line;
            }
            EXPECT_EQ(match[2], family);
            continue;
        }
        ASSERT_TRUE(std::regex_match(line, match, sample)) << line;
        EXPECT_TRUE(line.starts_with(family)) << line;
        EXPECT_TRUE(samples.insert(line.substr(0, line.rfind(' '))).second) << line;
    }
    EXPECT_EQ(page().back(), '\n');
    EXPECT_GE(samples.size(), kErrorCodes + 20);
}

// X14: what a sandbox chooses is in no label.
TEST(Metrics, X14_NothingOfASandboxIsOnThePage) { EXPECT_EQ(page().find("evil"), std::string::npos); }

}  // namespace
}  // namespace sallyport::proxy
