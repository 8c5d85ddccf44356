#include "sandbox/messages.h"

#include <algorithm>

#include "sandbox/wire.h"

namespace sallyport::sandbox {
namespace {

tl::unexpected<Error> malformed() { return failure(ErrorCode::internal, "a launcher message is malformed"); }

void write(Writer& out, const NamespaceRequest& request) {
    out.text(request.name).text(request.attach_path).text(request.pin_path);
}
void write(Writer& out, const CloseNamespace& call) { out.text(call.name); }
void write(Writer& out, const SignalCommand& call) { out.number(call.signal); }
void write(Writer& out, const CommandSpec& spec) {
    out.text(spec.name).texts(spec.argv).texts(spec.environment).text(spec.working_directory);
    out.number(static_cast<std::int64_t>(spec.binds.size()));
    for (const Bind& bind : spec.binds) out.text(bind.source).text(bind.target).number(bind.writable);
    out.texts(spec.masked_paths).texts(spec.read_only_paths).text(spec.trust_bundle_pem).text(spec.ca_pem);
}
void write(Writer& out, const Seal& seal) {
    out.number(seal.command.has_value());
    if (seal.command) write(out, *seal.command);
}
void write(Writer&, const StartCommand&) {}
void write(Writer& out, const AllowHandlerSockets& call) { out.texts(call.paths).text(call.directory); }
void write(Writer& out, const HandlerSpec& spec) {
    out.text(spec.name).text(spec.script).text(spec.script_name).number(spec.memory_mib).text(spec.socket_path);
}
void write(Writer& out, const ConnectHandler& call) { out.text(call.name); }
void write(Writer& out, const StopHandler& call) { out.text(call.name); }
void write(Writer& out, const AllowSecretCommands& call) {
    out.number(static_cast<std::int64_t>(call.commands.size()));
    for (const auto& arguments : call.commands) out.texts(arguments);
}
void write(Writer& out, const StartSecretCommand& call) { out.texts(call.arguments).number(call.timeout_ms); }
void write(Writer& out, const CommandExit& exit) { out.number(exit.code); }
void write(Writer& out, const HandlerExit& exit) {
    out.text(exit.name).number(exit.code).number(static_cast<std::int64_t>(exit.start));
}

void read(Reader& in, NamespaceRequest& request) {
    request.name = in.text();
    request.attach_path = in.text();
    request.pin_path = in.text();
}
void read(Reader& in, CloseNamespace& call) { call.name = in.text(); }
void read(Reader& in, SignalCommand& call) { call.signal = static_cast<int>(in.number()); }
void read(Reader& in, CommandSpec& spec) {
    spec.name = in.text();
    spec.argv = in.texts();
    spec.environment = in.texts();
    spec.working_directory = in.text();
    for (std::int64_t left = in.number(); left > 0; --left) {
        Bind bind;
        bind.source = in.text();
        bind.target = in.text();
        bind.writable = in.number() != 0;
        if (bind.source.empty()) break;
        spec.binds.push_back(std::move(bind));
    }
    spec.masked_paths = in.texts();
    spec.read_only_paths = in.texts();
    spec.trust_bundle_pem = in.text();
    spec.ca_pem = in.text();
}
void read(Reader& in, Seal& seal) {
    if (in.number() != 0) read(in, seal.command.emplace());
}
void read(Reader&, StartCommand&) {}
void read(Reader& in, AllowHandlerSockets& call) {
    call.paths = in.texts();
    call.directory = in.text();
}
void read(Reader& in, HandlerSpec& spec) {
    spec.name = in.text();
    spec.script = in.text();
    spec.script_name = in.text();
    spec.memory_mib = static_cast<std::uint32_t>(std::clamp<std::int64_t>(in.number(), 0, UINT32_MAX));
    spec.socket_path = in.text();
}
void read(Reader& in, ConnectHandler& call) { call.name = in.text(); }
void read(Reader& in, StopHandler& call) { call.name = in.text(); }
void read(Reader& in, AllowSecretCommands& call) {
    for (std::int64_t left = in.number(); left > 0; --left) {
        call.commands.push_back(in.texts());
        if (call.commands.back().empty()) break;
    }
}
void read(Reader& in, StartSecretCommand& call) {
    call.arguments = in.texts();
    call.timeout_ms = in.number();
}
void read(Reader& in, CommandExit& exit) { exit.code = static_cast<int>(in.number()); }
void read(Reader& in, HandlerExit& exit) {
    exit.name = in.text();
    exit.code = static_cast<int>(in.number());
    exit.start = static_cast<std::uint64_t>(in.number());
}

template <class Any, class T>
Result<Any> read_as(Reader& in) {
    T value;
    read(in, value);
    if (!in.finished()) return malformed();
    return Any(std::move(value));
}

template <class T>
Result<Call> read_call(Reader& in) {
    return read_as<Call, T>(in);
}

template <class Any>
std::string encode(const Any& any) {
    Writer out;
    out.number(static_cast<std::int64_t>(any.index()));
    std::visit([&out](const auto& each) { write(out, each); }, any);
    return out.take();
}

}  // namespace

std::string encode_call(const Call& call) { return encode(call); }

Result<Call> decode_call(std::string_view body) {
    Reader in(body);
    switch (in.number()) {
        case 0: return read_call<NamespaceRequest>(in);
        case 1: return read_call<CloseNamespace>(in);
        case 2: return read_call<Seal>(in);
        case 3: return read_call<StartCommand>(in);
        case 4: return read_call<SignalCommand>(in);
        case 5: return read_call<AllowHandlerSockets>(in);
        case 6: return read_call<HandlerSpec>(in);
        case 7: return read_call<ConnectHandler>(in);
        case 8: return read_call<StopHandler>(in);
        case 9: return read_call<AllowSecretCommands>(in);
        case 10: return read_call<StartSecretCommand>(in);
    }
    return malformed();
}

std::string encode_answer(const Result<std::string>& answer) {
    Writer out;
    out.number(answer ? 1 : 0);
    if (answer) return out.text(*answer).take();
    return out.number(static_cast<std::int64_t>(answer.error().code)).text(answer.error().detail).take();
}

Result<std::string> decode_answer(std::string_view body) {
    Reader in(body);
    const bool good = in.number() == 1;
    const auto code = good ? ErrorCode::internal : static_cast<ErrorCode>(in.number());
    std::string text = in.text();
    if (!in.finished()) return malformed();
    if (!good) return failure(code, std::move(text));
    return text;
}

std::string encode_handler(const HandlerProcess& process) {
    return Writer().number(static_cast<std::int64_t>(process.start)).text(process.fetch_path).take();
}

Result<HandlerProcess> decode_handler(std::string_view text) {
    Reader in(text);
    HandlerProcess process;
    process.start = static_cast<std::uint64_t>(in.number());
    process.fetch_path = in.text();
    if (!in.finished()) return malformed();
    return process;
}

std::string encode_event(const LauncherEvent& event) { return encode(event); }

Result<LauncherEvent> decode_event(std::string_view body) {
    Reader in(body);
    switch (in.number()) {
        case 0: return read_as<LauncherEvent, CommandExit>(in);
        case 1: return read_as<LauncherEvent, HandlerExit>(in);
    }
    return malformed();
}

}  // namespace sallyport::sandbox
