#include "proxy/worker.h"

#include <gtest/gtest.h>

#include <future>

namespace sallyport::proxy {
namespace {

TEST(Worker, RefusesACaFileThatIsNone) {
    AccessLogFile log{UniqueFd()};
    WorkerOptions options;
    options.upstream_ca_files = {"/nonexistent/ca.pem"};
    const auto worker = Worker::create(options, log);
    ASSERT_FALSE(worker);
    EXPECT_NE(worker.error().detail.find("/nonexistent/ca.pem"), std::string::npos);
}

TEST(Worker, StartsDrainsAndStops) {
    AccessLogFile log{UniqueFd()};
    auto worker = std::move(*Worker::create({}, log));
    worker->start();
    const auto file = rules::parse_policy_file("version: 1\npolicies: { p: { default: deny } }\n", "x.yaml");
    const auto snapshot = *rules::make_snapshot(*file.file, {"p", {}}, secrets::SecretSnapshot::load({}, {}), Generation{1});
    EgressParts parts;
    parts.id = SandboxId{"box"};
    parts.authority = std::move(*certs::CertificateAuthority::create("box", std::chrono::system_clock::now()));
    parts.snapshot = snapshot;
    worker->add(std::move(parts));
    worker->publish(SandboxId{"box"}, snapshot);
    worker->publish(SandboxId{"nobody"}, snapshot);
    std::promise<void> drained;
    worker->drain([&] { drained.set_value(); });
    drained.get_future().wait();
    worker->stop();
    worker->stop();
}

}  // namespace
}  // namespace sallyport::proxy
