#include "sandbox/rtnetlink.h"

#include <sys/socket.h>

#include "base/check.h"
#include "base/unique_fd.h"
#include "sandbox/system_failure.h"

namespace sallyport::sandbox {

void RtnetlinkRequest::add(std::uint16_t type, std::uint32_t value) {
    rtattr attribute{};
    attribute.rta_type = type;
    attribute.rta_len = RTA_LENGTH(sizeof(value));
    const std::size_t at = NLMSG_ALIGN(header_.nlmsg_len) - NLMSG_HDRLEN;
    SALLYPORT_CHECK(at + RTA_SPACE(sizeof(value)) <= sizeof(body_));
    std::memcpy(body_ + at, &attribute, sizeof(attribute));
    std::memcpy(body_ + at + RTA_LENGTH(0), &value, sizeof(value));
    header_.nlmsg_len = NLMSG_ALIGN(header_.nlmsg_len) + attribute.rta_len;
}

Result<int> RtnetlinkRequest::transact() const {
    const UniqueFd fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
    if (!fd) return system_failure("netlink socket");
    if (::send(fd.get(), this, header_.nlmsg_len, 0) < 0) return system_failure("send to rtnetlink");
    alignas(nlmsghdr) char buffer[1024];
    const ssize_t count = ::recv(fd.get(), buffer, sizeof(buffer), 0);
    if (count < static_cast<ssize_t>(NLMSG_LENGTH(sizeof(nlmsgerr)))) return system_failure("hear from rtnetlink");
    const auto* answer = reinterpret_cast<const nlmsghdr*>(buffer);
    if (answer->nlmsg_type != NLMSG_ERROR) return failure(ErrorCode::system, "rtnetlink gave no answer");
    return -static_cast<const nlmsgerr*>(NLMSG_DATA(answer))->error;
}

}  // namespace sallyport::sandbox
