#include "guarded.h"

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <regex>
#include <stdexcept>

#include "base/check.h"
#include "files.h"
#include "leak.h"

namespace sallyport::integration {
namespace {

constexpr const char* kRawClient = SALLYPORT_SOURCE_DIR "/tests/integration/clients/raw.py";

std::string to_hex(const std::string& bytes) {
    std::string text;
    for (unsigned char byte : bytes) text += {"0123456789abcdef"[byte >> 4], "0123456789abcdef"[byte & 15]};
    return text;
}

std::string from_hex(const std::string& text) {
    std::string bytes;
    for (std::size_t at = 0; at + 1 < text.size(); at += 2)
        bytes += static_cast<char>(std::stoi(text.substr(at, 2), nullptr, 16));
    return bytes;
}

std::vector<std::string> trusting(const std::string& bundle) {
    std::vector<std::string> environment = {"PYTHONDONTWRITEBYTECODE=1"};
    for (const char* name :
         {"SSL_CERT_FILE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "GIT_SSL_CAINFO", "AWS_CA_BUNDLE"}) {
        environment.push_back(std::string(name) + "=" + bundle);
    }
    return environment;
}

void append(std::vector<std::string>& to, const std::vector<std::string>& more) {
    to.insert(to.end(), more.begin(), more.end());
}

}  // namespace

std::string policy(const std::string& rules, const std::string& token_source, const std::string& more_credentials) {
    World& world = World::get();
    const std::string token = token_source.empty() ? "{ file: " + world.path("secrets/token") + " }" : token_source;
    return "version: 1\nupstream_ca: " + world.path("root.pem") +
           "\nsecrets:\n  token: " + token + "\n  other: { file: " + world.path("secrets/other") + R"( }
credentials:
)" + more_credentials + R"(  token: { type: header, name: X-Auth-Token, value: "${secrets.token}" }
  other: { type: header, name: X-Auth-Token, value: "${secrets.other}" }
  bearer: { type: bearer, secret: token }
  basic: { type: basic, username: x-access-token, password: "${secrets.token}" }
policies:
  agent:
    default: deny
    rules:
)" + rules;
}

std::string get(const std::string& target, const std::string& host, const std::string& fields) {
    return "GET " + target + " HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n" + fields + "\r\n";
}

int RawResult::status() const {
    static const std::regex head(R"((?:^|\r\n\r\n)HTTP/1\.1 ([2-5]\d\d) )");
    std::smatch match;
    return std::regex_search(received, match, head) ? std::stoi(match[1]) : 0;
}

Guard::Guard(const std::string& policy_text, const GuardOptions& options) {
    World& world = World::get();
    files_ = world.outside() + "/" + world.fresh("guard");
    netns_.reset(options.netns >= 0 ? dup(options.netns) : Network::make_namespace().release());
    rewrite_policy(policy_text);
    int ends[2];
    SALLYPORT_CHECK(pipe2(ends, O_CLOEXEC) == 0);
    UniqueFd ready_reader(ends[0]), ready_writer(ends[1]);
    std::vector<std::string> argv = {SALLYPORT_PROGRAM,
                                     "attach",
                                     "--netns",
                                     Network::path_of(netns_.get()),
                                     "--policy",
                                     files_ + ".yaml",
                                     "--as",
                                     options.name,
                                     "--ready-fd",
                                     std::to_string(ready_writer.get()),
                                     "--access-log",
                                     access_log_path(),
                                     "--ca-out",
                                     ca_bundle_path()};
    append(argv, options.options);
    daemon_ = world.start({.argv = argv, .inherited = {ready_writer.get()}});
    ready_writer.reset();
    ready_ = wait_for_bytes(ready_reader.get()).starts_with("ready");
    if (ready_) return;
    daemon_.wait();
    if (!options.may_be_refused) throw std::runtime_error("the guard is not ready: " + messages());
}

std::vector<LogLine> Guard::access_log(std::size_t count) const {
    wait_for_content(access_log_path(), [&](const std::string& text) { return lines(text).size() >= count; });
    return parse_access_log(read_file(access_log_path()));
}

void Guard::rewrite_policy(const std::string& policy_text) const { write_file(files_ + ".yaml", policy_text); }

Process Guard::start(Spawn spawn) const {
    spawn.netns = netns_.get();
    append(spawn.environment, trusting(ca_bundle_path()));
    return World::get().start(std::move(spawn));
}

Finished Guard::run(const std::vector<std::string>& argv, const std::string& input) const {
    return finish(start({.argv = argv, .input = input}));
}

Finished Guard::curl(const std::vector<std::string>& arguments) const {
    std::vector<std::string> argv = {"curl", "-sS", "--max-time", "50"};
    append(argv, arguments);
    return run(argv);
}

std::vector<RawResult> Guard::raw_all(const std::vector<RawCase>& cases) const {
    std::string input;
    for (const auto& one : cases) {
        input += one.host + " " + std::to_string(one.port) + " " + (one.sni.empty() ? one.host : one.sni) + " " + one.mode +
                 " " + to_hex(one.bytes) + "\n";
    }
    std::vector<RawResult> results;
    Finished client = run({"/usr/bin/python3", kRawClient}, input);
    for (const auto& line : lines(client.out)) {
        auto space = line.find(' ');
        results.push_back({line.substr(0, space), from_hex(line.substr(space + 1))});
    }
    EXPECT_EQ(results.size(), cases.size()) << client.err;
    results.resize(cases.size());
    return results;
}

Spawn sallyport_run(const std::string& policy_text, const std::vector<std::string>& argv, const RunOptions& options) {
    World& world = World::get();
    std::string file = world.path("secrets/") + world.fresh("run") + ".yaml";
    write_file(file, policy_text);
    Spawn spawn{.argv = {SALLYPORT_PROGRAM, "run", "--policy", file},
                .environment = options.environment,
                .working_directory = options.directory.empty() ? world.scratch() : options.directory,
                .input = options.input};
    std::string access_log =
        options.access_log.empty() ? world.outside() + "/" + world.fresh("run.access") : options.access_log;
    append(spawn.argv, {"--access-log", access_log});
    append(spawn.argv, options.options);
    spawn.argv.emplace_back("--");
    append(spawn.argv, argv);
    return spawn;
}

Finished run_in_sandbox(const std::string& policy_text, const std::vector<std::string>& argv, const RunOptions& options) {
    return finish(World::get().start(sallyport_run(policy_text, argv, options)));
}

Finished finish(Process process) {
    int code = process.wait();
    return {code, process.out(), process.err()};
}

Process IntegrationTest::half_a_download(const Guard& guard, const std::string& gate) {
    world().make_gate(gate);
    Process download = guard.start(
        {.argv = {"curl", "-sS", "--no-buffer", "--max-time", "50", "https://open.acme.example/slow?gate=" + gate}});
    EXPECT_TRUE(wait_for_text(download.out_path(), "half ")) << download.err();
    return download;
}

std::string IntegrationTest::seen_by(const std::string& name) {
    return world().all_received(name) + world().all_received(name, 80) + world().all_received(name, 8443);
}

void IntegrationTest::SetUp() { world().forget(); }

void IntegrationTest::TearDown() { EXPECT_EQ(world().leaks(), std::vector<std::string>()); }

}  // namespace sallyport::integration
