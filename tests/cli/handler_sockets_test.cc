#include "cli/handler_sockets.h"

#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "tests/cli/handlers.h"

namespace sallyport::cli {
namespace {

using testing::HasSubstr;

class HandlerSocketsTest : public HandlersTest {
protected:
    // A service of an operator's that listens.
    UniqueFd service(const std::string& path) const {
        UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path.copy(address.sun_path, sizeof address.sun_path - 1);
        EXPECT_EQ(bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
        EXPECT_EQ(listen(fd.get(), 8), 0);
        return fd;
    }
    std::unique_ptr<Gate> gate(const std::string& policies) {
        GateOptions options;
        options.config_file = write("p.yaml", "version: 1\npolicies: " + policies + "\n");
        options.access_log = "none";
        auto made = Gate::create(options, &*launcher);
        EXPECT_TRUE(made) << (made ? "" : made.error().detail);
        return made ? std::move(*made) : nullptr;
    }
    Result<sandbox::HandlerProcess> start(const std::string& socket) {
        sandbox::HandlerSpec spec;
        spec.name = "box";
        spec.socket_path = socket;
        return launcher->start_handler(spec);
    }
};

TEST_F(HandlerSocketsTest, OnlyTheServicesOfTheFileMayBeConnectedTo) {
    const auto mine = service(directory + "/mine.sock");
    const auto other = service(directory + "/other.sock");
    const auto with = gate("{ p: { handler_socket: " + directory + "/mine.sock, rules: [ { host: a.example, handler: h } ] } }");
    ASSERT_TRUE(with);
    ASSERT_TRUE(allow_handler_sockets(*with, *launcher, directory + "/handlers"));
    EXPECT_FALSE(start(directory + "/other.sock"));
    const auto started = start(directory + "/mine.sock");
    ASSERT_TRUE(started) << started.error().detail;
    EXPECT_THAT(started->fetch_path, HasSubstr(directory + "/handlers/"));
    EXPECT_TRUE(launcher->connect_handler("box"));
}

// Scripts have been run by then, to see what they export.
TEST_F(HandlerSocketsTest, AFileMayHaveScriptsAndServices) {
    const auto mine = service(directory + "/mine.sock");
    write("vcs.js", kScript);
    const auto with = gate("{ p: { handler_socket: " + directory + "/mine.sock, rules: [ { host: a.example, handler: h } ] }, q: { script: vcs.js } }");
    ASSERT_TRUE(with);
    const auto allowed = allow_handler_sockets(*with, *launcher, directory + "/handlers");
    ASSERT_TRUE(allowed) << allowed.error().detail;
    EXPECT_TRUE(start(directory + "/mine.sock"));
}

TEST_F(HandlerSocketsTest, WithoutServicesNothingIsMade) {
    const auto without = gate("{ p: { default: deny } }");
    ASSERT_TRUE(without);
    EXPECT_TRUE(allow_handler_sockets(*without, *launcher, directory + "/handlers"));
    EXPECT_FALSE(std::filesystem::exists(directory + "/handlers"));
}

}  // namespace
}  // namespace sallyport::cli
