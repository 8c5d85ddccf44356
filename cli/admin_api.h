// The admin API's calls, answered by the gate. Control thread only.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "admin/api.h"
#include "cli/gate.h"

namespace sallyport::cli {

class AdminApi final : public admin::Api {
public:
    // `gate` outlives it. `publish` sends an event to whoever listens.
    AdminApi(Gate& gate, std::function<void(const admin::Event&)> publish);
    ~AdminApi() override;

    void list_policies(const admin::Caller& caller, admin::Done done) override;
    void get_policy(const admin::Caller& caller, const std::string& name, admin::Done done) override;
    void put_policy(const admin::Caller& caller, const std::string& name, std::string body,
                    admin::Precondition precondition, admin::Done done) override;
    void delete_policy(const admin::Caller& caller, const std::string& name, admin::Precondition precondition,
                       admin::Done done) override;
    void get_egress(const admin::Caller& caller, const std::string& sandbox, admin::Done done) override;
    void put_egress(const admin::Caller& caller, const std::string& sandbox, std::string body,
                    admin::Precondition precondition, admin::Done done) override;
    void delete_egress(const admin::Caller& caller, const std::string& sandbox, admin::Precondition precondition,
                       admin::Done done) override;
    void put_host_handler(const admin::Caller& caller, const std::string& sandbox, const std::string& host,
                          std::string body, admin::Done done) override;
    void delete_host_handler(const admin::Caller& caller, const std::string& sandbox, const std::string& host,
                             admin::Done done) override;
    void put_handler(const admin::Caller& caller, const std::string& sandbox, std::string body,
                     admin::Done done) override;
    void delete_handler(const admin::Caller& caller, const std::string& sandbox, admin::Done done) override;
    void make_proxy_credential(const admin::Caller& caller, const std::string& sandbox, admin::Done done) override;
    void revoke_proxy_credential(const admin::Caller& caller, const std::string& sandbox, admin::Done done) override;
    void explain(const admin::Caller& caller, std::string body, admin::Done done) override;
    void list_secrets(const admin::Caller& caller, admin::Done done) override;
    void refresh_secret(const admin::Caller& caller, const std::string& name, admin::Done done) override;
    void list_connections(const admin::Caller& caller, admin::Done done) override;
    void close_connection(const admin::Caller& caller, const std::string& id, admin::Done done) override;
    void metrics(const admin::Caller& caller, admin::Done done) override;
    void health(admin::Done done) override;
    void ready(admin::Done done) override;
    void refused(std::string_view who, std::string_view why) override;

private:
    // One mutation, as the audit log and the events name it.
    struct Change {
        const admin::Caller& caller;
        std::string act;
        std::string object;
        std::string kind = "egress";  // of the event; "policy" is for operators only
    };

    admin::Reply refuse_change(const Change& change, const Refusal& refusal);
    // Records, makes and publishes it; `done` gets `reply` with its new ETag once it is in effect.
    void make(const Change& change, Planned<Plan> plan, admin::Reply reply, admin::Done done);
    // The sandbox is there and the caller may see it.
    bool may_see(const admin::Caller& caller, const std::string& sandbox) const;
    void close_known(const std::string& id, const std::string& sandbox, const std::string& by, admin::Done done);
    void change_handler(const Change& change, const std::string& sandbox, const std::string& host,
                        const std::optional<std::string>& body, admin::Done done);
    std::string egress_json(const std::string& sandbox) const;
    void publish_change(const Change& change);

    Gate& gate_;
    std::function<void(const admin::Event&)> publish_;
};

}  // namespace sallyport::cli
