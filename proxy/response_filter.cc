#include "proxy/response_filter.h"

#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "proxy/limits.h"
#include "proxy/section_scrub.h"

namespace sallyport::proxy {
namespace {

// They are of the bytes as coded.
constexpr std::string_view kDigestFields[] = {"Content-MD5", "Content-Digest", "Repr-Digest", "Digest"};

void remove_digests(http::HeaderMap& headers) {
    for (const std::string_view name : kDigestFields) headers.remove(name);
}

// Several fields are one list (RFC 9110 section 5.3).
std::string joined(const http::HeaderMap& headers, std::string_view wanted) {
    std::string list;
    for (const auto [name, value] : headers) {
        if (!http::equals_ignoring_case(name, wanted)) continue;
        if (!list.empty()) list += ", ";
        list += value;
    }
    return list;
}

// A strong validator is of bytes that do not go on as they are (RFC 9110 section 8.8.1).
void weaken_etag(http::HeaderMap& headers) {
    const auto etag = headers.get("ETag");
    if (!etag || !etag->starts_with('"')) return;
    const std::string weak = "W/" + std::string(*etag);
    headers.set("ETag", weak);
}

}  // namespace

ResponseFilter::ResponseFilter(Setup setup)
    : scrub_(std::move(setup.scrub)),
      ranges_(setup.ranges),
      range_(std::move(setup.range)),
      cookies_(setup.cookies),
      jar_(setup.jar),
      place_(setup.place),
      now_(setup.now),
      swap_tokens_(std::move(setup.swap_tokens)) {
    SALLYPORT_CHECK(cookies_ != rules::CookieUse::jar || jar_ != nullptr);
}

ResponseFilter::~ResponseFilter() {
    for (Buffer* each : {&decoded_, &clean_, &gathered_, &swapped_}) each->wipe();
}

void ResponseFilter::filter_interim(http::ResponseHead& head) {
    take_cookies(head.headers, false);
    scrub_head(scrub_, head);
}

Result<void> ResponseFilter::filter_head(http::ResponseHead& head) {
    take_cookies(head.headers, true);
    if (auto read = read_codings(head); !read) return read;
    if (auto checked = check_part(head); !checked) return checked;
    if (ranges_ != rules::RangeUse::scan && head.headers.has("Accept-Ranges")) head.headers.set("Accept-Ranges", "none");
    scrub_head(scrub_, head);
    holds_head_ = swap_tokens_ && head.body.kind != http::BodyKind::none;
    return {};
}

// What comes in an interim response is nobody's: the final one says it again.
void ResponseFilter::take_cookies(http::HeaderMap& headers, bool is_final) {
    if (cookies_ == rules::CookieUse::pass) return;
    if (cookies_ == rules::CookieUse::jar && is_final) {
        for (const auto [name, value] : headers) {
            if (http::equals_ignoring_case(name, "Set-Cookie")) jar_->store(place_, value, now_);
        }
        // What has just been set must not come in this response's body either.
        scrub_.add(jar_->needles(place_.credential));
    }
    headers.remove("Set-Cookie");
    headers.remove("Set-Cookie2");
}

Result<void> ResponseFilter::read_codings(http::ResponseHead& head) {
    if (!head.headers.has("Content-Encoding")) return {};
    const auto codings = http::parse_content_encoding(joined(head.headers, "Content-Encoding"));
    if (!codings) return failure(ErrorCode::origin_unknown_coding, codings.error().detail);
    head.headers.remove("Content-Encoding");
    if (codings->empty()) return {};
    if (head.status == 206) return failure(ErrorCode::origin_unknown_coding, "a part of something that is coded");
    decode_from(head, *codings);
    return {};
}

// Where there is no body (HEAD, 304), what is said of one is the same as if there were.
void ResponseFilter::decode_from(http::ResponseHead& head, std::span<const http::ContentCoding> codings) {
    head.headers.remove("Content-Length");
    head.headers.remove("Accept-Ranges");
    remove_digests(head.headers);
    weaken_etag(head.headers);
    const bool is_empty = head.body.kind == http::BodyKind::none || head.body == http::BodyFraming{http::BodyKind::length, 0};
    if (is_empty) return;
    decoder_.emplace(codings);
    head.body = {http::BodyKind::chunked, 0};
}

Result<void> ResponseFilter::check_part(http::ResponseHead& head) {
    if (head.status != 206) {
        range_.reset();
        return {};
    }
    if (!range_) return failure(ErrorCode::origin_bad_response, "a part of something, which nobody asked for");
    if (swap_tokens_) return failure(ErrorCode::origin_bad_response, "a part of an answer that may hold tokens");
    return range_->fit_head(head);
}

Result<bool> ResponseFilter::feed(std::string_view bytes, Buffer& out) {
    if (!decoder_) {
        if (auto passed = pass(bytes, out); !passed) return failure(passed.error());
        return false;
    }
    SALLYPORT_CHECK(undecoded_.empty());
    const auto has_more = decode(bytes, out);
    undecoded_.append(bytes);
    return has_more;
}

Result<bool> ResponseFilter::go_on(Buffer& out) {
    if (!decoder_) return false;
    std::string_view bytes = undecoded_.view();
    const auto has_more = decode(bytes, out);
    undecoded_.consume(undecoded_.size() - bytes.size());
    return has_more;
}

// A block at most; the decoder may have more even when it has taken everything.
Result<bool> ResponseFilter::decode(std::string_view& bytes, Buffer& out) {
    decoded_.clear();
    const auto written = decoder_->decode(bytes, decoded_, kDecodedBytesMax);
    if (!written) return failure(written.error());
    if (auto passed = pass(decoded_.view(), out); !passed) return failure(passed.error());
    return *written == kDecodedBytesMax;
}

Result<void> ResponseFilter::pass(std::string_view bytes, Buffer& out) {
    if (!holds_head_) {
        scrub(bytes, out);
        return {};
    }
    if (gathered_.size() + bytes.size() > kTokenAnswerBytesMax) {
        return failure(ErrorCode::origin_bad_response, "an answer that may hold tokens is too long to be read");
    }
    gathered_.append(bytes);
    return {};
}

void ResponseFilter::scrub(std::string_view bytes, Buffer& out) {
    if (!range_) return scrub_.feed(bytes, out);
    scrub_.feed(bytes, clean_);
    out.append(range_->trim(clean_.view()));
    clean_.clear();
}

void ResponseFilter::pause(Buffer& out) {
    if (!range_) return scrub_.pause(out);
    scrub_.pause(clean_);
    out.append(range_->trim(clean_.view()));
    clean_.clear();
}

Result<void> ResponseFilter::finish(Buffer& out, http::ResponseHead* head) {
    SALLYPORT_CHECK(undecoded_.empty());
    if (decoder_) {
        if (auto complete = decoder_->finish(); !complete) return complete;
    }
    if (holds_head_) return swap_tokens(*head, out);
    if (!range_) {
        scrub_.finish(out);
        return {};
    }
    scrub_.finish(clean_);
    out.append(range_->trim(clean_.view()));
    return range_->finish();
}

Result<void> ResponseFilter::swap_tokens(http::ResponseHead& head, Buffer& out) {
    auto needles = swap_tokens_(head, gathered_.view(), swapped_);
    if (!needles) return failure(needles.error());
    scrub_.add(std::move(*needles));
    // The head was looked through before it was known what the tokens are.
    scrub_head(scrub_, head);
    const std::size_t before = out.size();
    scrub_.feed(swapped_.view(), out);
    scrub_.finish(out);
    remove_digests(head.headers);
    head.headers.remove("ETag");
    head.body = {http::BodyKind::length, out.size() - before};
    return {};
}

void ResponseFilter::filter_trailers(http::HeaderMap& trailers) {
    if (decoder_) remove_digests(trailers);
    scrub_fields(scrub_, trailers);
}

}  // namespace sallyport::proxy
