#include "sandbox/wire.h"

#include <sys/mman.h>

#include <cstring>

#include "tests/sandbox/box.h"

namespace sallyport::sandbox {
namespace {

struct Pair {
    UniqueFd left;
    UniqueFd right;
    Pair() {
        int fds[2];
        if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) == 0) {
            left.reset(fds[0]);
            right.reset(fds[1]);
        }
    }
};

TEST(Wire, CarriesABodyLargerThanASocketBuffer) {
    const Pair pair;
    const std::string body(3 << 20, 'x');
    ASSERT_OK(send_message(pair.left.get(), body));
    const auto message = receive_message(pair.right.get());
    ASSERT_OK(message);
    ASSERT_TRUE(message->has_value());
    EXPECT_EQ((*message)->body, body);
    EXPECT_TRUE((*message)->fds.empty());
}

TEST(Wire, PassesDescriptors) {
    const Pair pair;
    int pipe_fds[2];
    ASSERT_EQ(::pipe(pipe_fds), 0);
    const UniqueFd reader(pipe_fds[0]);
    UniqueFd writer(pipe_fds[1]);
    ASSERT_OK(send_message(pair.left.get(), "take this", {writer.get()}));
    writer.reset();
    auto message = receive_message(pair.right.get());
    ASSERT_OK(message);
    ASSERT_EQ((*message)->fds.size(), 1u);
    EXPECT_EQ(::write((*message)->fds[0].get(), "!", 1), 1);
    char byte = 0;
    EXPECT_EQ(::read(reader.get(), &byte, 1), 1);
    EXPECT_EQ(::fcntl((*message)->fds[0].get(), F_GETFD), FD_CLOEXEC);
}

TEST(Wire, SaysThatThePeerIsGone) {
    Pair pair;
    pair.left.reset();
    const auto message = receive_message(pair.right.get());
    ASSERT_OK(message);
    EXPECT_FALSE(message->has_value());
}

TEST(Wire, RefusesABodyThatCanStillChange) {
    const Pair pair;
    const UniqueFd file(::memfd_create("open", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    char mark = 'm';
    iovec payload{&mark, 1};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))]{};
    msghdr header{};
    header.msg_iov = &payload;
    header.msg_iovlen = 1;
    header.msg_control = control;
    header.msg_controllen = sizeof(control);
    cmsghdr* item = CMSG_FIRSTHDR(&header);
    item->cmsg_level = SOL_SOCKET;
    item->cmsg_type = SCM_RIGHTS;
    item->cmsg_len = CMSG_LEN(sizeof(int));
    const int fd = file.get();
    std::memcpy(CMSG_DATA(item), &fd, sizeof(fd));
    ASSERT_EQ(::sendmsg(pair.left.get(), &header, 0), 1);
    EXPECT_FALSE(receive_message(pair.right.get()).has_value());
}

TEST(Wire, RefusesAMessageWithoutABody) {
    const Pair pair;
    ASSERT_EQ(::send(pair.left.get(), "m", 1, 0), 1);
    EXPECT_FALSE(receive_message(pair.right.get()).has_value());
}

TEST(WireReader, ReadsWhatTheWriterWrote) {
    Writer out;
    out.number(-7).text("a\0b").texts({"", "two"});
    const std::string bytes = out.take();
    Reader in(bytes);
    EXPECT_EQ(in.number(), -7);
    EXPECT_EQ(in.text(), "a");
    EXPECT_EQ(in.texts(), (std::vector<std::string>{"", "two"}));
    EXPECT_TRUE(in.finished());
}

TEST(WireReader, NoticesEveryTruncation) {
    Writer out;
    out.number(1).text("text").texts({"a", "b"});
    const std::string bytes = out.take();
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        Reader in(std::string_view(bytes).substr(0, size));
        in.number();
        in.text();
        in.texts();
        EXPECT_FALSE(in.finished()) << size;
    }
}

TEST(WireReader, RefusesSizesThatAreNegativeOrHuge) {
    for (const std::int64_t size : {std::int64_t{-1}, std::int64_t{1} << 62}) {
        Writer out;
        out.number(size);
        const std::string bytes = out.take();
        Reader text(bytes);
        EXPECT_EQ(text.text(), "");
        EXPECT_FALSE(text.finished());
    }
}

}  // namespace
}  // namespace sallyport::sandbox
