#include "http2_origin.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "files.h"
#include "leak.h"
#include "world.h"

namespace sallyport::integration {

Process start_origin(const std::vector<std::string>& argv, const std::string& ready) {
    World& world = World::get();
    Process server({.argv = argv, .environment = {"PYTHONDONTWRITEBYTECODE=1"}, .netns = world.network().internet()},
                   world.path("internet/") + world.fresh("server"));
    EXPECT_TRUE(wait_for_text(server.out_path(), ready)) << argv[1] << server.out() << server.err();
    return server;
}

Http2Origin::Http2Origin(const std::string& host, const std::string& address, const std::string& protocols) {
    World& world = World::get();
    log_ = world.path("internet/") + world.fresh("http2") + ".log";
    const bool is_clear = protocols == "clear";
    process_ = start_origin({"node", SALLYPORT_SOURCE_DIR "/tests/integration/origin/http2_server.js", address,
                             is_clear ? "9080" : "9443", is_clear ? "-" : world.path("internet/certs/") + host + ".pem",
                             is_clear ? "h2" : protocols, log_, std::string(kSecret), std::string(kOtherSecret),
                             world.path("internet/gates")});
}

std::vector<LogLine> Http2Origin::log() const { return parse_access_log(read_file(log_)); }

std::vector<LogLine> Http2Origin::requests() const {
    auto all = log();
    std::erase_if(all, [](const LogLine& line) { return line.has("opened"); });
    return all;
}

std::set<std::string> Http2Origin::targets() const {
    std::set<std::string> targets;
    for (const auto& request : requests()) targets.insert(request["target"]);
    return targets;
}

std::size_t Http2Origin::connections() const {
    const auto all = log();
    return static_cast<std::size_t>(std::count_if(all.begin(), all.end(), [](const LogLine& line) { return line.has("opened"); }));
}

}  // namespace sallyport::integration
