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
using Call = std::variant<NamespaceRequest, CloseNamespace, Seal, StartCommand, SignalCommand>;

std::string encode_call(const Call& call);
Result<Call> decode_call(std::string_view body);

// An answer is success or an Error; descriptors travel beside it.
std::string encode_answer(const Result<void>& answer);
Result<void> decode_answer(std::string_view body);

std::string encode_exit(const CommandExit& exit);
Result<CommandExit> decode_exit(std::string_view body);

}  // namespace sallyport::sandbox
