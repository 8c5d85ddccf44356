// A gate with its admin API, called in the process: the test's thread is the control thread.
#pragma once

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "admin/state_store.h"
#include "cli/admin_api.h"
#include "cli/gate.h"
#include "tests/cli/decide.h"
#include "tests/cli/scratch.h"

namespace sallyport::cli {

class AdminGateTest : public ScratchTest {
protected:
    ~AdminGateTest() override { stop(); }

    // `launcher` may be null. With `state`, what is set outlives the gate.
    void start(const std::string& file, const std::vector<std::string>& sandboxes, sandbox::Launcher* launcher = nullptr,
               bool with_state = false) {
        GateOptions options;
        options.config_file = write("p.yaml", file);
        options.access_log = "none";
        options.workers = 2;
        auto made = Gate::create(options, launcher);
        ASSERT_TRUE(made) << made.error().detail;
        gate = std::move(*made);
        if (with_state) {
            auto store = admin::StateStore::open(directory + "/state.db");
            ASSERT_TRUE(store) << store.error().detail;
            ASSERT_TRUE(gate->use_store(std::move(*store)));
        }
        for (const std::string& name : sandboxes) {
            const auto added = gate->add_sandbox(name, "", {});
            ASSERT_TRUE(added) << added.error().detail;
        }
        auto listeners = open_proxy_listeners(gate->deployment().disk_file()->proxy);
        ASSERT_TRUE(listeners) << listeners.error().detail;
        gate->serve_proxy(std::move(*listeners));
        gate->start();
        api.emplace(*gate, [this](const admin::Event& event) { events.push_back(event); });
    }
    void stop() {
        api.reset();
        gate.reset();
    }

    // Runs the control loop until the call has its answer.
    template <class Call>
    admin::Reply answer(Call call) {
        std::optional<admin::Reply> reply;
        call([&](admin::Reply got) {
            EXPECT_FALSE(reply) << "a call is answered once";
            reply = std::move(got);
            gate->control().stop();
        });
        net::Timer patience(gate->control(), [this] { gate->control().stop(); });
        patience.start(std::chrono::seconds(30));
        if (!reply) gate->control().run();
        EXPECT_TRUE(reply);
        return reply.value_or(admin::Reply{});
    }

    admin::Reply get_policy(const std::string& name) {
        return answer([&](admin::Done done) { api->get_policy(caller, name, std::move(done)); });
    }
    admin::Reply put_policy(const std::string& name, const std::string& body, admin::Precondition precondition = {}) {
        return answer([&](admin::Done done) { api->put_policy(caller, name, body, precondition, std::move(done)); });
    }
    admin::Reply delete_policy(const std::string& name, admin::Precondition precondition = {}) {
        return answer([&](admin::Done done) { api->delete_policy(caller, name, precondition, std::move(done)); });
    }
    admin::Reply get_egress(const std::string& sandbox) {
        return answer([&](admin::Done done) { api->get_egress(caller, sandbox, std::move(done)); });
    }
    admin::Reply put_egress(const std::string& sandbox, const std::string& body, admin::Precondition precondition = {}) {
        return answer([&](admin::Done done) { api->put_egress(caller, sandbox, body, precondition, std::move(done)); });
    }
    admin::Reply delete_egress(const std::string& sandbox, admin::Precondition precondition = {}) {
        return answer([&](admin::Done done) { api->delete_egress(caller, sandbox, precondition, std::move(done)); });
    }
    admin::Reply put_host_handler(const std::string& sandbox, const std::string& host, const std::string& body) {
        return answer([&](admin::Done done) { api->put_host_handler(caller, sandbox, host, body, std::move(done)); });
    }
    admin::Reply delete_host_handler(const std::string& sandbox, const std::string& host) {
        return answer([&](admin::Done done) { api->delete_host_handler(caller, sandbox, host, std::move(done)); });
    }
    admin::Reply put_handler(const std::string& sandbox, const std::string& body) {
        return answer([&](admin::Done done) { api->put_handler(caller, sandbox, body, std::move(done)); });
    }
    admin::Reply delete_handler(const std::string& sandbox) {
        return answer([&](admin::Done done) { api->delete_handler(caller, sandbox, std::move(done)); });
    }
    admin::Reply make_proxy_credential(const std::string& sandbox) {
        return answer([&](admin::Done done) { api->make_proxy_credential(caller, sandbox, std::move(done)); });
    }
    admin::Reply revoke_proxy_credential(const std::string& sandbox) {
        return answer([&](admin::Done done) { api->revoke_proxy_credential(caller, sandbox, std::move(done)); });
    }
    admin::Reply explain(const std::string& body) {
        return answer([&](admin::Done done) { api->explain(caller, body, std::move(done)); });
    }

    std::string decision(const std::string& sandbox, const std::string& url) const {
        return decide(gate->deployment().snapshot_of(sandbox), url);
    }

    static admin::Precondition if_match(const std::string& tag) {
        admin::Precondition precondition;
        precondition.if_match = admin::EntityTags{false, {tag}};
        return precondition;
    }
    static admin::Precondition if_none_match_any() {
        admin::Precondition precondition;
        precondition.if_none_match = admin::EntityTags{true, {}};
        return precondition;
    }

    // "ACT OBJECT done" or "ACT OBJECT refused: WHY" for each act in the audit log.
    std::vector<std::string> acts() const {
        std::vector<std::string> acts;
        std::istringstream lines(read(directory + "/audit.jsonl"));
        for (std::string line; std::getline(lines, line);) {
            const auto json = nlohmann::json::parse(line);
            if (json.value("type", "") != "act") continue;
            const bool is_done = json.value("done", false);
            acts.push_back(json.value("act", "") + " " + json.value("object", "") +
                           (is_done ? " done" : " refused: " + json.value("detail", "")));
        }
        return acts;
    }
    std::string audit_line() const { return "audit: { file: " + directory + "/audit.jsonl }\n"; }

    admin::Caller caller{"uid 0", {}};
    std::vector<admin::Event> events;
    std::unique_ptr<Gate> gate;
    std::optional<AdminApi> api;
};

}  // namespace sallyport::cli
