// The audit log of a running deployment: what is in it, that nothing from a sandbox breaks it, that nothing leaves without
// it, and that it outlives the daemon.
#include <gmock/gmock.h>
#include <sys/mount.h>

#include <nlohmann/json.hpp>

#include "files.h"
#include "leak.h"
#include "served.h"

namespace sallyport::integration {
namespace {

using nlohmann::json;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class Audit : public IntegrationTest {
protected:
    static std::string deployment(const std::string& audit_options = {}, const std::string& file = "log/audit.jsonl") {
        return policy(kApiAndOpen) + "sandboxes:\n  one: { policy: agent }\naudit: { file: " + file + audit_options + " }\n";
    }
    static std::string status(const Served& served, const std::string& url, std::vector<std::string> more = {}) {
        more.insert(more.begin(), {"-o", "/dev/null", "-w", "%{http_code}", url});
        return served.curl_in("one", more).out;
    }
    // Every line is JSON of its own, on printable ASCII.
    static std::vector<json> records(const std::string& path) {
        std::vector<json> found;
        for (const std::string& line : lines(read_file(path))) {
            for (const char c : line) EXPECT_TRUE(c >= 0x20 && c < 0x7f) << line;
            found.push_back(json::parse(line, nullptr, false));
            EXPECT_TRUE(found.back().is_object()) << line;
        }
        return found;
    }
    static std::vector<json> decisions(const Served& served) {
        std::vector<json> found;
        for (const json& record : records(served.audit_log_path())) {
            if (record.value("type", "") == "decision") found.push_back(record);
        }
        return found;
    }
    static void expect_whole(const Served& served, const std::string& path) {
        const Finished verified = served.sallyport({"audit", "verify", path});
        EXPECT_EQ(verified.code, 0) << verified.all();
        EXPECT_THAT(verified.out, StartsWith("whole: "));
    }
};

TEST_F(Audit, HasOneRecordForEachDecisionAndEachAct) {
    Served served(deployment());
    EXPECT_EQ(status(served, "https://api.acme.example/private"), "200");
    EXPECT_EQ(status(served, "https://denied.example/x?y=z"), "403");
    ASSERT_EQ(served.call("PUT", "/v1/sandbox/one/egress", R"({"rules": [{"host": "denied.example"}]})").status, 200);
    const auto found = decisions(served);
    ASSERT_EQ(found.size(), 2u);
    EXPECT_EQ(found[0]["verdict"], "allow");
    EXPECT_EQ(found[0]["sandbox"], "one");
    EXPECT_EQ(found[0]["policy"], "agent");
    EXPECT_EQ(found[0]["rule"], "api");
    EXPECT_EQ(found[0]["credential"], "token");
    EXPECT_EQ(found[0]["method"], "GET");
    EXPECT_EQ(found[0]["host"], "api.acme.example");
    EXPECT_EQ(found[0]["target"], "/private");
    EXPECT_EQ(found[1]["verdict"], "deny");
    EXPECT_EQ(found[1]["error"], "denied");
    EXPECT_EQ(found[1]["target"], "/x?y=z");
    const json act = records(served.audit_log_path()).back();
    EXPECT_EQ(act["type"], "act");
    EXPECT_EQ(act["object"], "one");
    EXPECT_EQ(act["done"], true);
    EXPECT_THAT(act["caller"].get<std::string>(), HasSubstr("0"));
    expect_whole(served, served.audit_log_path());
}

TEST_F(Audit, ItsRequestIdsAreThoseOfTheAccessLog) {
    Served served(deployment());
    status(served, "https://open.acme.example/echo");
    const auto log = served.access_log(1);
    ASSERT_EQ(decisions(served).size(), 1u);
    EXPECT_EQ(decisions(served)[0]["request_id"], log.front()["request_id"]);
}

// What is not a valid request, and what is, byte by byte as hostile as a client can make it.
TEST_F(Audit, X14_NoByteFromASandboxFakesOrBreaksARecord) {
    Served served(deployment(", replay: true"), {.options = {"--deadline-scale", "0.1"}});
    const std::string forged = R"({"seq":1,"type":"decision","verdict":"allow"})";
    const std::string hostile[] = {
        "\n" + forged + "\n", "\r\n\r\n" + forged, "\",\"verdict\":\"allow\",\"x\":\"", "\x1b[31m\x1b]0;t\x07", "\xe2\x80\xa8",
        "\xff\xfe\xc0\xaf",   "\\",                "\x7f\x08",
    };
    std::string cases;
    const auto add = [&](const std::string& bytes) {
        cases += "open.acme.example 443 open.acme.example half ";
        for (const unsigned char byte : bytes) cases += {"0123456789abcdef"[byte >> 4], "0123456789abcdef"[byte & 15]};
        cases += '\n';
    };
    for (const std::string& text : hostile) {
        add("GET /x" + text + " HTTP/1.1\r\nHost: open.acme.example\r\n\r\n");
        add("GET /x HTTP/1.1\r\nHost: open.acme.example" + text + "\r\n\r\n");
        add("GET /x HTTP/1.1\r\nHost: open.acme.example\r\nX-A: " + text + "\r\n\r\n");
        add("GE" + text + "T /x HTTP/1.1\r\nHost: open.acme.example\r\n\r\n");
        add(text);
    }
    const Finished sent = finish(served.start_in(
        "one", {.argv = {"/usr/bin/python3", SALLYPORT_SOURCE_DIR "/tests/integration/clients/raw.py"}, .input = cases}));
    EXPECT_EQ(lines(sent.out).size(), 5 * std::size(hostile)) << sent.err;
    // An own ClientHello, whose server name holds what no name may.
    const Finished hellos = finish(served.start_in("one", {.argv = {"/usr/bin/python3", "-c", R"(
import socket, struct
def hello(name):
    sni = struct.pack('>HBH', len(name) + 3, 0, len(name)) + name
    extensions = struct.pack('>HH', 0, len(sni)) + sni
    body = b'\x03\x03' + bytes(32) + b'\x00' + b'\x00\x02\x13\x01' + b'\x01\x00' + struct.pack('>H', len(extensions)) + extensions
    handshake = b'\x01' + len(body).to_bytes(3, 'big') + body
    return b'\x16\x03\x01' + struct.pack('>H', len(handshake)) + handshake
for name in (b'a\r\n{"forged":1}', b'a"b', b'\x1b[31m', b'\xff\xfe', b'a\x00b', b'\xe2\x80\xa8'):
    with socket.create_connection(('open.acme.example', 443), 20) as s:
        s.sendall(hello(name))
        try: s.recv(100)
        except OSError: pass
print('done')
)"}}));
    EXPECT_EQ(hellos.out, "done\n") << hellos.err;
    status(served, "https://open.acme.example/echo/last");
    const auto found = records(served.audit_log_path());
    for (std::size_t i = 0; i < found.size(); ++i) EXPECT_EQ(found[i]["seq"], i + 1);
    for (const json& record : found) EXPECT_FALSE(record.contains("x") || record.contains("forged")) << record;
    EXPECT_EQ(found.back()["request"]["path"], "/echo/last");
    EXPECT_GE(found.size(), std::size(hostile) * 3);
    expect_whole(served, served.audit_log_path());
}

TEST_F(Audit, HoldsNoSecretAndNoAuthenticationOfTheClients) {
    Served served(deployment(", replay: true"));
    status(served, "https://api.acme.example/private?access_token=theirs-in-query",
           {"-H", "Authorization: Bearer theirs-in-field", "-H", "Cookie: c=theirs-in-cookie", "-H", "X-Mine: kept"});
    const std::string text = read_file(served.audit_log_path());
    EXPECT_THAT(text, Not(HasSubstr("theirs-in")));
    EXPECT_THAT(text, HasSubstr(R"(["X-Mine","kept"])"));
    EXPECT_THAT(leaks_in(text), testing::IsEmpty());
}

TEST_F(Audit, TheChainGoesOnOverAKill) {
    Served served(deployment());
    for (int life = 0; life < 3; ++life) {
        EXPECT_EQ(status(served, "https://open.acme.example/echo"), "200");
        served.kill_and_start_again();
    }
    EXPECT_EQ(status(served, "https://open.acme.example/echo"), "200");
    EXPECT_EQ(decisions(served).size(), 4u);
    expect_whole(served, served.audit_log_path());
}

TEST_F(Audit, IsRotatedByTheConfinedDaemon) {
    Served served(deployment(", rotate: 10KB, keep: 50, replay: true"));
    std::vector<std::string> urls(40, "https://open.acme.example/echo/" + std::string(1000, 'x'));
    EXPECT_THAT(served.curl_in("one", urls).out, HasSubstr("\"method\": \"GET\""));
    EXPECT_THAT(read_file(served.audit_log_path() + ".3"), HasSubstr("\"hash\""));
    expect_whole(served, served.audit_log_path());
}

TEST_F(Audit, VerifyNamesTheLineThatWasChanged) {
    Served served(deployment());
    for (int i = 0; i < 3; ++i) status(served, "https://denied.example/x");
    std::string text = read_file(served.audit_log_path());
    const auto second = text.find("\"seq\":2,");
    text.replace(text.find("\"deny\"", second), 6, "\"okay\"");
    const std::string copy = served.audit_log_path() + "-copy";
    write_file(copy, text);
    const Finished verified = served.sallyport({"audit", "verify", copy});
    EXPECT_EQ(verified.code, 1);
    EXPECT_THAT(verified.out, HasSubstr(copy + ":2: the hash is not that of the line"));
}

TEST_F(Audit, TwoDaemonsDoNotShareALog) {
    Served served(deployment());
    const std::string file = served.audit_log_path();
    const Served second(deployment({}, file), {.may_be_refused = true});
    EXPECT_FALSE(second.is_ready());
    EXPECT_THAT(second.messages(), HasSubstr("another process writes to it"));
}

// The log is on a file system of its own, which is full.
TEST_F(Audit, NothingLeavesThatCannotBeRecorded) {
    const std::string directory = world().path(world().fresh("small"));
    make_directory(directory);
    ASSERT_EQ(mount("tmpfs", directory.c_str(), "tmpfs", 0, "size=16k,mode=700"), 0);
    {
        Served served(deployment({}, directory + "/audit.jsonl"));
        std::string answer = "200";
        for (int i = 0; i < 200 && answer == "200"; ++i) {
            world().forget();
            answer = status(served, "https://api.acme.example/echo");
        }
        EXPECT_EQ(answer, "503");
        EXPECT_EQ(seen_by("api.acme.example"), "");
        EXPECT_THAT(served.curl_in("one", {"https://api.acme.example/echo"}).out, HasSubstr("\"error\":\"audit_unavailable\""));
        EXPECT_THAT(served.messages(), HasSubstr("No space left on device"));
        EXPECT_EQ(served.call("PUT", "/v1/sandbox/one/egress", R"({"rules": []})").status, 503);

        ASSERT_EQ(mount("tmpfs", directory.c_str(), "tmpfs", MS_REMOUNT, "size=1m"), 0);
        EXPECT_EQ(status(served, "https://api.acme.example/echo"), "200");
        expect_whole(served, directory + "/audit.jsonl");
        EXPECT_THAT(read_file(directory + "/audit.jsonl"), HasSubstr("\"type\":\"resumed\",\"unrecorded\":"));
    }
    umount2(directory.c_str(), MNT_DETACH);
}

TEST_F(Audit, ADirectoryThatHoldsMoreIsRefused) {
    const std::string directory = world().path(world().fresh("shared"));
    make_directory(directory + "/others");
    const Served served(deployment({}, directory + "/audit.jsonl"), {.may_be_refused = true});
    EXPECT_FALSE(served.is_ready());
    EXPECT_THAT(served.messages(), HasSubstr("this directory has others in it"));
}

}  // namespace
}  // namespace sallyport::integration
