// A gate that serves its admin API on a socket of the test's own, in a thread of its own, for the commands that ask it.
#pragma once

#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "cli/admin_setup.h"
#include "tests/cli/decide.h"
#include "tests/cli/scratch.h"

namespace sallyport::cli {

class RunningAdminTest : public ScratchTest {
protected:
    ~RunningAdminTest() override {
        if (!control.joinable()) return;
        gate->control().post([this] { gate->control().stop(); });
        control.join();
        gate->stop();
    }

    void begin(const std::string& file, const std::vector<std::string>& sandboxes) {
        GateOptions options;
        options.config_file = write("p.yaml", file);
        options.access_log = directory + "/access.log";
        auto made = Gate::create(options, nullptr);
        ASSERT_TRUE(made) << made.error().detail;
        gate = std::move(*made);
        for (const std::string& name : sandboxes) ASSERT_TRUE(gate->add_sandbox(name, "", {}));
        auto opened = AdminPlane::create(*gate, directory);
        ASSERT_TRUE(opened) << opened.error().detail;
        plane = std::move(*opened);
        gate->start();
        control = std::thread([this] { gate->control().run(); });
    }
    std::string socket_path() const { return directory + "/admin.sock"; }

    // On the control thread, waited for.
    template <class Act>
    void on_control(Act act) {
        std::promise<void> done;
        gate->control().post([&] {
            act();
            done.set_value();
        });
        done.get_future().wait();
    }

    template <class Command>
    int run(Command command) {
        testing::internal::CaptureStdout();
        testing::internal::CaptureStderr();
        const int code = command();
        out = testing::internal::GetCapturedStdout();
        err = testing::internal::GetCapturedStderr();
        return code;
    }

    std::unique_ptr<Gate> gate;
    std::unique_ptr<AdminPlane> plane;
    std::thread control;
    std::string out, err;
};

}  // namespace sallyport::cli
