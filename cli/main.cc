// Sallyport. The launcher is forked by the subcommands before anything else happens; the rest of the process is the gate.
#include "base/log.h"
#include "cli/commands.h"
#include "cli/options.h"

namespace {

using namespace sallyport::cli;

template <class... Visitors>
struct Overloaded : Visitors... {
    using Visitors::operator()...;
};
template <class... Visitors>
Overloaded(Visitors...) -> Overloaded<Visitors...>;

void set_up_log(const GateOptions& options) {
    sallyport::set_log(sallyport::LogLevel::info,
                       options.log_format == "json" ? sallyport::LogFormat::json : sallyport::LogFormat::text);
}

}  // namespace

int main(int argc, char** argv) {
    const Options options = parse_command_line(argc, argv);
    return std::visit(Overloaded{
                          [](const Finished& finished) { return finished.exit_code; },
                          [](const RunOptions& chosen) { return set_up_log(chosen.gate), run(chosen); },
                          [](const AttachOptions& chosen) { return set_up_log(chosen.gate), attach(chosen); },
                          [](const ServeOptions& chosen) { return set_up_log(chosen.gate), serve(chosen); },
                          [](const CheckOptions& chosen) { return check(chosen); },
                          [](const ExplainOptions& chosen) { return explain(chosen); },
                          [](const PolicyDiffOptions& chosen) { return policy_diff(chosen); },
                          [](const PolicyProveOptions& chosen) { return policy_prove(chosen); },
                          [](const PolicyReplayOptions& chosen) { return policy_replay(chosen); },
                          [](const AuditVerifyOptions& chosen) { return audit_verify(chosen); },
                          [](const CallOptions& chosen) { return call_admin(chosen); },
                          [](const SecretStoreOptions& chosen) { return secret_store(chosen); },
                          [](const TailOptions& chosen) { return tail(chosen); },
                          [](const TopOptions& chosen) { return top(chosen); },
                      },
                      options);
}
