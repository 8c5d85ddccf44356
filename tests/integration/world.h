// The world that one test program runs in, made on first use: a fake internet with name server, certificates and origins,
// and a host that reaches it by a cable. Everything that comes out of a sandbox or a daemon is kept in files below
// outside(), and is searched for the secrets after every test.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "network.h"
#include "process.h"

namespace sallyport::integration {

class World final {
public:
    static World& get();

    // A tmpfs of this program's own. Holds `root.pem` (what the daemon trusts), `secrets/`, and below `internet/` the
    // origins' files.
    const std::string& directory() const { return directory_; }
    std::string path(const std::string& name) const { return directory_ + "/" + name; }
    // For outputs: what a sandbox or an operator's log could see.
    std::string outside() const { return path("outside"); }
    // A directory that did not exist before, for a command to work in; outside, too.
    std::string scratch();
    // A name that was not given before: "NAME-7".
    std::string fresh(const std::string& name);

    const Network& network() const { return *network_; }
    // What was received, asked and reached so far is not reported any more. Called before each test.
    void forget();

    // The host's own process.
    Process start(Spawn spawn);
    // What each connection to this name and port has sent so far, in the order of accept.
    std::vector<std::string> received(const std::string& name, int port = 443) const;
    // The same in one text.
    std::string all_received(const std::string& name, int port = 443) const;
    // "NAME TYPE" for each question that reached the name server.
    std::vector<std::string> dns_questions() const;
    // How the token endpoint and the Vault server of every host behave: origin/stores.py, which see.
    void set_store(const std::string& name, const std::string& value) const;
    // How often they have done `what` ("issued", "login", …).
    std::size_t store_count(const std::string& what) const;
    // Until they have done it `count` times. False after half a minute.
    bool wait_for_store(const std::string& what, std::size_t count) const;
    // Lets /slow?gate=NAME and /silent?gate=NAME go on. Made by make_gate, before the request.
    void make_gate(const std::string& name);
    void open_gate(const std::string& name);

    // The encodings of the secrets found in anything that is outside, with the file's name; empty is good. Each file is
    // reported once.
    std::vector<std::string> leaks();

private:
    World();
    void write_internet();
    void write_certificates();
    void write_resolver();

    std::string directory_;
    int counter_ = 0;
    std::set<std::string> forgotten_;  // files of received connections
    std::size_t questions_forgotten_ = 0;
    std::set<std::string> leaking_;  // files already reported
    std::unique_ptr<Network> network_;
    Process internet_;
    std::vector<std::pair<std::string, UniqueFd>> gates_;
};

}  // namespace sallyport::integration
