#include "sandbox/messages.h"

#include <gtest/gtest.h>

#include "sandbox/wire.h"

namespace sallyport::sandbox {
namespace {

CommandSpec a_command() {
    CommandSpec spec;
    spec.name = "box";
    spec.argv = {"cmd", "", "an argument"};
    spec.environment = {"A=1"};
    spec.working_directory = "/work";
    spec.binds = {{"/a", "/b", true}, {"/c", "/d", false}};
    spec.masked_paths = {"/secret"};
    spec.read_only_paths = {"/policy", "/ca"};
    spec.trust_bundle_pem = "bundle";
    spec.ca_pem = "ca";
    return spec;
}

HandlerSpec a_handler() { return {"box", "export {}", "vcs.js", 64, "/run/service.sock"}; }

TEST(Messages, CarryANamespaceRequest) {
    const auto call = decode_call(encode_call(NamespaceRequest{"n", "/proc/1/ns/net", "/run/n"}));
    ASSERT_TRUE(call.has_value());
    const auto& request = std::get<NamespaceRequest>(*call);
    EXPECT_EQ(request.name, "n");
    EXPECT_EQ(request.attach_path, "/proc/1/ns/net");
    EXPECT_EQ(request.pin_path, "/run/n");
}

TEST(Messages, CarryACommand) {
    const auto call = decode_call(encode_call(Seal{a_command()}));
    ASSERT_TRUE(call.has_value());
    const auto& spec = *std::get<Seal>(*call).command;
    EXPECT_EQ(spec.argv, a_command().argv);
    EXPECT_EQ(spec.environment, a_command().environment);
    EXPECT_EQ(spec.working_directory, "/work");
    ASSERT_EQ(spec.binds.size(), 2u);
    EXPECT_TRUE(spec.binds[0].writable);
    EXPECT_FALSE(spec.binds[1].writable);
    EXPECT_EQ(spec.binds[1].target, "/d");
    EXPECT_EQ(spec.masked_paths, a_command().masked_paths);
    EXPECT_EQ(spec.read_only_paths, a_command().read_only_paths);
    EXPECT_EQ(spec.trust_bundle_pem, "bundle");
    EXPECT_EQ(spec.ca_pem, "ca");
}

TEST(Messages, CarrySignalsClosesAndExits) {
    EXPECT_FALSE(std::get<Seal>(*decode_call(encode_call(Seal{}))).command.has_value());
    EXPECT_TRUE(std::holds_alternative<StartCommand>(*decode_call(encode_call(StartCommand{}))));
    EXPECT_EQ(std::get<SignalCommand>(*decode_call(encode_call(SignalCommand{15}))).signal, 15);
    EXPECT_EQ(std::get<CloseNamespace>(*decode_call(encode_call(CloseNamespace{"n"}))).name, "n");
    EXPECT_EQ(std::get<CommandExit>(*decode_event(encode_event(CommandExit{137}))).code, 137);
    const auto exit = std::get<HandlerExit>(*decode_event(encode_event(HandlerExit{"box", 134})));
    EXPECT_EQ(exit.name, "box");
    EXPECT_EQ(exit.code, 134);
}

TEST(Messages, CarryWhatHandlersNeed) {
    const auto allow = std::get<AllowHandlerSockets>(*decode_call(encode_call(AllowHandlerSockets{{"/a", "/b"}, "/run/x"})));
    EXPECT_EQ(allow.paths, (std::vector<std::string>{"/a", "/b"}));
    EXPECT_EQ(allow.directory, "/run/x");
    const auto spec = std::get<HandlerSpec>(*decode_call(encode_call(a_handler())));
    EXPECT_EQ(spec.name, "box");
    EXPECT_EQ(spec.script, "export {}");
    EXPECT_EQ(spec.script_name, "vcs.js");
    EXPECT_EQ(spec.memory_mib, 64u);
    EXPECT_EQ(spec.socket_path, "/run/service.sock");
    EXPECT_EQ(std::get<ConnectHandler>(*decode_call(encode_call(ConnectHandler{"n"}))).name, "n");
    EXPECT_EQ(std::get<StopHandler>(*decode_call(encode_call(StopHandler{"n"}))).name, "n");
}

TEST(Messages, CarryWhatSecretsNeed) {
    const std::vector<std::vector<std::string>> commands{{"pass", "show", "a"}, {"/bin/get"}};
    EXPECT_EQ(std::get<AllowSecretCommands>(*decode_call(encode_call(AllowSecretCommands{commands}))).commands, commands);
    EXPECT_TRUE(std::get<AllowSecretCommands>(*decode_call(encode_call(AllowSecretCommands{}))).commands.empty());
    const auto start = std::get<StartSecretCommand>(*decode_call(encode_call(StartSecretCommand{commands[0], 1500})));
    EXPECT_EQ(start.arguments, commands[0]);
    EXPECT_EQ(start.timeout_ms, 1500);
}

TEST(Messages, CarryAnAnswer) {
    EXPECT_EQ(*decode_answer(encode_answer("said")), "said");
    EXPECT_TRUE(decode_answer(encode_answer({})).has_value());
    const auto answer = decode_answer(encode_answer(failure(ErrorCode::config_invalid, "why")));
    ASSERT_FALSE(answer.has_value());
    EXPECT_EQ(answer.error(), (Error{ErrorCode::config_invalid, "why"}));
}

TEST(Messages, RefuseEveryTruncation) {
    for (const Call& call : {Call(Seal{a_command()}), Call(Seal{}), Call(StartCommand{}), Call(NamespaceRequest{"a", "b", "c"}),
                             Call(SignalCommand{1}), Call(a_handler()), Call(AllowHandlerSockets{{"/a"}, "/b"}),
                             Call(ConnectHandler{"n"}), Call(StopHandler{"n"}),
                             Call(AllowSecretCommands{{{"a", "b"}, {"c"}}}), Call(StartSecretCommand{{"a"}, 1})}) {
        const std::string bytes = encode_call(call);
        for (std::size_t size = 0; size < bytes.size(); ++size) {
            EXPECT_FALSE(decode_call(std::string_view(bytes).substr(0, size)).has_value()) << size;
        }
    }
    EXPECT_FALSE(decode_answer("").has_value());
    EXPECT_FALSE(decode_event("").has_value());
    EXPECT_FALSE(decode_event(Writer().number(2).number(0).take()).has_value());
}

}  // namespace
}  // namespace sallyport::sandbox
