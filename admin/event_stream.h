// Reads server-sent events (the HTML standard's section 9.2.6), however they are cut. Pure; owned by whoever follows a
// stream.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace sallyport::admin {

class EventStreamReader final {
public:
    // False: no more of them.
    using Visit = std::function<bool(std::string_view type, std::string_view data)>;

    explicit EventStreamReader(Visit visit) : visit_(std::move(visit)) {}

    // False once `visit` has had enough, or a line was longer than any event of ours.
    bool feed(std::string_view bytes);

private:
    bool take_line(std::string_view line);
    bool dispatch();

    Visit visit_;
    std::string line_;
    std::string type_;
    std::string data_;
    bool has_data_ = false;
    bool after_cr_ = false;
};

}  // namespace sallyport::admin
