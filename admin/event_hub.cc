#include "admin/event_hub.h"

#include <algorithm>
#include <utility>

#include "admin/json_text.h"
#include "admin/limits.h"
#include "base/check.h"

namespace sallyport::admin {

std::string event_text(std::string_view type, std::string_view data) {
    // Both in one line each, or they would be another event.
    std::string text = "event: " + printable_json(std::string(type));
    text += "\ndata: " + printable_json(std::string(data)) + "\n\n";
    return text;
}

bool EventHub::Entry::wants(const Event& event) const {
    if (event.sandbox.empty() ? !caller.is_operator() : !caller.may_see(event.sandbox)) return false;
    if (!query.sandbox.empty() && query.sandbox != event.sandbox) return false;
    return query.types.empty() || std::ranges::find(query.types, event.type) != query.types.end();
}

bool EventHub::has_room(const Caller& caller) const {
    if (entries_.size() >= kSubscribersMax) return false;
    const auto own = std::ranges::count(entries_, caller.name, [](const Entry& entry) { return entry.caller.name; });
    return caller.is_operator() || static_cast<std::size_t>(own) < kSubscribersPerCallerMax;
}

void EventHub::subscribe(Subscriber& subscriber, const Caller& caller, EventQuery query) {
    SALLYPORT_CHECK(has_room(caller));
    entries_.push_back({&subscriber, caller, std::move(query)});
    if (entries_.size() == 1 && changed_) changed_(true);
}

void EventHub::unsubscribe(Subscriber& subscriber) {
    const auto gone = std::erase_if(entries_, [&](const Entry& entry) { return entry.subscriber == &subscriber; });
    if (gone > 0 && entries_.empty() && changed_) changed_(false);
}

void EventHub::publish(const Event& event) {
    std::string text;
    for (std::size_t i = 0; i < entries_.size(); ++i) {
        if (!entries_[i].wants(event)) continue;
        if (text.empty()) text = event_text(event.type, event.data);
        entries_[i].subscriber->on_event(text);
    }
}

}  // namespace sallyport::admin
