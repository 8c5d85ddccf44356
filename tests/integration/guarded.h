// Sandboxes of the world: a namespace that a daemon of the program under test guards (`attach`), with root and all
// capabilities inside; and a command run the way users do (`run`).
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "access_log.h"
#include "world.h"

namespace sallyport::integration {

// A policy file around the lines of `rules`: secrets `token` and `other`; credentials `token` (X-Auth-Token), `other` (the
// same field), `bearer`, and `basic`; one policy named `agent`. `token_source` is where `token` comes from; empty: a file of
// the world's. `more_credentials`: lines of the `credentials` section.
std::string policy(const std::string& rules, const std::string& token_source = {},
                   const std::string& more_credentials = {});

// Rules for policy(): one host with a credential, and one without.
inline const std::string kApiAndOpen = R"(
      - { name: api, host: api.acme.example, credential: token }
      - { name: open, host: open.acme.example }
)";

// "GET target HTTP/1.1" with this Host, more fields ("Name: value\r\n"), and an end after the answer.
std::string get(const std::string& target, const std::string& host = "api.acme.example", const std::string& fields = {});

struct Finished {
    int code = -1;
    std::string out;
    std::string err;
    std::string all() const { return out + err; }
};

// One exchange by clients/raw.py, which see.
struct RawCase {
    std::string bytes;
    std::string host = "api.acme.example";  // name, looked up inside; or an address
    int port = 443;
    std::string sni;  // empty: the host's name; "-": none; "plain": no TLS
    std::string mode = "one";
};
struct RawResult {
    std::string outcome;
    std::string received;
    int status() const;  // of the first final response; 0 where there is none
};

struct GuardOptions {
    std::string name = "agent";
    int netns = -1;                    // -1: a new namespace
    std::vector<std::string> options;  // more for the command line
    bool may_be_refused = false;
};

class Guard final {
public:
    // Returns once egress is guarded. A start that fails throws, which ends the test; where it may be refused, it returns
    // once the daemon has ended: see is_ready().
    explicit Guard(const std::string& policy_text, const GuardOptions& options = {});

    bool is_ready() const { return ready_; }
    Process& daemon() { return daemon_; }
    int netns() const { return netns_.get(); }
    std::string access_log_path() const { return files_ + ".access"; }
    std::string ca_bundle_path() const { return files_ + ".pem"; }
    // The daemon's messages: standard error.
    std::string messages() const { return daemon_.err(); }
    // Waits until there are `count` lines.
    std::vector<LogLine> access_log(std::size_t count) const;
    void rewrite_policy(const std::string& policy_text) const;

    // As root in the namespace, trusting the sandbox's CA.
    Process start(Spawn spawn) const;
    Finished run(const std::vector<std::string>& argv, const std::string& input = {}) const;
    Finished shell(const std::string& script) const { return run({"sh", "-c", script}); }
    Finished python(const std::string& script) const { return run({"/usr/bin/python3", "-c", script}); }
    Finished curl(const std::vector<std::string>& arguments) const;
    std::vector<RawResult> raw_all(const std::vector<RawCase>& cases) const;
    RawResult raw(const RawCase& one) const { return raw_all({one}).front(); }

private:
    std::string files_;  // the common prefix of this guard's own files, outside
    UniqueFd netns_;
    bool ready_ = false;
    Process daemon_;
};

// `sallyport run` with this policy, in `directory` as working directory.
struct RunOptions {
    std::vector<std::string> options;
    std::vector<std::string> environment;
    std::string directory;
    std::string input;
    std::string access_log;  // a file; empty: some file outside
};
Spawn sallyport_run(const std::string& policy_text, const std::vector<std::string>& argv, const RunOptions& options = {});
Finished run_in_sandbox(const std::string& policy_text, const std::vector<std::string>& argv,
                        const RunOptions& options = {});
Finished finish(Process process);

// Looks for secrets in all that came out, after every test.
class IntegrationTest : public testing::Test {
protected:
    World& world() { return World::get(); }
    // A download of /slow in the middle: it goes on when world().open_gate(gate) says so.
    Process half_a_download(const Guard& guard, const std::string& gate);
    // All that has come to a host in this test, in one text.
    std::string seen_by(const std::string& name);
    void SetUp() override;
    void TearDown() override;
};

}  // namespace sallyport::integration
