#include "world.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "base/check.h"
#include "certificates.h"
#include "files.h"
#include "leak.h"

namespace sallyport::integration {
namespace {

struct Host {
    const char* name;
    const char* address;
    const char* tls = "any";  // any, 1.2, client (asks for one of its certificates) or none
    enum Certificate { good, expired, not_yet_valid, self_signed, unknown_root, wrong_name } certificate = good;
};

constexpr Host kHosts[] = {
    {"api.acme.example", "203.0.113.10"},
    {"open.acme.example", "203.0.113.11"},
    {"git.acme.example", "203.0.113.12"},
    {"index.acme.example", "203.0.113.13"},
    {"other.acme.example", "203.0.113.14"},
    {"a.wild.acme.example", "203.0.113.15"},
    {"wild.acme.example", "203.0.113.16"},
    {"v6.acme.example", "2001:db8::10"},
    {"my-internal-vcs.dev", "203.0.113.17"},
    {"staging.acme.example", "203.0.113.18"},
    {"db.acme.example", "203.0.113.19"},
    {"denied.example", "203.0.113.20"},
    {"evil.example", "203.0.113.66"},
    {"expired.example", "203.0.113.30", "any", Host::expired},
    {"tomorrow.example", "203.0.113.31", "any", Host::not_yet_valid},
    {"selfsigned.example", "203.0.113.32", "any", Host::self_signed},
    {"unknownroot.example", "203.0.113.33", "any", Host::unknown_root},
    {"wrongname.example", "203.0.113.34", "any", Host::wrong_name},
    {"tls12.example", "203.0.113.35", "1.2"},
    {"api.github.com", "203.0.113.40"},
    {"github.com", "203.0.113.41"},
    {"api.anthropic.com", "203.0.113.42"},
    {"api.openai.com", "203.0.113.43"},
    {"api.stripe.com", "203.0.113.44"},
    {"registry-1.docker.io", "203.0.113.45"},
    {"auth.docker.io", "203.0.113.46"},
    {"acme-data.s3.eu-west-1.amazonaws.com", "203.0.113.48"},
    {"mtls.acme.example", "203.0.113.47", "client"},
    {"internal.example", "10.0.0.5"},
    {"metadata.example", "169.254.169.254", "none"},
    {"v6internal.example", "fd00::5"},
};

// Beside an A or AAAA record for each host.
constexpr const char* kMoreRecords = R"(rebind.example A sequence 203.0.113.10 10.0.0.5
mixed.example A all 203.0.113.10 10.0.0.5
cname.example CNAME all internal.example
cnamemeta.example CNAME all metadata.example
metadata.google.internal A all 169.254.169.254
mapped.example AAAA all ::ffff:10.0.0.5
nat64.example AAAA all 64:ff9b::a00:5
loop.example A all 127.0.0.1
loop6.example AAAA all ::1
zero.example A all 0.0.0.0
hostself.example A all 192.0.2.2
hostself6.example AAAA all 2001:db8:ffff::2
azuremeta.example A all 168.63.129.16
alibabameta.example A all 100.100.100.200
awsmeta6.example AAAA all fd00:ec2::254
synthetic.example A all 198.18.0.5
closed.example A all 203.0.113.99
)";

// Addresses without a host of their own.
const std::vector<std::string> kMoreAddresses = {"203.0.113.53",  "203.0.113.99",    "192.168.1.1",
                                                 "168.63.129.16", "100.100.100.200", "fd00:ec2::254"};

bool is_v6(const std::string& address) { return address.find(':') != std::string::npos; }

std::vector<std::string> all_addresses() {
    std::vector<std::string> addresses = kMoreAddresses;
    for (const auto& host : kHosts) addresses.emplace_back(host.address);
    return addresses;
}

std::string certificate_for(const Host& host, const CertificateIssuer& trusted, const CertificateIssuer& unknown) {
    switch (host.certificate) {
        case Host::expired: return trusted.issue(host.name, Flaw::expired);
        case Host::not_yet_valid: return trusted.issue(host.name, Flaw::not_yet_valid);
        case Host::self_signed: return trusted.issue(host.name, Flaw::self_signed);
        case Host::unknown_root: return unknown.issue(host.name);
        case Host::wrong_name: return trusted.issue("another.example");
        case Host::good: break;
    }
    return trusted.issue(host.name);
}

}  // namespace

World& World::get() {
    static World* world = new World;
    return *world;
}

World::World() : directory_("/srv/world") {
    SALLYPORT_CHECK(mount("tmpfs", "/srv", "tmpfs", 0, "mode=755") == 0);
    for (const char* name : {"outside", "secrets", "internet/certs", "internet/received", "internet/gates",
                             "internet/store",
                             "internet/site/private", "internet/git"}) {
        make_directory(path(name));
    }
    write_file(path("secrets/token"), std::string(kSecret) + "\n");
    write_file(path("secrets/other"), std::string(kOtherSecret) + "\n");
    chmod(path("secrets").c_str(), 0700);
    write_internet();
    write_certificates();
    write_resolver();
    network_ = std::make_unique<Network>(all_addresses());
    internet_ = Process(
        {.argv = {"/usr/bin/python3", SALLYPORT_SOURCE_DIR "/tests/integration/origin/internet.py", path("internet")},
         .environment = {"PYTHONDONTWRITEBYTECODE=1"},
         .netns = network_->internet()},
        path("internet/process"));
    bool ready = wait_for_content(path("internet/process.out"), [](const std::string& text) { return !text.empty(); });
    if (!ready) std::fprintf(stderr, "the fake internet did not start: %s\n", internet_.err().c_str());
    SALLYPORT_CHECK(ready);
}

void World::write_internet() {
    std::string hosts;
    std::string zone = kMoreRecords;
    for (const auto& host : kHosts) {
        hosts += std::string(host.name) + " " + host.address + " " + host.tls + "\n";
        zone += std::string(host.name) + (is_v6(host.address) ? " AAAA all " : " A all ") + host.address + "\n";
    }
    write_file(path("internet/hosts"), hosts);
    write_file(path("internet/zone"), zone);
    write_file(path("internet/token"), kSecret);
    write_file(path("internet/password"), kOtherSecret);
    write_file(path("internet/aws_keys"), std::string(kAwsKeyId) + " " + std::string(kSecret) + "\n");
}

void World::write_certificates() {
    CertificateIssuer trusted("Fake Internet Root");
    CertificateIssuer unknown("Unknown Root");
    write_file(path("root.pem"), trusted.root_pem());
    CertificateIssuer clients("Clients Root");
    write_file(path("internet/clients.pem"), clients.root_pem());
    write_file(path("secrets/client.pem"), clients.issue("agent.acme.example"));
    for (const auto& host : kHosts) {
        write_file(path("internet/certs/") + host.name + ".pem", certificate_for(host, trusted, unknown));
    }
}

// Over the machine's own files, in this program's mount namespace only.
void World::write_resolver() {
    write_file(path("resolv.conf"), "nameserver 203.0.113.53\noptions timeout:2 attempts:1\n");
    write_file(path("hosts"), "127.0.0.1 localhost\n::1 localhost\n203.0.113.11 from-hosts-file.example\n");
    SALLYPORT_CHECK(mount(path("hosts").c_str(), "/etc/hosts", nullptr, MS_BIND, nullptr) == 0);
    auto resolv_conf = std::filesystem::canonical("/etc/resolv.conf");
    SALLYPORT_CHECK(mount(path("resolv.conf").c_str(), resolv_conf.c_str(), nullptr, MS_BIND, nullptr) == 0);
}

std::string World::fresh(const std::string& name) { return name + "-" + std::to_string(++counter_); }

std::string World::scratch() {
    std::string directory = outside() + "/" + fresh("work");
    make_directory(directory);
    return directory;
}

Process World::start(Spawn spawn) {
    std::string name = std::filesystem::path(spawn.argv.front()).filename();
    return Process(spawn, outside() + "/" + fresh(name));
}

std::vector<std::string> World::received(const std::string& name, int port) const {
    std::vector<std::string> contents;
    for (int number = 1;; ++number) {
        std::string file =
            path("internet/received/") + name + "." + std::to_string(port) + "." + std::to_string(number) + ".raw";
        if (!std::filesystem::exists(file)) return contents;
        if (!forgotten_.contains(file)) contents.push_back(read_file(file));
    }
}

std::string World::all_received(const std::string& name, int port) const {
    std::string all;
    for (const auto& content : received(name, port)) all += content;
    return all;
}

std::vector<std::string> World::dns_questions() const {
    auto questions = lines(read_file(path("internet/dns.log")));
    questions.erase(questions.begin(), questions.begin() + static_cast<std::ptrdiff_t>(questions_forgotten_));
    return questions;
}

void World::forget() {
    for (const auto& file : files_below(path("internet/received"))) forgotten_.insert(file);
    questions_forgotten_ += dns_questions().size();
    network_->forget();
}

void World::set_store(const std::string& name, const std::string& value) const {
    // At once: the server never reads half of it.
    write_file(path("internet/store/." + name), value);
    std::filesystem::rename(path("internet/store/." + name), path("internet/store/" + name));
}

std::size_t World::store_count(const std::string& what) const {
    const auto log = lines(read_file(path("internet/store/log")));
    return static_cast<std::size_t>(std::count(log.begin(), log.end(), what));
}

bool World::wait_for_store(const std::string& what, std::size_t count) const {
    return wait_for_content(path("internet/store/log"), [&](const std::string&) { return store_count(what) >= count; });
}

void World::make_gate(const std::string& name) {
    std::string file = path("internet/gates/") + name;
    SALLYPORT_CHECK(mkfifo(file.c_str(), 0600) == 0);
    gates_.emplace_back(name, UniqueFd(open(file.c_str(), O_RDWR | O_CLOEXEC)));
}

void World::open_gate(const std::string& name) {
    auto gate = std::find_if(gates_.begin(), gates_.end(), [&](const auto& entry) { return entry.first == name; });
    SALLYPORT_CHECK(gate != gates_.end() && write(gate->second.get(), "x", 1) == 1);
}

std::vector<std::string> World::leaks() {
    std::vector<std::string> found;
    for (const auto& file : files_below(outside())) {
        if (leaking_.contains(file)) continue;
        for (const auto& form : leaks_in(read_file(file))) found.push_back(file + ": " + form);
        if (!found.empty() && found.back().starts_with(file)) leaking_.insert(file);
    }
    return found;
}

}  // namespace sallyport::integration
