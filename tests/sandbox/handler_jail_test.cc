#include "sandbox/handler_jail.h"

#include <netinet/in.h>

#include "sandbox/handler_sockets.h"
#include "tests/sandbox/handlers.h"

namespace sallyport::sandbox {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

// A handler's script that tries something and answers what came of it.
std::string attempt(const std::string& body) {
    return R"js(
import fs from "node:fs";
import net from "node:net";
import dgram from "node:dgram";
import dns from "node:dns/promises";
import { spawnSync, spawn } from "node:child_process";
import { Worker } from "node:worker_threads";
const code = (body) => { try { return String(body() ?? "done"); } catch (error) { return error.code ?? error.message; } };
const connection = (...to) => new Promise((done) => {
  const socket = net.connect(...to);
  socket.on("connect", () => done("connected"));
  socket.on("error", (error) => done(error.code));
});
export const outbound = async (request, env, ctx) => new Response(String(await (async () => {)js" +
           body + "})()));";
}

std::string outcome(const std::string& body) {
    HandlerBox box(attempt(body));
    EXPECT_EQ(box.error(), "");
    const std::string answer = box.answer({});
    const std::size_t end = answer.find("\r\n\r\n");
    EXPECT_THAT(answer, ::testing::StartsWith("HTTP/1.1 200"));
    return end == std::string::npos ? answer : answer.substr(end + 4);
}

TEST(HandlerJail, X11_HoldsNoFileOfTheHost) {
    ASSERT_ROOT();
    const ScratchDir host;
    const std::string secret = host.file("secret", "canary");
    EXPECT_EQ(outcome("return ['/etc/passwd', '/etc/shadow', '/proc/self/status', '/proc/1/environ', '/sys/kernel/notes',"
                      "'/dev/mem', '/root', '/home', '/tmp', '/var', '/bin/sh', '/usr/bin/bash', '" + secret + "']"
                      ".filter((path) => code(() => fs.statSync(path)) !== 'ENOENT')"),
              "");
    EXPECT_EQ(outcome("return fs.readdirSync('/run').join() + ' ' + fs.readdirSync('/run/sallyport').sort().join() + ' ' +"
                      "fs.readdirSync('/dev').join() + ' ' + fs.readdirSync('/handlers').sort().join()"),
              "sallyport fetch.sock,handler_host.mjs null package.json,vcs.js");
}

TEST(HandlerJail, X11_CannotBeWrittenTo) {
    ASSERT_ROOT();
    EXPECT_EQ(outcome("return ['/x', '/dev/x', '/run/x', '/run/sallyport/x', '/handlers/vcs.js', '/handlers/x', '/usr/x', process.execPath]"
                      ".map((path) => code(() => fs.writeFileSync(path, 'x')))"
                      ".filter((each) => !['EROFS', 'EACCES', 'ETXTBSY'].includes(each))"),
              "");
}

TEST(HandlerJail, X11_ReachesNoNetwork) {
    ASSERT_ROOT();
    const UniqueFd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const Endpoint any = endpoint("127.0.0.1", 0);
    ASSERT_EQ(::bind(listener.get(), &any.any, size_of(any)), 0);
    ASSERT_EQ(::listen(listener.get(), 4), 0);
    const std::string port = std::to_string(port_of(listener));
    EXPECT_EQ(outcome("return [await connection(" + port + ", '127.0.0.1'), await connection(" + port + ", '::1'),"
                      "await connection(443, '1.2.3.4'),"
                      "await dns.lookup('example.com').then(() => 'resolved', () => 'not resolved'),"
                      "await new Promise((done) => { const socket = dgram.createSocket('udp4'); socket.on('error', () => done('no socket'));"
                      "  socket.send('x', 53, '8.8.8.8', (error) => done(error ? 'no socket' : 'sent')) })]"),
              "EAFNOSUPPORT,EAFNOSUPPORT,EAFNOSUPPORT,not resolved,no socket");
    pollfd item{listener.get(), POLLIN, 0};
    EXPECT_EQ(::poll(&item, 1, 0), 0);
}

TEST(HandlerJail, X11_ReachesNoSocketButItsOwn) {
    ASSERT_ROOT();
    const ScratchDir directory;
    const auto made = HandlerDirectory::make(directory.path() + "/services");
    ASSERT_OK(made);
    const auto service = made->listen("service", {0, 0, 0666});
    ASSERT_OK(service);
    EXPECT_EQ(outcome("return [await connection('" + service->file.path() + "'), await connection('/run/dbus/system_bus_socket'),"
                      "await connection('/run/sallyport/fetch.sock')]"),
              "ENOENT,ENOENT,connected");
}

TEST(HandlerJail, X11_HoldsNoOtherDescriptor) {
    ASSERT_ROOT();
    EXPECT_EQ(outcome("let sockets = 0, files = 0; for (let fd = 0; fd < 1024; fd++) {"
                      "  try { const kind = fs.fstatSync(fd); sockets += kind.isSocket(); files += kind.isFile(); } catch {} }"
                      "return [sockets, files]"),
              "2,0")
        << "the listener and this call's connection";
}

TEST(HandlerJail, X11_IsAloneAndHasNoRights) {
    ASSERT_ROOT();
    EXPECT_EQ(outcome("return [process.pid, process.getuid() >= 0x70000000, process.getuid() === process.getgid(),"
                      "process.getgroups().filter((each) => each !== process.getgid()).length,"
                      "code(() => process.kill(1, 9)), code(() => process.kill(1000, 9)), code(() => process.setuid(0)),"
                      "code(() => process.setgid(0)), spawnSync(process.execPath, ['-e', '0']).error?.code,"
                      "code(() => { spawn('/usr/bin/setpriv') })]"),
              "2,true,true,0,EPERM,ESRCH,EPERM,EPERM,EPERM,EPERM");
}

TEST(HandlerJail, LetsWorkerThreadsRun) {
    ASSERT_ROOT();
    EXPECT_EQ(outcome("return new Promise((done) => new Worker('require(\"node:worker_threads\").parentPort.postMessage(6 * 7)',"
                      "{ eval: true }).on('message', done).on('error', (error) => done(error.message)))"),
              "42");
}

TEST(HandlerJail, X11_ThreadsAndDescriptorsAreBounded) {
    ASSERT_ROOT();
    const std::string opened = outcome("let count = 0; try { for (;;) { fs.openSync('/dev/null'); count++; } } catch (error) {"
                                       "for (let fd = 1023; fd > 900; fd--) try { fs.closeSync(fd) } catch {}"
                                       "return `${error.code} ${count < 1024}` }");
    EXPECT_EQ(opened, "EMFILE true");
}

TEST(HandlerJail, HasWhatHandlersUse) {
    ASSERT_ROOT();
    EXPECT_EQ(outcome("const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode('x'));"
                      "const { createHmac } = await import('node:crypto');"
                      "return [digest.byteLength, createHmac('sha256', 'k').update('x').digest('hex').length,"
                      "new URL('https://ex\\u00e4mple.com').hostname, crypto.randomUUID().length,"
                      "new Date(0).toLocaleString('de-DE', { month: 'long', timeZone: 'UTC' })]"),
              "32,64,xn--exmple-cua.com,36,Januar");
}

TEST(HandlerJail, NamesTheScriptInMessages) {
    for (const char* plain : {"vcs.js", "a-b_c.9.mjs"}) EXPECT_EQ(jail_script_name(plain), plain);
    for (const char* other : {"", "vcs", "vcs.ts", ".js", "../x.js", "a/b.js", "a b.js", "package.json", "ä.js"}) {
        EXPECT_EQ(jail_script_name(other), "script.mjs") << other;
    }
    EXPECT_EQ(jail_script_name(std::string(80, 'a') + ".js"), "script.mjs");
}

TEST(HandlerJail, RunsAScriptOfAnyName) {
    ASSERT_ROOT();
    for (const char* name : {"my handler (2).js", "-e.js", "../../x.cjs", "x.ts"}) {
        HandlerBox box("export const outbound = () => new Response('ok');", 64, name);
        ASSERT_EQ(box.error(), "");
        EXPECT_THAT(box.answer({}), EndsWith("ok")) << name;
    }
}

}  // namespace
}  // namespace sallyport::sandbox
