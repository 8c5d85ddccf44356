#include "proxy/proxy_door.h"

#include <algorithm>
#include <vector>

namespace sallyport::proxy {

ProxyDoor::ProxyDoor(DoorContext& context, UniqueFd socket) : context_(context), counted_at_(context.loop.now()) {
    if (!socket) return;
    listener_ = std::make_unique<net::Listener>(context.loop, std::move(socket), [this](UniqueFd fd) { adopt(std::move(fd)); });
}

ProxyDoor::~ProxyDoor() = default;

void ProxyDoor::adopt(UniqueFd fd) {
    if (greetings_.size() >= kProxyGreetingsMax) greetings_.front()->cut();
    greetings_.push_back(std::make_unique<ProxyGreeting>(*this, std::move(fd)));
    places_.emplace(greetings_.back().get(), std::prev(greetings_.end()));
}

void ProxyDoor::remove(ProxyGreeting& greeting) {
    const auto place = places_.find(&greeting);
    if (place == places_.end()) return;
    context_.loop.defer([dead = std::shared_ptr<ProxyGreeting>(std::move(*place->second))] {});
    greetings_.erase(place->second);
    places_.erase(place);
}

void ProxyDoor::admit(const SandboxId& sandbox, UniqueFd fd, ProxyOpening opening) {
    context_.admit(sandbox, std::move(fd), std::move(opening));
}

// A bucket that may be overdrawn: who overdraws it waits until it would have been full enough.
milliseconds ProxyDoor::delay_of_wrong_password() {
    const auto now = context_.loop.now();
    const double elapsed = std::chrono::duration<double>(now - counted_at_).count();
    counted_at_ = now;
    wrong_passwords_left_ = std::min(kWrongPasswordsBurst, wrong_passwords_left_ + elapsed * kWrongPasswordsPerSecond) - 1;
    const double most = kWrongPasswordsPerSecond * std::chrono::duration<double>(kWrongPasswordDelayMax).count();
    wrong_passwords_left_ = std::max(wrong_passwords_left_, -most);
    if (wrong_passwords_left_ >= 0) return milliseconds(0);
    return milliseconds(static_cast<milliseconds::rep>(-wrong_passwords_left_ / kWrongPasswordsPerSecond * 1000));
}

void ProxyDoor::on_credential_changed(const SandboxId& sandbox) {
    std::vector<ProxyGreeting*> open;
    for (const auto& each : greetings_) open.push_back(each.get());
    for (ProxyGreeting* each : open) each->on_credential_changed(sandbox);
}

void ProxyDoor::close() {
    if (listener_) listener_->close();
    while (!greetings_.empty()) greetings_.front()->cut();
}

}  // namespace sallyport::proxy
