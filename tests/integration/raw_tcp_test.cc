// Programs that do not speak HTTP, by name, to real servers of theirs in the fake internet: databases, shells, mail. And what keeps
// the others on the guarded path: greetings of every size, records of DNS, refusals of UDP.
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>

#include "base/check.h"
#include "files.h"
#include "guarded.h"

namespace sallyport::integration {
namespace {

using testing::AllOf;
using testing::AnyOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::MatchesRegex;
using testing::Not;

const std::string kRules = R"(
      - { name: database, tcp: "db.acme.example:6432" }
      - { name: shell, tcp: "git.acme.example:22" }
      - { name: cache, tcp: "index.acme.example:6379" }
      - { name: mail, tcp: "other.acme.example:25" }
      - { name: pinned, host: staging.acme.example, tls: passthrough }
      - { name: api, host: api.acme.example, credential: token }
      - { name: open, host: open.acme.example }
)";

class RawTcp : public IntegrationTest {
protected:
    Guard guard_{policy(kRules)};

    // A server of the fake internet, with files of its own, that has said `ready`.
    Process start_origin(const std::vector<std::string>& argv, const std::string& directory, const std::string& ready) {
        const std::string files = directory + "/" + world().fresh("server");
        Process server({.argv = argv, .working_directory = directory, .netns = world().network().internet()}, files);
        const bool is_ready = wait_for_content(files + ".out", [&](const std::string& text) {
            return (text + read_file(files + ".err")).find(ready) != std::string::npos;
        });
        EXPECT_TRUE(is_ready) << server.out() << server.err();
        return server;
    }
    std::string origin_directory() {
        const std::string directory = world().path("internet/") + world().fresh("origin");
        make_directory(directory);
        return directory;
    }
    void expect_one_line(const std::string& rule, const std::string& host) {
        const auto log = guard_.access_log(1);
        ASSERT_EQ(log.size(), 1u);
        EXPECT_EQ(log[0]["rule"], rule);
        EXPECT_EQ(log[0]["host"], host);
        EXPECT_EQ(log[0]["scheme"], "tcp");
        EXPECT_EQ(log[0]["verdict"], "allow");
    }
};

// A cluster of its own, that dies with its test.
class Postgres : public RawTcp {
protected:
    void SetUp() override {
        RawTcp::SetUp();
        make_directory(directory_);
        std::filesystem::copy_file(world().path("internet/certs/db.acme.example.pem"), directory_ + "/server.pem");
        write_file(directory_ + "/password", "from-the-sandbox\n");
        Network::command(-1, {"chown", "-R", "postgres:", directory_});
        chmod((directory_ + "/server.pem").c_str(), 0600);
        Process made({.argv = as_postgres({programs() + "/initdb", "-D", directory_ + "/data", "-U", "agent", "--no-sync", "-A",
                                           "scram-sha-256", "--pwfile", directory_ + "/password", "--locale", "C", "-E", "UTF8"}),
                      .working_directory = directory_},
                     directory_ + "/initdb");
        ASSERT_EQ(made.wait(), 0) << made.out() << made.err();
        write_file(directory_ + "/data/pg_hba.conf", "host all all 0.0.0.0/0 scram-sha-256\n");
        server_ = start_origin(
            as_postgres({programs() + "/postgres", "-D", directory_ + "/data", "-p", "6432", "-c",
                         "listen_addresses=203.0.113.19", "-c", "unix_socket_directories=", "-c", "fsync=off", "-c", "ssl=on", "-c",
                         "ssl_cert_file=" + directory_ + "/server.pem", "-c", "ssl_key_file=" + directory_ + "/server.pem"}),
            directory_, "ready to accept connections");
    }
    // Debian keeps them by version.
    static std::string programs() {
        for (const auto& version : std::filesystem::directory_iterator("/usr/lib/postgresql")) {
            if (std::filesystem::exists(version.path() / "bin/initdb")) return version.path() / "bin";
        }
        return {};
    }
    static std::vector<std::string> as_postgres(std::vector<std::string> argv) {
        argv.insert(argv.begin(), {"setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"});
        return argv;
    }
    Finished psql(const std::string& sslmode, const std::string& commands) {
        return finish(guard_.start({.argv = {"psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d",
                                             "host=db.acme.example port=6432 user=agent dbname=postgres connect_timeout=30 sslmode=" +
                                                 sslmode + " sslrootcert=" + world().path("root.pem")},
                                    .environment = {"PGPASSWORD=from-the-sandbox"},
                                    .input = commands}));
    }

    const std::string directory_ = origin_directory();
    Process server_;
};

// What PostgreSQL negotiates inside of its own protocol is between the two of them.
TEST_F(Postgres, PsqlWorksInTheClearAndWithItsOwnTlsEndToEnd) {
    const Finished clear = psql("disable",
                                "create table t (n int, s text);\n"
                                "insert into t select i, repeat('x', 1000) from generate_series(1, 20000) i;\n"
                                "select count(*), sum(length(s)) from t;\n\\copy t to '/dev/null'\n"
                                "\\copy t (n) from stdin\n20001\n20002\n\\.\nselect max(n) from t;\n");
    EXPECT_EQ(clear.out, "20000|20000000\n20002\n") << clear.err;
    EXPECT_EQ(clear.code, 0);
    expect_one_line("database", "db.acme.example");
    const Finished secure = psql("verify-full", "select version from pg_stat_ssl where pid = pg_backend_pid();\n\\conninfo\n");
    EXPECT_THAT(secure.out, AllOf(HasSubstr("TLSv1.3\n"), HasSubstr("SSL connection"))) << secure.err;
}

TEST_F(RawTcp, PsqlIsToldAtOnceWhereNoRuleIsForIt) {
    const Finished denied = guard_.run({"psql", "-X", "-d", "host=open.acme.example port=6432 user=agent sslmode=disable connect_timeout=30", "-c", "select 1"});
    EXPECT_EQ(denied.code, 2);
    EXPECT_THAT(denied.err, AnyOf(HasSubstr("Connection reset by peer"), HasSubstr("closed the connection"))) << denied.err;
    const auto log = guard_.access_log(1);
    EXPECT_EQ(log[0]["verdict"], "deny");
    EXPECT_EQ(log[0]["port"], "6432");
}

// A daemon with keys of its own, whose user is root with a key of the sandbox's.
class Ssh : public RawTcp {
protected:
    void SetUp() override {
        RawTcp::SetUp();
        make_directory("/run/sshd");
        make_directory(client_);
        for (const std::string& key : {directory_ + "/host_key", client_ + "/id"}) {
            Network::command(-1, {"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key});
        }
        std::filesystem::copy_file(client_ + "/id.pub", directory_ + "/authorized_keys");
        write_file(client_ + "/known_hosts", "git.acme.example " + read_file(directory_ + "/host_key.pub"));
        write_file(directory_ + "/config", "Port 22\nListenAddress 203.0.113.12\nHostKey " + directory_ +
                                               "/host_key\nAuthorizedKeysFile " + directory_ +
                                               "/authorized_keys\nPermitRootLogin prohibit-password\nUsePAM no\nStrictModes no\n"
                                               "PidFile none\nSubsystem sftp internal-sftp\n");
        server_ = start_origin({"/usr/sbin/sshd", "-D", "-e", "-f", directory_ + "/config"}, directory_, "Server listening");
    }
    Finished client(std::vector<std::string> argv, const std::string& input = {}) {
        argv.insert(argv.begin() + 1, {"-F", "none", "-i", client_ + "/id", "-o", "BatchMode=yes", "-o", "ConnectTimeout=30", "-o",
                                       "UserKnownHostsFile=" + client_ + "/known_hosts", "-o", "StrictHostKeyChecking=yes"});
        return guard_.run(argv, input);
    }

    const std::string directory_ = origin_directory();
    const std::string client_ = world().scratch();
    Process server_;
};

TEST_F(Ssh, SshRunsCommandsAndScpCopiesBothWays) {
    const Finished ssh = client({"ssh", "root@git.acme.example", "wc -c; echo to-stderr >&2; exit 7"}, std::string(3'000'000, 'i'));
    EXPECT_EQ(ssh.out, "3000000\n") << ssh.err;
    EXPECT_THAT(ssh.err, HasSubstr("to-stderr\n"));
    EXPECT_EQ(ssh.code, 7);
    expect_one_line("shell", "git.acme.example");
    write_file(client_ + "/up", std::string(5'000'000, 'u'));
    const std::string there = "root@git.acme.example:" + directory_ + "/copy";
    EXPECT_EQ(client({"scp", "-q", client_ + "/up", there}).code, 0);
    const Finished down = client({"scp", "-q", there, client_ + "/down"});
    EXPECT_EQ(down.code, 0) << down.err;
    EXPECT_TRUE(read_file(client_ + "/down") == read_file(client_ + "/up"));
}

TEST_F(RawTcp, SshIsToldAtOnceWhereNoRuleIsForIt) {
    const Finished denied = guard_.run({"ssh", "-F", "none", "-o", "BatchMode=yes", "-o", "ConnectTimeout=30", "root@evil.example", "true"});
    EXPECT_EQ(denied.code, 255);
    EXPECT_THAT(denied.err, HasSubstr("Connection reset")) << denied.err;
}

TEST_F(RawTcp, RedisCliSetsGetsAndPipes) {
    const std::string directory = origin_directory();
    Process server = start_origin({"redis-server", "--port", "6379", "--bind", "203.0.113.13", "--save", "", "--protected-mode", "no"},
                                  directory, "Ready to accept connections");
    const std::string big(1'000'000, 'b');
    EXPECT_EQ(guard_.run({"redis-cli", "-h", "index.acme.example", "-x", "set", "big"}, big).out, "OK\n");
    EXPECT_EQ(guard_.run({"redis-cli", "-h", "index.acme.example", "get", "big"}).out, big + "\n");
    std::string commands;
    for (int i = 0; i < 5000; ++i) commands += "*2\r\n$4\r\nINCR\r\n$1\r\nn\r\n";
    EXPECT_THAT(guard_.run({"redis-cli", "-h", "index.acme.example", "--pipe"}, commands).out,
                HasSubstr("errors: 0, replies: 5000"));
    const Finished denied = guard_.run({"redis-cli", "-h", "open.acme.example", "ping"});
    EXPECT_THAT(denied.all(), AnyOf(HasSubstr("reset"), HasSubstr("closed"))) << denied.all();
}

// The server speaks first, and both go over to TLS in the middle.
TEST_F(RawTcp, SmtpLeavesMailWithStarttlsAndWithout) {
    const std::string directory = origin_directory();
    Process server = start_origin({"/usr/bin/python3", SALLYPORT_SOURCE_DIR "/tests/integration/origin/smtp_server.py", "203.0.113.14",
                                   "25", world().path("internet/certs/other.acme.example.pem"), directory},
                                  directory, "up");
    const Finished mail = guard_.python(R"(
import smtplib, ssl
for secure in (False, True):
    with smtplib.SMTP('other.acme.example', 25, timeout=30) as server:
        if secure: print(server.starttls(context=ssl.create_default_context(cafile=')" + world().path("root.pem") + R"('))[0])
        server.sendmail('a@acme.example', ['b@acme.example'], 'Subject: hello\n\n' + 'body\n' * 10000)
)");
    EXPECT_EQ(mail.out, "220\n") << mail.err;
    for (const char* name : {"/1.eml", "/2.eml"}) EXPECT_GT(read_file(directory + name).size(), 60'000u) << name;
}

// The client sees the origin's own certificate: nobody is in between.
TEST_F(RawTcp, PassthroughShowsTheOriginsOwnCertificate) {
    const Finished client = guard_.shell(
        "openssl s_client -connect staging.acme.example:443 -servername staging.acme.example -verify_return_error -CAfile " +
        world().path("root.pem") + " </dev/null");
    EXPECT_THAT(client.out, AllOf(HasSubstr("issuer=CN = Fake Internet Root"), HasSubstr("Verify return code: 0 (ok)"))) << client.err;
}

class Greeting : public RawTcp {
protected:
    std::vector<std::string> greet(const std::string& host, int record, int segment, int bytes, const std::string& more = {}) {
        std::vector<std::string> argv = {"/usr/bin/python3", SALLYPORT_SOURCE_DIR "/tests/integration/clients/hello.py", host,
                                         std::to_string(record), std::to_string(segment), std::to_string(bytes)};
        if (!more.empty()) argv.push_back(more);
        const Finished client = guard_.run(argv);
        EXPECT_EQ(client.err, "");
        auto said = lines(client.out);
        said.resize(2);
        return said;
    }
};

TEST_F(Greeting, OfUpTo16KibInAnyNumberOfRecordsAndSegmentsIsUnderstood) {
    for (const int bytes : {0, 5000, 15500}) {
        for (const auto& [record, segment] : {std::pair{0, 0}, {0, 1000}, {1000, 0}, {1, 0}, {7, 3}, {16000, 1}}) {
            const auto said = greet("api.acme.example", record, segment, bytes);
            EXPECT_EQ(said[1], "HTTP/1.1 200 Reason") << bytes << ' ' << record << ' ' << segment;
            EXPECT_GE(std::stoi(said[0]), bytes);
            EXPECT_LE(std::stoi(said[0]), 16384);
        }
    }
}

TEST_F(Greeting, OfMoreIsRefusedByAnAlert) {
    for (const auto& [record, segment] : {std::pair{0, 0}, {1000, 1000}, {1, 0}}) {
        EXPECT_EQ(greet("api.acme.example", record, segment, 17000)[1], "failed TLSV1_ALERT_DECODE_ERROR");
    }
}

TEST_F(Greeting, PassedThroughInAnyNumberOfRecords) {
    for (const int record : {0, 1, 100}) {
        const auto said = greet("staging.acme.example", record, 0, 15500);
        // Nobody of ours has answered, and it is not our authority that signed.
        EXPECT_THAT(said[1], HasSubstr("CERTIFICATE_VERIFY_FAILED")) << record;
    }
    EXPECT_EQ(guard_.access_log(3).size(), 3u);
}

TEST_F(Greeting, P2_ThatHidesItsNameIsNotPassedThrough) {
    EXPECT_EQ(greet("staging.acme.example", 0, 0, 0, "ech")[1], "alert 15030300020270") << "not unrecognized_name";
    EXPECT_THAT(world().received("staging.acme.example"), IsEmpty());
}

// Browsers and others would go by HTTP/3, and to other addresses, for what these say.
TEST_F(RawTcp, P2_NoServiceBindingsAreGiven) {
    const Finished lookups = guard_.python(R"(
import socket, struct
def ask(kind, tcp):
    packet = struct.pack('>HHHHHH', 7, 256, 1, 0, 0, 0) + b'\3api\4acme\7example\0' + struct.pack('>HH', kind, 1)
    s = socket.socket(socket.AF_INET, socket.SOCK_STREAM if tcp else socket.SOCK_DGRAM); s.settimeout(20); s.connect(('203.0.113.53', 53))
    s.sendall((struct.pack('>H', len(packet)) if tcp else b'') + packet)
    answer = s.recv(600)[2 if tcp else 0:]
    _, flags, _, answers, authorities, more = struct.unpack('>HHHHHH', answer[:12])
    return (flags & 15, answers, authorities, more)
for kind in (64, 65): print(ask(kind, False), ask(kind, True))
)");
    EXPECT_EQ(lookups.out, "(0, 0, 0, 0) (0, 0, 0, 0)\n(0, 0, 0, 0) (0, 0, 0, 0)\n") << lookups.err;
    EXPECT_THAT(world().dns_questions(), IsEmpty());
}

TEST_F(RawTcp, P2_OffersOfOtherServicesAreTakenOut) {
    const Finished curl = guard_.curl({"-D", "-", "https://open.acme.example/alt-svc", "https://api.acme.example/alt-svc"});
    EXPECT_THAT(curl.out, HasSubstr("X-Kept: yes"));
    EXPECT_THAT(curl.out, Not(HasSubstr("h3="))) << curl.out;
}

// A client of HTTP/3 falls back when it is told, which must not take its time-out: the error is there without a packet from anywhere.
TEST_F(RawTcp, P2_UdpIsRefusedAsByAHostThatDoesNotListen) {
    const Finished udp = guard_.python(R"(
import errno, select, socket
for family, address in ((socket.AF_INET, '203.0.113.66'), (socket.AF_INET6, '2001:db8::10'), (socket.AF_INET, socket.gethostbyname('api.acme.example'))):
    for port in (443, 123):
        s = socket.socket(family, socket.SOCK_DGRAM); s.setblocking(False); s.connect((address, port))
        try: s.send(b'initial')
        except OSError as error: print('send', errno.errorcode[error.errno]); continue
        poll = select.poll(); poll.register(s, 0)
        print('told' if poll.poll(20000) else 'silence', errno.errorcode[s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)])
)");
    EXPECT_THAT(lines(udp.out), testing::AllOf(testing::SizeIs(6), testing::Each("told ECONNREFUSED"))) << udp.out << udp.err;
}

}  // namespace
}  // namespace sallyport::integration
