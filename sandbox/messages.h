// What daemon and launcher say to each other, as bytes for sandbox/wire.h.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "sandbox/launcher.h"

namespace sallyport::sandbox {

struct CloseNamespace {
    std::string name;
};
struct SignalCommand {
    int signal = 0;
};
struct Seal {
    std::optional<CommandSpec> command;
};
struct StartCommand {};
struct AllowHandlerSockets {
    std::vector<std::string> paths;
    std::string directory;
};
struct ConnectHandler {
    std::string name;
};
struct StopHandler {
    std::string name;
};
struct AllowSecretCommands {
    std::vector<std::vector<std::string>> commands;
};
struct StartSecretCommand {
    std::vector<std::string> arguments;
    std::int64_t timeout_ms = 0;
};
using Call = std::variant<NamespaceRequest, CloseNamespace, Seal, StartCommand, SignalCommand, AllowHandlerSockets,
                          HandlerSpec, ConnectHandler, StopHandler, AllowSecretCommands, StartSecretCommand>;

std::string encode_call(const Call& call);
Result<Call> decode_call(std::string_view body);

// An answer is an Error, or success with what there is to say; descriptors travel beside it.
std::string encode_answer(const Result<std::string>& answer);
Result<std::string> decode_answer(std::string_view body);

// What an answer says of a handler host, without its descriptors.
std::string encode_handler(const HandlerProcess& process);
Result<HandlerProcess> decode_handler(std::string_view text);

std::string encode_event(const LauncherEvent& event);
Result<LauncherEvent> decode_event(std::string_view body);

}  // namespace sallyport::sandbox
