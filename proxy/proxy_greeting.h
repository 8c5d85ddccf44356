// One connection to the explicit proxy from its first byte until it is known whose it is and what it wants: SOCKS5, or the
// head of an HTTP/1 request. Then it is handed on with everything that was read, or refused. Whoever has not shown a
// password that is right learns nothing. Owned by its ProxyDoor; lives on the door's thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "http/http1_codec.h"
#include "net/connection.h"
#include "net/socks5.h"
#include "proxy/proxy_opening.h"
#include "rules/filled_template.h"

namespace sallyport::proxy {

class ProxyDoor;

class ProxyGreeting final : private http::RequestSink {
public:
    ProxyGreeting(ProxyDoor& door, UniqueFd fd);
    ~ProxyGreeting() override;

    // Ends now, without a word.
    void cut();
    // The password that it may have shown is none any more.
    void on_credential_changed(const SandboxId& sandbox);

private:
    enum class State { first_byte, head, methods, login, request, held_back, lingering, closed };

    http::Next on_request_head(http::RequestHead& head) override;
    http::Next on_body(std::string_view) override { return http::Next::pause; }
    http::Next on_message_end(http::HeaderMap&) override;

    void on_ready();
    void read_some();
    // What has come so far, as far as it goes.
    void step();
    bool take_one();
    void read_head();
    bool read_methods();
    bool read_login();
    bool read_request();
    Result<http::Authority> authority_of(const net::Socks5Request& request) const;
    bool check(std::string_view user, std::string_view password);
    // Nobody knows whose it is: answered, after a while where there have been many.
    void refuse_login(std::string_view detail, bool is_wrong);
    // It is known whose it is, and it wants what there is not.
    void refuse(const Error& error, net::Socks5Reply reply);
    std::string http_answer(ErrorCode code) const;
    void answer_refused();
    void admit(http::Authority authority);
    bool say(std::string_view bytes);
    void linger();
    void discard_input();
    void on_deadline();
    void log_line(const Error& error, int status);
    void close();

    ProxyDoor& door_;
    State state_ = State::first_byte;
    ProxyOpening opening_;
    SandboxId sandbox_;        // empty until it is known whose it is
    std::string method_;       // HTTP's
    std::string answer_;       // that is held back
    rules::WipedBuffer input_;  // read, and not used up
    net::Connection connection_;
    http::Http1RequestParser parser_;
    std::size_t parsed_ = 0;   // of input_
    bool has_head_ = false;
    bool is_connect_done_ = false;
    std::optional<Error> head_error_;
    bool shows_password_ = false;
    std::size_t discarded_ = 0;
    net::Timer deadline_;
};

}  // namespace sallyport::proxy
