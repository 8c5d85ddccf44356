#include "proxy/proxy_greeting.h"

#include "http/authority.h"
#include "http/characters.h"
#include "http/http1_writer.h"
#include "proxy/proxy_door.h"

namespace sallyport::proxy {
namespace {

// RFC 9110 section 9.3.6: host and port, both of them.
Result<http::Authority> parse_connect_target(std::string_view target) {
    const std::size_t colon = target.rfind(':');
    if (colon == target.npos || target.find(']', colon) != target.npos) return failure(ErrorCode::bad_authority, "no port");
    return http::parse_authority(target, http::Scheme::https);
}

}  // namespace

ProxyGreeting::ProxyGreeting(ProxyDoor& door, UniqueFd fd)
    : door_(door),
      connection_(door.context().loop, std::move(fd), [this](int) { on_ready(); }),
      parser_(*this, http::Http1Limits{}),
      deadline_(door.context().loop, [this] { on_deadline(); }) {
    opening_.started = door.context().loop.now();
    connection_.want(net::FdWatch::kRead);
    deadline_.start(door.context().deadlines.greeting);
}

ProxyGreeting::~ProxyGreeting() = default;

void ProxyGreeting::on_ready() {
    if (state_ == State::lingering) return discard_input();
    if (state_ != State::held_back && state_ != State::closed) read_some();
}

void ProxyGreeting::read_some() {
    const net::IoResult result = connection_.read(door_.context().read_block, kReadBytes);
    if (result.state == net::IoState::again) return;
    if (result.state != net::IoState::ok) {
        if (state_ != State::first_byte) log_line({ErrorCode::client_gone, "before it said what it wants"}, 0);
        return close();
    }
    if (state_ == State::first_byte) opening_.started = door_.context().loop.now();
    input_.append({door_.context().read_block, result.bytes});
    step();
}

void ProxyGreeting::step() {
    if (state_ == State::first_byte) {
        const char first = input_.view().front();
        state_ = first == net::kSocks5Version ? State::methods : State::head;
        // TLS and SOCKS4 have no line whose end could be waited for.
        if (state_ == State::head && !http::is_token(std::string_view(&first, 1))) {
            return refuse({ErrorCode::bad_request, "neither HTTP nor SOCKS5"}, net::Socks5Reply::general_failure);
        }
    }
    if (state_ == State::head) return read_head();
    opening_.form = ProxyOpening::Form::socks5;
    while (take_one()) {
    }
}

// Whether there may be another one.
bool ProxyGreeting::take_one() {
    switch (state_) {
        case State::methods: return read_methods();
        case State::login: return read_login();
        case State::request: return read_request();
        default: return false;
    }
}

bool ProxyGreeting::read_methods() {
    const auto read = net::read_socks5_methods(input_.view());
    if (!read) return refuse(read.error(), net::Socks5Reply::general_failure), false;
    if (!*read) return false;
    input_.consume((*read)->bytes);
    if (!(*read)->message.offers_password) return refuse_login("no password is offered", false), false;
    state_ = State::login;
    return say(net::socks5_method_choice(true));
}

bool ProxyGreeting::read_login() {
    const auto read = net::read_socks5_login(input_.view());
    if (!read) return refuse(read.error(), net::Socks5Reply::general_failure), false;
    if (!*read) return false;
    shows_password_ = true;
    if (!check((*read)->message.user, (*read)->message.password)) return refuse_login("the password is wrong", true), false;
    input_.consume((*read)->bytes);
    state_ = State::request;
    return say(net::socks5_login_answer(true));
}

bool ProxyGreeting::read_request() {
    const auto read = net::read_socks5_request(input_.view());
    if (!read) return refuse(read.error(), net::Socks5Reply::general_failure), false;
    if (!*read) return false;
    const net::Socks5Request& request = (*read)->message;
    if (request.command != net::Socks5Request::kConnect) {
        refuse({ErrorCode::method_refused, "a SOCKS command that is not CONNECT"}, net::Socks5Reply::command_not_supported);
        return false;
    }
    if (!request.is_known_address_type) {
        refuse({ErrorCode::bad_authority, "an unknown SOCKS address type"}, net::Socks5Reply::address_type_not_supported);
        return false;
    }
    auto authority = authority_of(request);
    if (!authority) return refuse(authority.error(), net::Socks5Reply::general_failure), false;
    input_.consume((*read)->bytes);
    admit(std::move(*authority));
    return false;
}

// Clients write addresses as names too.
Result<http::Authority> ProxyGreeting::authority_of(const net::Socks5Request& request) const {
    if (request.port == 0) return failure(ErrorCode::bad_authority, "port 0");
    if (auto literal = http::canonical_ip_literal(request.host)) return http::Authority{std::move(*literal), request.port, true};
    auto name = http::canonical_host(request.host);
    if (!name) return failure(name.error());
    return http::Authority{std::move(*name), request.port, false};
}

void ProxyGreeting::read_head() {
    const auto taken = parser_.feed(input_.view().substr(parsed_));
    if (!taken) return refuse(taken.error(), net::Socks5Reply::general_failure);
    parsed_ += *taken;
    if (!has_head_) return;
    // Whose it is, before anything that it says is looked at.
    if (opening_.credential == nullptr) {
        return shows_password_ ? refuse_login("the password is wrong", true) : refuse_login("no password is shown", false);
    }
    if (opening_.form == ProxyOpening::Form::requests) return admit({});
    if (!head_error_ && !is_connect_done_) head_error_ = {ErrorCode::bad_framing, "a CONNECT with a body"};
    if (head_error_) return refuse(*head_error_, net::Socks5Reply::general_failure);
    input_.consume(parsed_);
    admit(std::move(opening_.authority));
}

http::Next ProxyGreeting::on_request_head(http::RequestHead& head) {
    has_head_ = true;
    method_ = head.method;
    opening_.http_1_0 = head.version_minor == 0;
    if (const auto login = ProxyLogin::read(head.headers)) {
        shows_password_ = true;
        (void)check(login->user(), login->password());
    }
    if (head.method != "CONNECT") return http::Next::pause;
    opening_.form = ProxyOpening::Form::connect;
    auto authority = parse_connect_target(head.target);
    if (authority) {
        opening_.authority = std::move(*authority);
    } else {
        head_error_ = authority.error();
    }
    return head.body.kind == http::BodyKind::none ? http::Next::go : http::Next::pause;
}

http::Next ProxyGreeting::on_message_end(http::HeaderMap&) {
    is_connect_done_ = true;
    return http::Next::pause;
}

bool ProxyGreeting::check(std::string_view user, std::string_view password) {
    opening_.credential = door_.context().credentials.find(user, password);
    if (opening_.credential == nullptr) return false;
    sandbox_.value = user;
    return true;
}

void ProxyGreeting::refuse_login(std::string_view detail, bool is_wrong) {
    const bool is_socks = opening_.form == ProxyOpening::Form::socks5;
    log_line({ErrorCode::proxy_authentication, std::string(detail)}, is_socks ? 0 : http_status(ErrorCode::proxy_authentication));
    if (!is_socks) {
        answer_ = http_answer(ErrorCode::proxy_authentication);
    } else {
        answer_ = state_ == State::methods ? net::socks5_method_choice(false) : net::socks5_login_answer(false);
    }
    const milliseconds delay = is_wrong ? door_.delay_of_wrong_password() : milliseconds(0);
    if (delay == milliseconds(0)) return answer_refused();
    state_ = State::held_back;
    connection_.want(net::FdWatch::kNone);
    deadline_.start(delay);
}

// For the line that was logged last.
std::string ProxyGreeting::http_answer(ErrorCode code) const {
    LocalReply reply;
    reply.error = code;
    reply.request_id = door_.context().last_request_id;
    reply.to_head_request = method_ == "HEAD";
    reply.keep_alive = false;
    reply.http_1_0 = opening_.http_1_0;
    Buffer out;
    http::Http1ResponseWriter writer(out);
    write_local_reply(writer, reply);
    return std::string(out.view());
}

void ProxyGreeting::answer_refused() {
    if (say(answer_)) linger();
}

void ProxyGreeting::refuse(const Error& error, net::Socks5Reply reply) {
    if (opening_.form != ProxyOpening::Form::socks5) {
        log_line(error, http_status(error.code));
        answer_ = http_answer(error.code);
        return answer_refused();
    }
    log_line(error, 0);
    // There is an answer to a request only.
    if (state_ != State::request) return close();
    answer_ = net::socks5_answer(reply);
    answer_refused();
}

void ProxyGreeting::admit(http::Authority authority) {
    opening_.authority = std::move(authority);
    opening_.first_bytes = std::move(input_);
    UniqueFd fd = connection_.take_fd();
    state_ = State::closed;
    deadline_.stop();
    door_.admit(sandbox_, std::move(fd), std::move(opening_));
    door_.remove(*this);
}

// A few bytes to a socket that has taken next to nothing so far: who does not take them now never will.
bool ProxyGreeting::say(std::string_view bytes) {
    const net::IoResult result = connection_.write(bytes);
    if (result.state == net::IoState::ok && result.bytes == bytes.size()) return true;
    close();
    return false;
}

void ProxyGreeting::linger() {
    // Closing with unread input would make the kernel send a reset, which can overtake the answer.
    connection_.shutdown_write();
    state_ = State::lingering;
    connection_.want(net::FdWatch::kRead);
    deadline_.start(door_.context().deadlines.linger);
}

void ProxyGreeting::discard_input() {
    const net::IoResult result = connection_.read(door_.context().read_block, kReadBytes);
    if (result.state == net::IoState::again) return;
    discarded_ += result.bytes;
    if (result.state != net::IoState::ok || discarded_ > kProxyLingerBytesMax) close();
}

void ProxyGreeting::on_deadline() {
    if (state_ == State::held_back) return answer_refused();
    if (state_ != State::lingering && state_ != State::first_byte) {
        log_line({ErrorCode::request_timeout, "before it was known what is wanted"}, 0);
    }
    close();
}

void ProxyGreeting::on_credential_changed(const SandboxId& sandbox) {
    if (opening_.credential != nullptr && sandbox_ == sandbox) cut();
}

void ProxyGreeting::cut() {
    connection_.reset_on_close();
    close();
}

// The name that somebody gives without the password is not the name of who it is.
void ProxyGreeting::log_line(const Error& error, int status) {
    AccessRecord record;
    record.sandbox = opening_.credential != nullptr ? std::string_view(sandbox_.value) : std::string_view();
    record.request_id = door_.context().next_request_id();
    record.method = method_;
    record.scheme = opening_.form == ProxyOpening::Form::socks5 ? "socks5" : "http";
    record.status = status;
    record.error = &error;
    const auto taken = door_.context().loop.now() - opening_.started;
    record.total_us = static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(taken).count());
    door_.context().access_log.add(record);
}

void ProxyGreeting::close() {
    if (state_ == State::closed) return;
    state_ = State::closed;
    connection_.want(net::FdWatch::kNone);
    deadline_.stop();
    door_.remove(*this);
}

}  // namespace sallyport::proxy
