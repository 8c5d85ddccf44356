// What scrubbing a response costs: GB (10⁹ bytes) per second of one core, by kind of text and number of secrets, and
// how long the needles take to compile. Time is the thread's CPU time, so that a busy machine says nearly the same.
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "rules/scrubber.h"

namespace {

using namespace sallyport;
using rules::StartFilter;

constexpr std::size_t kTextBytes = 4 << 20;
constexpr std::size_t kReadBytes = 16 * 1024;
constexpr int kRounds = 5;
constexpr std::string_view kAlphanumeric = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

double cpu_seconds() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

using Random = std::mt19937;

std::string random_text(Random& random, std::string_view alphabet, std::size_t size) {
    std::string text(size, '\0');
    for (char& c : text) c = alphabet[random() % alphabet.size()];
    return text;
}

// Shaped like the tokens of well-known providers.
std::vector<std::string> make_secrets(std::size_t count) {
    Random random(7);
    const char* prefixes[] = {"ghp_", "sk-ant-api03-", "sk_test_", "AKIA", "glpat-", "npm_", "xoxb-", ""};
    std::vector<std::string> secrets;
    for (std::size_t i = 0; i < count; ++i) secrets.push_back(prefixes[i % 8] + random_text(random, kAlphanumeric, 36));
    return secrets;
}

std::string english(Random& random) {
    const char* words[] = {"the",    "of",      "and",     "request", "token",   "to",      "in",       "is",
                           "secret", "through", "server",  "that",    "returns", "value",   "with",     "as",
                           "for",    "Message", "proxy",   "which",   "header",  "a",       "GitHub",   "or",
                           "key",    "access",  "network", "policy",  "before",  "Another", "question", "2026"};
    std::string text;
    for (std::size_t column = 0; text.size() < kTextBytes; ++column) {
        text += words[random() % std::size(words)];
        text += column % 12 == 11 ? ".\n" : column % 7 == 6 ? ", " : " ";
    }
    return text;
}

std::string json(Random& random) {
    std::string text = "[";
    while (text.size() < kTextBytes) {
        text += "{\"id\":" + std::to_string(random()) + ",\"url\":\"https:\\/\\/api.example.com\\/repos\\/acme\\/" +
                random_text(random, kAlphanumeric, 8) +
                "\",\"body\":\"caf\\u00e9 \\\"quoted\\\"\\n a &amp; b\",\"sha\":\"" +
                random_text(random, "0123456789abcdef", 40) + "\",\"private\":false},\n";
    }
    return text;
}

std::string encoded_urls(Random& random) {
    std::string text;
    while (text.size() < kTextBytes) {
        text += "https%3A%2F%2Fexample.com%2F" + random_text(random, kAlphanumeric, 12) + "%20&";
    }
    return text;
}

// What an origin would send to keep us busy: the public beginning of a token, over and over.
std::string beginnings() {
    std::string text;
    while (text.size() < kTextBytes) text += "sk-ant-api03-";
    return text;
}

struct Sample {
    const char* name;
    std::string text;
};

std::vector<Sample> make_samples() {
    Random random(11);
    std::string binary(kTextBytes, '\0');
    for (char& c : binary) c = static_cast<char>(random());
    return {{"english", english(random)},
            {"json", json(random)},
            {"urls", encoded_urls(random)},
            {"base64", random_text(random, std::string(kAlphanumeric) + "+/", kTextBytes)},
            {"random", binary},
            {"beginnings", beginnings()}};
}

double bytes_per_second(const std::shared_ptr<const rules::NeedleSet>& set, std::string_view text) {
    double best = 0;
    for (int round = 0; round < kRounds; ++round) {
        rules::Scrubber scrubber(set);
        Buffer out;
        std::size_t released = 0;
        const double start = cpu_seconds();
        for (std::size_t at = 0; at < text.size(); at += kReadBytes) {
            scrubber.feed(text.substr(at, kReadBytes), out);
            released += out.size();
            out.clear();
        }
        scrubber.finish(out);
        const double seconds = cpu_seconds() - start;
        if (released + out.size() != text.size()) std::abort();
        best = std::max(best, static_cast<double>(text.size()) / seconds);
    }
    return best;
}

void measure(std::size_t count, const std::vector<Sample>& samples, StartFilter::Speed speed) {
    const auto secrets = make_secrets(count);
    const std::vector<std::string_view> views(secrets.begin(), secrets.end());
    double compile_seconds = 1;
    std::shared_ptr<const rules::NeedleSet> set;
    for (int round = 0; round < kRounds; ++round) {
        const double start = cpu_seconds();
        set = rules::NeedleSet::compile(views, {}, speed);
        compile_seconds = std::min(compile_seconds, cpu_seconds() - start);
    }
    std::printf("%3zu secrets, %s: %3zu needles, compiled in %.3f ms, GB/s:", count,
                speed == StartFilter::Speed::best ? "best    " : "portable", set->needles().size(),
                compile_seconds * 1e3);
    for (const Sample& sample : samples) {
        std::printf(" %s %.2f", sample.name, bytes_per_second(set, sample.text) * 1e-9);
    }
    std::printf("\n");
}

}  // namespace

int main() {
    const auto samples = make_samples();
    for (const std::size_t count : {1, 8, 25, 50, 100}) measure(count, samples, StartFilter::Speed::best);
    for (const std::size_t count : {8, 100}) measure(count, samples, StartFilter::Speed::portable);
    return 0;
}
