// One rtnetlink request (rtnetlink(7)) with its attributes, built in place, sent in the namespace of the calling thread.
#pragma once

#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include <cstdint>
#include <cstring>

#include "base/result.h"

namespace sallyport::sandbox {

class RtnetlinkRequest final {
public:
    // `payload` is what the type asks for: rtmsg, ifinfomsg, ...
    template <class Payload>
    RtnetlinkRequest(std::uint16_t type, std::uint16_t flags, const Payload& payload) {
        static_assert(sizeof(Payload) <= kPayloadBytesMax);
        header_.nlmsg_len = NLMSG_LENGTH(sizeof(Payload));
        header_.nlmsg_type = type;
        header_.nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | NLM_F_ACK | flags);
        std::memcpy(body_, &payload, sizeof(Payload));
    }

    void add(std::uint16_t type, std::uint32_t value);
    // The error that the kernel answered with; 0 for none. Fails where it could not be asked.
    Result<int> transact() const;

private:
    static constexpr std::size_t kPayloadBytesMax = 32;
    static constexpr std::size_t kAttributeBytesMax = 32;

    nlmsghdr header_{};
    char body_[kPayloadBytesMax + kAttributeBytesMax]{};
};

}  // namespace sallyport::sandbox
