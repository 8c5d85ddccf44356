"""A client of origin/grpc_server.py: `grpc_client.py TARGET tls|plain KIND…`. All kinds over one channel; prints what came of each."""
import os
import queue
import sys

import grpc

TIMEOUT = 50


class Talk:
    def __init__(self, channel):
        self.channel = channel

    def __getattr__(self, name):
        shape = {"Sum": "stream_unary", "Chat": "stream_stream", "Echo": "unary_unary", "Who": "unary_unary"}.get(name, "unary_stream")
        return getattr(self.channel, shape)("/acme.Talk/" + name)


def fields(metadata):
    return " ".join(f"{name}={value}" for name, value in metadata or () if name.startswith("x-"))


def failure(call):
    """What the caller is told of a call that fails."""
    try:
        list(call()) if callable(call) else list(call)
    except grpc.RpcError as error:
        return f"{error.code().name} | {error.details()} | {fields(error.trailing_metadata())}"
    return "no failure"


def unary(talk):
    answer, call = talk.Echo.with_call(b"hello", timeout=TIMEOUT, metadata=(("x-asked", "yes"),))
    return f"{answer.decode()} {call.code().name} {fields(call.initial_metadata())} {fields(call.trailing_metadata())}"


def large(talk):
    message = os.urandom(1 << 20) * 6
    return talk.Echo(message, timeout=TIMEOUT) == message


def count(talk):
    return b" ".join(talk.Count(b"1000", timeout=TIMEOUT)).decode() == " ".join(str(number) for number in range(1, 1001))


def total(talk):
    return talk.Sum((b"x" * number for number in range(1000)), timeout=TIMEOUT).decode()


def chat(talk):
    """Nothing is said before the answer to what was said last."""
    words, heard = queue.Queue(), []
    answers = talk.Chat(iter(words.get, None), timeout=TIMEOUT)
    for word in (b"one", b"two", b"three"):
        words.put(word)
        heard.append(next(answers).decode())
    words.put(None)
    return ", ".join(heard + [str(len(list(answers)))])


def fails(talk):
    return failure(talk.Fail("at-once NOT_FOUND there is no such Ω, 100%".encode(), timeout=TIMEOUT))


def fails_later(talk):
    call = talk.Fail(b"after RESOURCE_EXHAUSTED no more", timeout=TIMEOUT)
    return next(call).decode() + " " + failure(call)


def unknown(talk):
    return failure(talk.channel.unary_stream("/acme.Talk/Nothing")(b"", timeout=TIMEOUT)).split(" | ")[0]


def deadline(talk):
    return failure(talk.Wait(b"after a deadline", timeout=0.5)).split(" | ")[0]


def cancel(talk):
    call = talk.Wait(b"when cancelled", timeout=TIMEOUT)
    first = next(call).decode()
    call.cancel()
    return first + " " + failure(call).split(" | ")[0]


def who(talk):
    mine = (("authorization", "Bearer of-the-sandbox"),)
    answer, call = talk.Who.with_call(b"", timeout=TIMEOUT, metadata=mine)
    return f"{answer.decode()} {fields(call.trailing_metadata())}"


def denied(talk):
    return failure(lambda: [talk.Echo(b"hello", timeout=TIMEOUT)])


def denied_stream(talk):
    return failure(talk.Count(b"3", timeout=TIMEOUT))


def limited(talk):
    return failure(lambda: [talk.Sum(iter([b"x"]), timeout=TIMEOUT)])


def watch(talk):
    """Until it is cut."""
    call = talk.Wait(b"a watcher", timeout=TIMEOUT)
    print("watch", next(call).decode(), flush=True)
    return failure(call)


def main():
    target, security, *kinds = sys.argv[1:]
    no_bound = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
    if security == "tls":
        with open(os.environ["SSL_CERT_FILE"], "rb") as file:
            channel = grpc.secure_channel(target, grpc.ssl_channel_credentials(file.read()), no_bound)
    else:
        channel = grpc.insecure_channel(target, no_bound)
    with channel:
        for kind in kinds:
            print(kind, globals()[kind](Talk(channel)), flush=True)


main()
