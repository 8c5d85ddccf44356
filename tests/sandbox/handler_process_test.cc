#include "sandbox/handler_process.h"

#include <sys/stat.h>

#include "tests/sandbox/handlers.h"

namespace sallyport::sandbox {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;

TEST(HandlerHost, KeepsCallsThatComeBeforeTheScriptIsRead) {
    ASSERT_ROOT();
    HandlerBox box("await new Promise((go) => setTimeout(go, 200)); export const outbound = () => new Response('patient');");
    ASSERT_EQ(box.error(), "");
    EXPECT_THAT(box.answer({}), EndsWith("patient"));
}

TEST(HandlerHost, TellsOfItsEnd) {
    ASSERT_ROOT();
    struct Case {
        const char* what;
        int code;
    };
    for (const Case& each : {Case{"process.exit(3)", 3}, Case{"process.abort()", 134},
                             Case{"setTimeout(() => { throw new Error('uncaught') }); await new Promise(() => {})", 1}}) {
        HandlerBox box(std::string("export const outbound = async () => {") + each.what + "};");
        ASSERT_EQ(box.error(), "");
        Peer client = box.call({});
        const auto exit = box.wait_for_exit();
        ASSERT_TRUE(exit.has_value());
        EXPECT_EQ(exit->name, "box");
        EXPECT_EQ(exit->code, each.code) << each.what;
        EXPECT_EQ(exit->start, box.process().start);
        EXPECT_EQ(client.read_to_end(), "") << "the call's connection is closed";
        EXPECT_EQ(box.launcher().connect_handler("box").error().code, ErrorCode::handler_unavailable);
        EXPECT_FALSE(box.launcher().stop_handler("box").has_value());
        ASSERT_EQ(box.start("box", "export const outbound = () => new Response('again');"), "");
        EXPECT_NE(exit->start, box.process().start);
        EXPECT_THAT(box.answer({}), EndsWith("again"));
    }
}

TEST(HandlerHost, PutsTheConsoleOnOnePipe) {
    ASSERT_ROOT();
    HandlerBox box("console.log('one'); console.error('two'); export const outbound = () => { console.info('three'); process.exit(0) };");
    ASSERT_EQ(box.error(), "");
    const Peer client = box.call({});
    EXPECT_EQ(box.output(), "one\ntwo\nthree\n");
}

// A handler that never gives up the processor: nothing but a kill ends it.
void expect_stoppable(const std::string& spin) {
    HandlerBox box("export const outbound = () => {" + spin + "};");
    ASSERT_EQ(box.error(), "");
    ASSERT_NE(box.report(), "");
    const auto other = box.start_other("other", "export const outbound = () => new Response('alive');");
    ASSERT_OK(other);
    TestCall quick;
    quick.fields = "Connection: close\r\n";
    EXPECT_THAT(box.call(quick, "other").read_to_end(), EndsWith("alive"));
    Peer stuck = box.call({});
    EXPECT_THAT(box.call(quick, "other").read_to_end(), EndsWith("alive")) << "while the first one spins";
    ASSERT_OK(box.launcher().stop_handler("box"));
    EXPECT_EQ(stuck.read_to_end(), "");
    EXPECT_THAT(box.call(quick, "other").read_to_end(), EndsWith("alive")) << "after that one was killed";
    EXPECT_FALSE(box.launcher().poll_event()->has_value()) << "who stops it knows";
}

TEST(HandlerHost, X11_AnInfiniteLoopIsStoppedAndOthersGoOn) {
    ASSERT_ROOT();
    expect_stoppable("while (true) {}");
}

TEST(HandlerHost, X11_ACatastrophicRegexIsStoppedAndOthersGoOn) {
    ASSERT_ROOT();
    expect_stoppable("/^(a+)+$/.test('a'.repeat(60) + 'b')");
}

TEST(HandlerHost, X11_ALoopAtTheTopSaysNothingAndIsStopped) {
    ASSERT_ROOT();
    HandlerBox box("console.log('started'); for (;;) {}");
    ASSERT_EQ(box.error(), "");
    EXPECT_EQ(Peer(UniqueFd(::dup(box.process().output.get()))).read_to("\n"), "started\n");
    char byte = 0;
    EXPECT_LT(::read(box.process().report.get(), &byte, 1), 0);
    ASSERT_OK(box.launcher().stop_handler("box"));
    EXPECT_EQ(box.report(), "");
}

// What a script takes until it is ended; it says how much memory its process has.
void expect_bounded(const std::string& take) {
    SCOPED_TRACE(take);
    HandlerBox box("const all = []; let turns = 0;"
                   "const say = () => { if (++turns % 16 === 0) console.log(process.resourceUsage().maxRSS) };"
                   "export const outbound = () => { for (;;) { " + take + "; say(); } };", 64);
    ASSERT_EQ(box.error(), "");
    const auto other = box.start_other("other", "export const outbound = () => new Response('alive');");
    ASSERT_OK(other);
    const Peer client = box.call({});
    const auto exit = box.wait_for_exit();
    ASSERT_TRUE(exit.has_value());
    EXPECT_EQ(exit->name, "box");
    EXPECT_NE(exit->code, 0);
    std::istringstream lines(box.output());
    long most_kib = 0;
    for (std::string line; std::getline(lines, line);) most_kib = std::max(most_kib, std::strtol(line.c_str(), nullptr, 10));
    EXPECT_LT(most_kib, 256L << 10) << "of a runtime that maps about 60 MiB of files, and 64 + 64 MiB of its own";
    TestCall quick;
    quick.fields = "Connection: close\r\n";
    EXPECT_THAT(box.call(quick, "other").read_to_end(), EndsWith("alive"));
}

TEST(HandlerHost, X11_MemoryIsCapped) {
    ASSERT_ROOT();
    expect_bounded("all.push(new Array(10000).fill({}))");                   // the heap
    expect_bounded("all.push(Buffer.alloc(1 << 20, 1))");                    // buffers
    expect_bounded("all.push(new ArrayBuffer(64 << 20))");                   // large ones, never touched
    expect_bounded("all.push(('x' + turns).repeat(100000).split('').join('y'))");  // strings
    expect_bounded("all.push(new Uint8Array(new SharedArrayBuffer(1 << 20)).fill(1))");
    expect_bounded("all.push(new WebAssembly.Memory({initial: 100}))");
}

TEST(HandlerHost, ServesAnOperatorsService) {
    ASSERT_ROOT();
    const ScratchDir directory;
    auto made = HandlerDirectory::make(directory.path() + "/fetches");
    ASSERT_OK(made);
    auto service = made->listen("service", {65534, 65533, 0660});
    ASSERT_OK(service);
    HandlerProcess given;
    auto host = HandlerHost::serve(service->file.path(), {*made, "1", 0}, given);
    ASSERT_OK(host);
    EXPECT_EQ(given.fetch_path, directory.path() + "/fetches/1.sock");
    EXPECT_FALSE(given.report);
    EXPECT_FALSE(given.output);
    EXPECT_EQ(host->event_fd(), -1);
    struct stat status {};
    ASSERT_EQ(::stat(given.fetch_path.c_str(), &status), 0);
    EXPECT_EQ(status.st_uid, 65534u);
    EXPECT_EQ(status.st_gid, 65533u);
    EXPECT_EQ(status.st_mode & 0777, 0660u);
    ASSERT_OK(host->connect());
    EXPECT_TRUE(accept_one(service->fd));
    ASSERT_OK(connect_unix(given.fetch_path));
    EXPECT_TRUE(accept_one(given.fetches));
}

TEST(HandlerHost, NeedsTheServiceToBeThere) {
    ASSERT_ROOT();
    const ScratchDir directory;
    const auto made = HandlerDirectory::make(directory.path() + "/fetches");
    ASSERT_OK(made);
    HandlerProcess given;
    for (const std::string& path : {directory.path() + "/nosuch.sock", directory.file("file", "")}) {
        const auto host = HandlerHost::serve(path, {*made, "1", 0}, given);
        ASSERT_FALSE(host.has_value());
        EXPECT_EQ(host.error().code, ErrorCode::handler_unavailable);
        EXPECT_THAT(host.error().detail, HasSubstr(path));
    }
}

}  // namespace
}  // namespace sallyport::sandbox
