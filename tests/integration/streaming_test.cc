// Bodies that last, end early, are too large for any memory, or come from peers of another age: over HTTP/1, end to end.
#include <gmock/gmock.h>

#include <cstdlib>

#include "files.h"
#include "guarded.h"
#include "memory.h"

namespace sallyport::integration {
namespace {

using testing::AllOf;
using testing::AnyOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

constexpr const char* kBothHosts[] = {"open.acme.example", "api.acme.example"};  // passed as they are, and looked through

class Streaming : public IntegrationTest {
protected:
    Guard guard_{policy(kApiAndOpen)};

    static std::string post(const std::string& target, const std::string& fields, const std::string& host = "open.acme.example") {
        return "POST " + target + " HTTP/1.1\r\nHost: " + host + "\r\n" + fields + "\r\n";
    }
    // `prints`: what a script says that talks over `peer`, a TLS connection to `host` whose answers `read(until)` reads.
    std::string talk(const std::string& host, const std::string& script) {
        const Finished client = guard_.python(R"(
import os, socket, ssl
host = ')" + host + R"('
def connect():
    context = ssl.create_default_context(cafile=os.environ['SSL_CERT_FILE'])
    return context.wrap_socket(socket.create_connection((host, 443), 50), server_hostname=host)
peer, received = connect(), b''
def read(until):
    global received
    while until not in received:
        piece = peer.recv(65536)
        if not piece: raise EOFError(received)
        received += piece
    taken, received = received.split(until, 1)
    return taken + until
)" + script);
        EXPECT_EQ(client.err, "");
        return client.out;
    }
};

TEST_F(Streaming, EachEventIsThereBeforeTheNextOneIsSent) {
    for (const char* host : kBothHosts) {
        for (const char* framing : {"chunked", "length", "close"}) {
            const std::string gate = world().fresh("ticks");
            world().make_gate(gate);
            const std::string url = std::string("https://") + host + "/ticks?count=5&framing=" + framing + "&gate=" + gate;
            Process curl = guard_.start({.argv = {"curl", "-sS", "-N", "--max-time", "50", url}});
            for (int number = 1; number <= 5; ++number) {
                ASSERT_TRUE(wait_for_text(curl.out_path(), "data: " + std::to_string(number) + "\n\n")) << url << curl.err();
                EXPECT_THAT(curl.out(), Not(HasSubstr("data: " + std::to_string(number + 1)))) << url;
                if (number < 5) world().open_gate(gate);
            }
            EXPECT_EQ(curl.wait(), 0) << url << curl.err();
        }
    }
}

TEST_F(Streaming, LongPollsAreAnsweredWhenTheOriginHasSomethingToSay) {
    for (const char* gate : {"poll-1", "poll-2", "poll-3"}) world().make_gate(gate);
    Process client = guard_.start({.argv = {"/usr/bin/python3", "-c", R"(
import http.client, os, ssl
connection = http.client.HTTPSConnection('open.acme.example', timeout=50, context=ssl.create_default_context(cafile=os.environ['SSL_CERT_FILE']))
for number in (1, 2, 3):
    connection.request('GET', f'/silent?gate=poll-{number}')
    print('asked', number, flush=True)
    print(connection.getresponse().read().decode().strip(), number, flush=True)
)"}});
    for (const char* number : {"1", "2", "3"}) {
        ASSERT_TRUE(wait_for_text(client.out_path(), std::string("asked ") + number)) << client.err();
        EXPECT_THAT(client.out(), Not(HasSubstr(std::string("at last ") + number)));
        world().open_gate(std::string("poll-") + number);
    }
    EXPECT_EQ(client.wait(), 0) << client.err();
    EXPECT_THAT(client.out(), HasSubstr("at last 3\n"));
    EXPECT_EQ(world().received("open.acme.example").size(), 1u) << "one connection for one after the other";
    EXPECT_EQ(guard_.access_log(3).size(), 3u);
}

// Neither direction waits for the other one's end.
TEST_F(Streaming, WhatIsSentIsAnsweredPieceByPiece) {
    for (const char* host : kBothHosts) {
        EXPECT_EQ(talk(host, R"(
peer.sendall(f'POST /duplex HTTP/1.1\r\nHost: {host}\r\nTransfer-Encoding: chunked\r\n\r\n'.encode())
for number in range(1, 6):
    word = b'piece-%d.' % number
    peer.sendall(b'%x\r\n%s\r\n' % (len(word), word))
    assert word in read(word + b'\r\n')
peer.sendall(b'0\r\n\r\n')
read(b'0\r\n\r\n')
peer.sendall(f'GET /echo HTTP/1.1\r\nHost: {host}\r\n\r\n'.encode())
print(read(b'\r\n').decode().strip())
)"), "HTTP/1.1 200 Reason\n") << host;
    }
}

// As many MiB as SALLYPORT_STREAM_MIB says; half a GiB where it says nothing.
class HugeBody : public Streaming {
protected:
    static long mebibytes() {
        const char* const wanted = std::getenv("SALLYPORT_STREAM_MIB");
        return wanted != nullptr ? std::atol(wanted) : 512;
    }
    // A line for each GiB, so that there is always something to wait for.
    std::string run(const std::string& script) {
        Process client = guard_.start({.argv = {"bash", "-c", "set -o pipefail; " + script}});
        for (long gib = 1; gib <= mebibytes() / 1024; ++gib) {
            EXPECT_TRUE(wait_for_text(client.err_path(), "GiB " + std::to_string(gib) + "\n")) << client.err();
        }
        EXPECT_EQ(client.wait(), 0) << client.err();
        return client.out();
    }
    static std::string bytes() { return std::to_string(mebibytes() << 20); }
};

TEST_F(HugeBody, IsDownloadedInConstantMemory) {
    for (const char* host : kBothHosts) {
        PeakMemory peak(guard_.daemon().pid());
        EXPECT_EQ(run("curl -sS 'https://" + std::string(host) + "/big?bytes=" + bytes() + R"(' | /usr/bin/python3 -c '
import sys
count, said, block = 0, 0, bytearray(1 << 20)
while size := sys.stdin.buffer.raw.readinto(block):
    count += size
    if count >> 30 > said: said = count >> 30; print("GiB", said, file=sys.stderr, flush=True)
print(count)')"), bytes() + "\n") << host;
        EXPECT_LT(peak.growth_kib(), 8 * 1024) << host;
    }
}

TEST_F(HugeBody, IsUploadedInConstantMemory) {
    PeakMemory peak(guard_.daemon().pid());
    EXPECT_EQ(run("/usr/bin/python3 -c '\nimport sys\nblock = bytes(1 << 20)\nfor mib in range(1, " + std::to_string(mebibytes()) + R"( + 1):
    sys.stdout.buffer.write(block)
    if mib % 1024 == 0: print("GiB", mib >> 10, file=sys.stderr, flush=True)' | curl -sS -T - https://open.acme.example/sink)"),
              bytes() + "\n");
    EXPECT_LT(peak.growth_kib(), 8 * 1024);
}

TEST_F(Streaming, PartsArePassedAsTheyAre) {
    const Finished part = guard_.curl({"-r", "70000-70009", "-D", "-", "-o", "/dev/null", "https://open.acme.example/big?bytes=100000"});
    EXPECT_THAT(part.out, AllOf(HasSubstr("206 Partial Content"), HasSubstr("Content-Range: bytes 70000-70009/100000"), HasSubstr("Content-Length: 10\r\n")));
    const Finished parts = guard_.curl({"-r", "0-1,8-9", "-D", "-", "https://open.acme.example/parts"});
    EXPECT_THAT(parts.out, AllOf(HasSubstr("206 Partial Content"), HasSubstr("X-Asked: bytes=0-1,8-9"), HasSubstr("multipart/byteranges"), HasSubstr("\r\nij\r\n--cut--")));
    const std::string file = world().scratch() + "/resumed";
    write_file(file, "12345");
    EXPECT_EQ(guard_.curl({"-C", "-", "-o", file, "https://open.acme.example/big?bytes=1000"}).code, 0);
    EXPECT_EQ(read_file(file).size(), 1000u);
}

// Answered while the body is still coming: the client sees the answer, whatever the origin does with the connection afterwards. Only what it
// has said before a reset may be lost on its way; that is an answer, too.
TEST_F(Streaming, AnUploadThatTheOriginRefusesHalfWayIsAnswered) {
    world().make_gate("refuse");
    for (const char* how : {"drain", "linger", "cut"}) {
        for (const char* after : {"0", "1000", "3000000"}) {
            const std::string target = std::string("/refuse?gate=refuse&after=") + after + "&how=" + how;
            const Finished curl = guard_.shell("head -c 20000000 /dev/zero | curl -sS --max-time 50 -D - -H 'Expect:' -T - 'https://open.acme.example" + target + "'");
            const auto is_origins = AllOf(HasSubstr("HTTP/1.1 413 "), HasSubstr("X-From: origin"), HasSubstr("too much for me\n"));
            if (std::string(how) == "cut") {
                EXPECT_THAT(curl.out, AnyOf(is_origins, HasSubstr("HTTP/1.1 502 "))) << target << curl.err;
            } else {
                EXPECT_THAT(curl.out, is_origins) << target << curl.err;
            }
            if (std::string(how) == "linger") world().open_gate("refuse");
        }
    }
    EXPECT_EQ(guard_.access_log(9).size(), 9u);
}

TEST_F(Streaming, AnAnswerThatComesFirstIsNotHeldBackForTheRequest) {
    EXPECT_EQ(talk("open.acme.example", R"(
peer.sendall(b'POST /answer-first HTTP/1.1\r\nHost: open.acme.example\r\nContent-Length: 1000000\r\n\r\nthe beginning')
print(read(b'\r\n').decode().strip(), read(b'I know already\n')[-15:].decode().strip())
)"), "HTTP/1.1 200 Reason I know already\n");
}

TEST_F(Streaming, AClientThatHasFinishedSendingStillGetsItsAnswer) {
    for (const char* kind : {"plain", "tls"}) {
        const std::string gate = world().fresh("half");
        world().make_gate(gate);
        Process client = guard_.start({.argv = {"/usr/bin/python3", SALLYPORT_SOURCE_DIR "/tests/integration/clients/http_bio.py", "open.acme.example",
                                                std::string(kind) == "tls" ? "443" : "80", kind},
                                       .input = "GET /slow?gate=" + gate + " HTTP/1.1\r\nHost: open.acme.example\r\n\r\n"});
        EXPECT_TRUE(wait_for_text(client.out_path(), "half ")) << kind << client.err();
        EXPECT_THAT(client.out(), StartsWith("ended\n")) << kind;
        world().open_gate(gate);
        EXPECT_EQ(client.wait(), 0) << client.err();
        EXPECT_THAT(client.out(), HasSubstr("more\n")) << kind;
    }
}

TEST_F(Streaming, ClientsOfHttp10GetWhatTheyUnderstand) {
    const auto old = [&](const std::string& target, const std::string& fields = {}) {
        return guard_.raw({.bytes = "GET " + target + " HTTP/1.0\r\n" + fields + "\r\n", .host = "open.acme.example", .mode = "all"});
    };
    const RawResult chunked = old("/chunked");
    EXPECT_EQ(chunked.outcome, "done");
    EXPECT_THAT(chunked.received, AllOf(HasSubstr("\r\n\r\none two three\n"), Not(HasSubstr("Transfer-Encoding"))));
    const RawResult early = old("/early", "Host: open.acme.example\r\n");
    EXPECT_THAT(early.received, AllOf(StartsWith("HTTP/1.1 200"), HasSubstr("after the hints\n")));
    EXPECT_THAT(old("/204").received, StartsWith("HTTP/1.1 204"));
    EXPECT_EQ(talk("open.acme.example", R"(
for number in range(3):
    peer.sendall(b'GET /head HTTP/1.0\r\nHost: open.acme.example\r\nConnection: keep-alive\r\n\r\n')
    head = read(b'\r\n\r\n').lower()
    print(b'connection: keep-alive' in head, len(read(b'x' * 1234)))
)"), "True 1234\nTrue 1234\nTrue 1234\n");
}

TEST_F(Streaming, EitherSideMayAskForTheEndOfItsConnection) {
    const RawResult client = guard_.raw({.bytes = get("/echo", "open.acme.example"), .host = "open.acme.example", .mode = "all"});
    EXPECT_EQ(client.outcome, "done");
    EXPECT_THAT(client.received, AnyOf(HasSubstr("Connection: close"), HasSubstr("connection: close")));
    // An origin's wish is for the connection to it.
    EXPECT_EQ(talk("open.acme.example", R"(
for target in ('/refuse?after=0&how=drain', '/echo', '/echo'):
    peer.sendall(f'POST {target} HTTP/1.1\r\nHost: open.acme.example\r\nContent-Length: 2\r\n\r\nhi'.encode())
    print(read(b'\r\n').decode().strip(), b'close' in read(b'\r\n\r\n').lower()); received = b''
)"), "HTTP/1.1 413 Reason False\nHTTP/1.1 200 Reason False\nHTTP/1.1 200 Reason False\n");
    EXPECT_EQ(world().received("open.acme.example").size(), 2u) << "the origin has ended one, and only that one";
}

TEST_F(Streaming, P16_AClientThatAsksFirstIsToldToGoOnOnlyWhereItMay) {
    EXPECT_EQ(talk("api.acme.example", R"(
peer.sendall(b'POST /upload HTTP/1.1\r\nHost: api.acme.example\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n')
print(read(b'\r\n\r\n').decode().strip())
peer.sendall(b'hello')
print(b'"bytes": 5' in read(b'}\n'))
)"), "HTTP/1.1 100 Continue\nTrue\n");
    const RawResult denied = guard_.raw({.bytes = post("/upload", "Content-Length: 5\r\nExpect: 100-continue\r\n", "denied.example"), .host = "denied.example"});
    EXPECT_EQ(denied.status(), 403);
    EXPECT_THAT(denied.received, Not(HasSubstr("100 Continue")));
    EXPECT_EQ(guard_.raw({.bytes = post("/upload", "Content-Length: 5\r\nExpect: the-impossible\r\n") + "hello", .host = "open.acme.example"}).status(), 417);
    EXPECT_THAT(seen_by("api.acme.example"), Not(HasSubstr("Expect")));
}

TEST_F(Streaming, EarlyHintsArePassedOn) {
    for (const char* host : kBothHosts) {
        const RawResult result = guard_.raw({.bytes = get("/early", host), .host = host, .mode = "all"});
        EXPECT_THAT(result.received, StartsWith("HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\nHTTP/1.1 200 ")) << host;
    }
}

// A sandbox that reads when it is told to.
class SlowReader : public Streaming {
protected:
    // Reads a little of `target`, and the rest when `told`; says how much it was, and whether it was all.
    Process start(const std::string& host, const std::string& target, const std::string& told) {
        world().make_gate(told);
        return guard_.start({.argv = {"/usr/bin/python3", "-c", R"(
import os, socket, ssl, sys
host, target, gate = sys.argv[1:]
peer = ssl.create_default_context(cafile=os.environ['SSL_CERT_FILE']).wrap_socket(socket.create_connection((host, 443), 60), server_hostname=host)
peer.sendall(f'GET {target} HTTP/1.1\r\nHost: {host}\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n'.encode())
data = peer.recv(1)
while b'\r\n\r\n' not in data: data += peer.recv(1)
print('begun', flush=True)
open(gate, 'rb', buffering=0).read(1)
count, tail, block = 0, b'', bytearray(65536)
try:
    while size := peer.recv_into(block): count, tail = count + size, (tail + block[:size])[-7:]
except (ConnectionError, ssl.SSLError): pass
is_whole = tail == b'\r\n0\r\n\r\n' if b'chunked' in data else f'content-length: {count}\r'.encode() in data.lower()
print('read', count >> 20, 'MiB', 'whole' if is_whole else 'cut')
)", host, target, world().path("internet/gates/") + told}});
    }
};

TEST_F(SlowReader, X15_AFloodWaitsAtTheOrigin) {
    for (const char* host : kBothHosts) {
        const std::string stalled = world().fresh("stalled"), told = world().fresh("told");
        PeakMemory peak(guard_.daemon().pid());
        Process client = start(host, "/flood?mib=256&stalled=" + stalled, told);
        ASSERT_TRUE(wait_for_text(world().path("internet/gates/") + stalled, "stalled at")) << client.err();
        EXPECT_EQ(client.out(), "begun\n");
        world().open_gate(told);
        EXPECT_EQ(client.wait(), 0) << client.err();
        EXPECT_THAT(client.out(), HasSubstr("read 256 MiB whole")) << host;
        EXPECT_LT(peak.growth_kib(), 8 * 1024) << host;
    }
}

// What the sandbox would have to unpack it gets as it is. What is looked through is unpacked as it is taken, and where that is out of
// all proportion, no further.
TEST_F(SlowReader, X15_ABombIsNotUnpackedFasterThanItIsRead) {
    const struct {
        const char* host;
        const char* target;
        const char* expected;
    } cases[] = {{"open.acme.example", "/bomb?mib=256&noise=0", "read 0 MiB whole"},
                 {"api.acme.example", "/bomb?mib=256&noise=8192", "read 256 MiB whole"},
                 {"api.acme.example", "/bomb?mib=256&noise=0", "MiB cut"}};
    for (const auto& [host, target, expected] : cases) {
        const std::string told = world().fresh("told");
        PeakMemory peak(guard_.daemon().pid());
        Process client = start(host, target, told);
        ASSERT_TRUE(wait_for_text(client.out_path(), "begun")) << client.err();
        // Others are served meanwhile.
        EXPECT_EQ(guard_.curl({"https://api.acme.example/private"}).out, "welcome\n");
        world().open_gate(told);
        EXPECT_EQ(client.wait(), 0) << client.err();
        EXPECT_THAT(client.out(), HasSubstr(expected)) << host << target;
        EXPECT_LT(peak.growth_kib(), 8 * 1024) << host << target;
    }
}

}  // namespace
}  // namespace sallyport::integration
