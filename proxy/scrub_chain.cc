#include "proxy/scrub_chain.h"

#include <algorithm>
#include <utility>

#include "rules/needle_scan.h"

namespace sallyport::proxy {

ScrubChain::Link::Link(std::shared_ptr<const rules::NeedleSet> set) : needles(std::move(set)), scrubber(needles) {}

void ScrubChain::add(std::shared_ptr<const rules::NeedleSet> needles) {
    if (needles == nullptr || needles->empty()) return;
    links_.push_back(std::make_unique<Link>(std::move(needles)));
}

void ScrubChain::feed(std::string_view bytes, Buffer& out) { feed_from(0, bytes, out); }

void ScrubChain::feed_from(std::size_t index, std::string_view bytes, Buffer& out) {
    if (index == links_.size()) return out.append(bytes);
    Link& link = *links_[index];
    if (index + 1 == links_.size()) return link.scrubber.feed(bytes, out);
    link.scrubber.feed(bytes, link.clean);
    feed_from(index + 1, link.clean.view(), out);
    link.clean.clear();
}

template <class Release>
void ScrubChain::release_from_each(Buffer& out, Release release) {
    for (std::size_t i = 0; i < links_.size(); ++i) {
        Link& link = *links_[i];
        release(link.scrubber, link.clean);
        feed_from(i + 1, link.clean.view(), out);
        link.clean.clear();
    }
}

void ScrubChain::finish(Buffer& out) {
    release_from_each(out, [](rules::Scrubber& scrubber, Buffer& clean) { scrubber.finish(clean); });
}

void ScrubChain::pause(Buffer& out) {
    release_from_each(out, [](rules::Scrubber& scrubber, Buffer& clean) { scrubber.pause(clean); });
}

void ScrubChain::end_message(Buffer& out) {
    release_from_each(out, [](rules::Scrubber& scrubber, Buffer& clean) { scrubber.end_message(clean); });
}

void ScrubChain::abandon() {
    for (const auto& link : links_) link->scrubber.abandon();
}

bool ScrubChain::scrub_whole(std::string& text) {
    const std::uint64_t before = found_in_whole_;
    for (const auto& link : links_) {
        rules::NeedleScan scan(*link->needles);
        scan.run(text.data(), 0, text.size(), 0);
        found_in_whole_ += scan.found();
        scan.reset();
        parts_in_whole_ += scan.parts();
    }
    return found_in_whole_ > before;
}

std::size_t ScrubChain::held_bytes() const {
    std::size_t bytes = 0;
    for (const auto& link : links_) bytes += link->scrubber.held_bytes();
    return bytes;
}

std::size_t ScrubChain::longest_bytes() const {
    std::size_t bytes = 0;
    for (const auto& link : links_) bytes = std::max(bytes, link->needles->longest_bytes());
    return bytes;
}

std::uint64_t ScrubChain::found() const {
    std::uint64_t found = found_in_whole_;
    for (const auto& link : links_) found += link->scrubber.found();
    return found;
}

std::uint64_t ScrubChain::parts() const {
    std::uint64_t parts = parts_in_whole_;
    for (const auto& link : links_) parts += link->scrubber.parts();
    return parts;
}

}  // namespace sallyport::proxy
