// Who listens to the events, and which of them each may have. Owned by the server; subscribers belong to their
// connections and leave before they go. One thread.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "admin/api.h"
#include "admin/routes.h"

namespace sallyport::admin {

// "event: TYPE\ndata: JSON\n\n", as the HTML standard's section 9.2 has it.
std::string event_text(std::string_view type, std::string_view data);

class Subscriber {
public:
    virtual ~Subscriber() = default;
    // The text of one event; valid during the call.
    virtual void on_event(std::string_view text) = 0;
};

class EventHub final {
public:
    // False where there are too many already, or too many of this caller.
    bool has_room(const Caller& caller) const;
    // There is room. Events may come before it returns.
    void subscribe(Subscriber& subscriber, const Caller& caller, EventQuery query);
    void unsubscribe(Subscriber& subscriber);

    void publish(const Event& event);
    bool empty() const { return entries_.empty(); }
    // Called with true when the first one comes, with false when the last one has gone.
    void on_change(std::function<void(bool)> changed) { changed_ = std::move(changed); }

private:
    struct Entry {
        Subscriber* subscriber = nullptr;
        Caller caller;
        EventQuery query;

        bool wants(const Event& event) const;
    };

    std::vector<Entry> entries_;
    std::function<void(bool)> changed_;
};

}  // namespace sallyport::admin
