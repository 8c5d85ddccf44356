// One call of a handler: a request of the sandbox, from when it is handed over until it is over. Knows what the handler
// may fetch in its name, and ends the handler host where the handler takes too long. Owned by the call's Stream; lives on
// one worker.
//
// The clock of the deadline runs while it is the handler that has to do something: not while the client is slow to send
// or to read, and not while the origin of one of the call's fetches is waited for. Until the response's head all such
// time counts together; after it, each wait for the next piece of the body has as long again.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "http/validate.h"
#include "net/loop.h"
#include "proxy/handler_link.h"
#include "proxy/upstream.h"
#include "proxy/worker_context.h"
#include "rules/actions.h"
#include "rules/snapshot.h"

namespace sallyport::proxy {

class FetchConnection;
class HandlerCalls;

class HandlerCallUser {
public:
    // Whether the handler could go on if it wanted to; fetches aside.
    virtual bool waits_for_handler() const = 0;
    // The call is over. May destroy it.
    virtual void on_handler_failed(Error error) = 0;

protected:
    ~HandlerCallUser() = default;
};

class HandlerCall final {
public:
    struct Request {
        RequestId id;
        http::Scheme scheme = http::Scheme::https;
        http::Authority authority;
        rules::Decision decision;  // of `snapshot`, with a handler
        std::shared_ptr<const rules::PolicySnapshot> snapshot;
    };

    HandlerCall(WorkerContext& context, HandlerCalls& calls, HandlerCallUser& user, Request request);
    // Cuts its fetches.
    ~HandlerCall();
    HandlerCall(const HandlerCall&) = delete;
    HandlerCall& operator=(const HandlerCall&) = delete;

    const Request& request() const { return request_; }
    std::string_view token() const { return token_; }

    // Adds the fields that tell the host about the call, and makes the target absolute: the head then holds secrets.
    // secret_unavailable where one of them is missing.
    Result<void> describe(const HandlerPeer& peer, http::RequestHead& head) const;
    // It is with the handler now: the clock runs.
    void start(const HandlerPeer& peer);
    // The response's head, or a piece of its body, has come.
    void on_progress() { waited_ = {}; }
    // The handler's connection was lost, or its answer was none: what that means.
    Error explain(Error error) const;
    // What its answer says in X-Sallyport-Error.
    static ErrorCode failure_of(std::string_view code);
    // The handler's own words, fit for a log: without the values that it was given.
    std::string masked(std::string_view text) const;

    void add(FetchConnection& fetch) { fetches_.push_back(&fetch); }
    void remove(FetchConnection& fetch) { std::erase(fetches_, &fetch); }
    bool is_own_host(const http::CanonicalRequest& request) const;
    bool runs_in(HandlerIncarnation incarnation) const { return peer_incarnation_ == incarnation; }
    void fail(Error error) { user_.on_handler_failed(std::move(error)); }

private:
    void on_tick();
    bool waits_for_an_origin() const;

    WorkerContext& context_;
    HandlerCalls& calls_;
    HandlerCallUser& user_;
    const Request request_;
    const std::string token_;
    HandlerIncarnation peer_incarnation_;
    std::vector<FetchConnection*> fetches_;
    net::Clock::duration waited_{};
    net::Clock::time_point ticked_;
    milliseconds tick_interval_;
    net::Timer tick_;
};

}  // namespace sallyport::proxy
