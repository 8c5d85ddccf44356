#include "proxy/metrics.h"

#include <array>
#include <string_view>

namespace sallyport::proxy {
namespace {

constexpr ErrorCode kCodes[] = {
#define X(name, status, blame, sentence) ErrorCode::name,
    SALLYPORT_ERRORS(X)
#undef X
};

constexpr std::uint64_t kMicrosPerSecond = 1'000'000;

// Exact: a double would lose microseconds after some years.
std::string seconds(std::uint64_t us) {
    std::string fraction = std::to_string(us % kMicrosPerSecond);
    fraction.insert(0, 6 - fraction.size(), '0');
    while (fraction.size() > 1 && fraction.back() == '0') fraction.pop_back();
    return std::to_string(us / kMicrosPerSecond) + "." + fraction;
}

class Page {
public:
    void begin(std::string_view name, std::string_view type, std::string_view help) {
        name_ = "sallyport_" + std::string(name);
        text_.append("# HELP ").append(name_).append(" ").append(help).append("\n");
        text_.append("# TYPE ").append(name_).append(" ").append(type).append("\n");
    }
    void sample(std::string_view suffix, std::string_view labels, std::string_view value) {
        text_.append(name_).append(suffix);
        if (!labels.empty()) text_.append("{").append(labels).append("}");
        text_.append(" ").append(value).append("\n");
    }
    void sample(std::string_view labels, std::uint64_t value) { sample("", labels, std::to_string(value)); }
    void single(std::string_view name, std::string_view type, std::string_view help, std::uint64_t value) {
        begin(name, type, help);
        sample("", value);
    }
    std::string take() { return std::move(text_); }

private:
    std::string text_;
    std::string name_;
};

void add_requests(Page& page, const Counters& counters) {
    page.begin("requests_total", "counter", "Requests, tunnels and refused connections that have ended, by outcome.");
    page.sample("outcome=\"allowed\"", counters.requests_allowed);
    page.sample("outcome=\"denied\"", counters.requests_denied);
    page.sample("outcome=\"failed\"", counters.requests_failed);
    // Every code, also where nothing has happened: an alert on a series that is not there never fires.
    page.begin("errors_total", "counter", "Requests, tunnels and connections that ended with an error, by its code.");
    for (const ErrorCode code : kCodes) {
        const std::string labels =
            "code=\"" + std::string(tag(code)) + "\",blame=\"" + std::string(to_string(blame(code))) + "\"";
        page.sample(labels, counters.errors[static_cast<std::size_t>(code)]);
    }
}

void add_durations(Page& page, const Counters& counters) {
    page.begin("request_duration_seconds", "histogram", "From a request's first byte, or a tunnel's opening, to its end.");
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < kDurationBucketsUs.size(); ++i) {
        sum += counters.request_durations[i];
        page.sample("_bucket", "le=\"" + seconds(kDurationBucketsUs[i]) + "\"", std::to_string(sum));
    }
    sum += counters.request_durations.back();
    page.sample("_bucket", "le=\"+Inf\"", std::to_string(sum));
    page.sample("_sum", "", seconds(counters.request_duration_us));
    page.sample("_count", "", std::to_string(sum));
}

void add_connections(Page& page, const Counters& counters) {
    page.single("connections_accepted_total", "counter", "Connections from sandboxes.", counters.connections_accepted);
    page.single("connections_open", "gauge", "Connections from sandboxes that are open now.", counters.connections_open);
    page.single("upstream_connections_made_total", "counter", "Connections to origins that were begun.",
                counters.upstream_connections_made);
    page.single("upstream_connections_open", "gauge", "Connections to origins that are open now, idle ones included.",
                counters.upstream_connections_open);
    page.single("responses_scrubbed_total", "counter", "Responses in which a secret came back, and was overwritten.",
                counters.responses_scrubbed);
    page.single("secrets_scrubbed_total", "counter", "Secrets that were overwritten in them, each form of one for itself.",
                counters.secrets_scrubbed);
    page.single("secret_parts_total", "counter", "Halves of secrets, without their rest, that were seen in responses.",
                counters.secret_parts);
    page.single("tunnels_opened_total", "counter", "Raw TCP and TLS passthrough connections that reached their origin.",
                counters.tunnels_opened);
    page.single("handler_calls_total", "counter", "Requests that were handed to a handler.", counters.handler_calls);
    page.single("leaves_minted_total", "counter", "Certificates made for intercepted hosts.", counters.leaves_minted);
    page.begin("sandbox_bytes_total", "counter", "Bytes on connections of sandboxes, inside TLS where there is TLS.");
    page.sample("direction=\"from\"", counters.bytes_from_sandboxes);
    page.sample("direction=\"to\"", counters.bytes_to_sandboxes);
}

void add_state(Page& page, const GateState& state) {
    page.single("generation", "gauge", "The policy generation that new requests are decided by.", state.generation.value);
    page.single("sandboxes", "gauge", "Sandboxes that are served.", state.sandboxes);
    page.single("workers", "gauge", "Worker threads.", state.workers);
    page.single("reloads_failed_total", "counter", "Configurations that were refused at a reload.", state.reloads_failed);
}

}  // namespace

std::string metrics_text(const Counters& counters, const GateState& state) {
    Page page;
    add_requests(page, counters);
    add_durations(page, counters);
    add_connections(page, counters);
    add_state(page, state);
    return page.take();
}

}  // namespace sallyport::proxy
