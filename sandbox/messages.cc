#include "sandbox/messages.h"

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

template <class T>
Result<Call> read_call(Reader& in) {
    T call;
    read(in, call);
    if (!in.finished()) return malformed();
    return Call(std::move(call));
}

}  // namespace

std::string encode_call(const Call& call) {
    Writer out;
    out.number(static_cast<std::int64_t>(call.index()));
    std::visit([&out](const auto& each) { write(out, each); }, call);
    return out.take();
}

Result<Call> decode_call(std::string_view body) {
    Reader in(body);
    switch (in.number()) {
        case 0: return read_call<NamespaceRequest>(in);
        case 1: return read_call<CloseNamespace>(in);
        case 2: return read_call<Seal>(in);
        case 3: return read_call<StartCommand>(in);
        case 4: return read_call<SignalCommand>(in);
    }
    return malformed();
}

std::string encode_answer(const Result<void>& answer) {
    Writer out;
    out.number(answer ? 1 : 0);
    if (!answer) out.number(static_cast<std::int64_t>(answer.error().code)).text(answer.error().detail);
    return out.take();
}

Result<void> decode_answer(std::string_view body) {
    Reader in(body);
    if (in.number() == 1) return in.finished() ? Result<void>() : malformed();
    const auto code = static_cast<ErrorCode>(in.number());
    std::string detail = in.text();
    if (!in.finished()) return malformed();
    return failure(code, std::move(detail));
}

std::string encode_exit(const CommandExit& exit) { return Writer().number(exit.code).take(); }

Result<CommandExit> decode_exit(std::string_view body) {
    Reader in(body);
    const CommandExit exit{static_cast<int>(in.number())};
    if (!in.finished()) return malformed();
    return exit;
}

}  // namespace sallyport::sandbox
