// What a person reads: each file of golden/ and the diagnostics it gets, and that each message of the sources is in one
// of them. SALLYPORT_UPDATE_GOLDEN=1 writes the .txt files anew; read what changed.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include "tests/rules/sample.h"

namespace sallyport::rules {
namespace {

namespace fs = std::filesystem;

const fs::path kRoot = SALLYPORT_SOURCE_DIR;
const fs::path kGolden = kRoot / "tests/rules/golden";

std::string read(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

std::string joined(const std::vector<Diagnostic>& diagnostics) {
    std::string text;
    for (const Diagnostic& diagnostic : diagnostics) text += to_string(diagnostic) + '\n';
    return text;
}

std::string check_with(const std::string& text, const std::string& name, ScriptExports exports) {
    const auto parsed = parse_policy_file(text, name);
    if (!parsed.file) return joined(parsed.diagnostics);
    const auto script = Script::create("handlers/vcs.js", "", std::move(exports));
    return joined(check_script(*parsed.file->policies.at("p"), **script));
}

// The first word of the name says what the file is.
std::string diagnostics_of(const fs::path& path) {
    const std::string text = read(path);
    const std::string name = path.filename();
    const auto file = parse_policy_file(sample::file_with({"{ host: a.example }"}), "f").file;
    if (name.starts_with("policy-")) return joined(parse_policy(text, "p", name, *file).diagnostics);
    if (name.starts_with("runtime-")) return joined(parse_runtime_rules(text, name, *file).diagnostics);
    if (name.starts_with("script-")) return check_with(text, name, {{"a.example"}, {"readOnly"}, false});
    if (name.starts_with("empty-")) return check_with(text, name, {});
    return joined(parse_policy_file(text, name).diagnostics);
}

std::vector<fs::path> golden_files() {
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(kGolden)) {
        if (entry.path().extension() == ".yaml") files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    return files;
}

TEST(Golden, EachFileGetsItsDiagnostics) {
    const bool is_update = std::getenv("SALLYPORT_UPDATE_GOLDEN") != nullptr;
    for (const fs::path& file : golden_files()) {
        fs::path expected = file;
        expected.replace_extension(".txt");
        const std::string diagnostics = diagnostics_of(file);
        if (is_update) std::ofstream(expected, std::ios::binary) << diagnostics;
        EXPECT_EQ(diagnostics, read(expected)) << file;
        EXPECT_NE(diagnostics, "") << file;
    }
}

// The text of each string in a C++ source, adjacent ones as one.
class Strings {
public:
    explicit Strings(std::string_view source) : source_(source) {}

    std::vector<std::string> all() {
        while (at_ < source_.size()) {
            if (source_.substr(at_, 2) == "//") {
                at_ = std::min(source_.find('\n', at_), source_.size());
            } else if (source_[at_] == '\'') {
                skip_character();
            } else if (source_[at_] == '"') {
                take();
            } else {
                is_adjacent_ &= std::isspace(static_cast<unsigned char>(source_[at_])) != 0;
                ++at_;
            }
        }
        return std::move(found_);
    }

private:
    // A digit separator is one quote, a character two.
    void skip_character() {
        is_adjacent_ = false;
        const bool is_separator = at_ > 0 && std::isalnum(static_cast<unsigned char>(source_[at_ - 1])) != 0;
        if (is_separator) {
            ++at_;
            return;
        }
        for (++at_; at_ < source_.size() && source_[at_] != '\''; ++at_) at_ += source_[at_] == '\\';
        ++at_;
    }

    void take() {
        std::string text;
        for (++at_; at_ < source_.size() && source_[at_] != '"'; ++at_) {
            if (source_[at_] == '\\') ++at_;
            text += source_[at_];
        }
        ++at_;
        if (is_adjacent_ && !found_.empty()) {
            found_.back() += text;
        } else {
            found_.push_back(text);
        }
        is_adjacent_ = true;
    }

    std::string_view source_;
    std::size_t at_ = 0;
    bool is_adjacent_ = false;
    std::vector<std::string> found_;
};

// Where a reporter is not seen, but what is reported is worded.
const std::set<std::string> kWording = {"rules/glob.cc",       "rules/host_pattern.cc", "rules/network.cc",
                                        "rules/text_check.cc", "rules/diagnostics.cc",  "secrets/template_text.cc"};

// Not in golden/, and why.
const std::map<std::string, std::string> kElsewhere = {
    {"the file is larger than 4 MiB", "too large for the tree: TextCheck"},
    {"the file holds too many values", "too large for the tree: Document.RefusesTooManyValues"},
    {" is larger than 64 KiB", "too large for the tree: ActionReader.BoundsAnAnswer"},
    {"an answer has 64 headers at most", "ActionReader.BoundsAnAnswer"},
    {"a policy has 10000 rules at most", "too large for the tree: PolicyFile"},
    {"with its packs, a policy has 10000 rules at most", "too large for the tree: PackReader"},
    {" has 256 values at most", "too large for the tree: PackReader"},
    {"a pattern has 1000 characters at most", "Glob.RefusesControlCharactersAndLongPatterns"},
    {"an address is the same for every sandbox, and refers to nothing", "SecretReading"},
    {"must begin with https://", "SecretReading"},
    {"sends secrets in the clear: https, or \"allow_cleartext: true\" beside it", "SecretReading"},
    {"must be a host, with a port and a path where needed", "SecretReading"},
    {" is not in PEM form", "of a refusal while the gate runs: ClientCertificate"},
    {"certificate's key", "of the same"},
    {"PRIVATE KEY-----", "a value, not a message"},
    {"client certificate", "where a credential is put: ClientCertificate"},
    {" and client certificate", "of the same"},
    {"text/plain; charset=utf-8", "a value, not a message"},
    {"the sandbox's id", "of a refusal while the gate runs: Location"},
};

bool is_message(const std::string& text) {
    const auto is_letter = [](unsigned char c) { return std::isalpha(c) != 0; };
    const auto first = std::find_if(text.begin(), text.end(), [](char c) { return c != ' '; });
    const auto last = std::find_if(text.rbegin(), text.rend(), [](char c) { return c != ' '; }).base();
    return std::any_of(text.begin(), text.end(), is_letter) && first < last && std::find(first, last, ' ') != last;
}

TEST(Golden, EveryMessageOfTheSourcesIsShown) {
    std::string shown;
    for (const fs::path& file : golden_files()) shown += read(fs::path(file).replace_extension(".txt"));
    std::size_t messages = 0;
    for (const char* folder : {"rules", "secrets"}) {
        for (const auto& entry : fs::directory_iterator(kRoot / folder)) {
            if (entry.path().extension() != ".cc") continue;
            const std::string source = read(entry.path());
            const std::string name = std::string(folder) + '/' + entry.path().filename().string();
            if (source.find("eporter") == source.npos && !kWording.contains(name)) continue;
            // What a kind of credential says of its keys, its own test shows, beside what it says of requests.
            if (name.ends_with("_credential.cc")) continue;
            for (const std::string& text : Strings(source).all()) {
                if (!is_message(text) || kElsewhere.contains(text)) continue;
                ++messages;
                EXPECT_NE(shown.find(text), std::string::npos)
                    << name << ": no file of golden/ shows \"" << text << '"';
            }
        }
    }
    EXPECT_GT(messages, 120u);
}

}  // namespace
}  // namespace sallyport::rules
