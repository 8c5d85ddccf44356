"""A gRPC server on python3-grpcio, without generated code: `grpc_server.py ADDRESS PORT PEM|- TOKEN`. Messages are bytes. Says "up" on
standard output, and what became of calls that were given up. Service `acme.Talk`: Echo (unary), Count (server streaming), Sum (client
streaming), Chat (both, in lock-step), Fail (its message says how), Wait (until the call ends), Who (which credential it had)."""
import sys
import threading
from concurrent import futures

import grpc

ADDRESS, PORT, PEM, TOKEN = sys.argv[1:]


def say(*words):
    print(" ".join(words), flush=True)


def echo(message, context):
    context.send_initial_metadata((("x-first", "early"),))
    context.set_trailing_metadata((("x-last", "late"), ("x-bytes-bin", b"\0\xff")))
    return message


def count(message, context):
    for number in range(1, int(message) + 1):
        yield b"%d" % number


def total(messages, context):
    return b"%d" % sum(len(message) for message in messages)


def chat(messages, context):
    for message in messages:
        yield b"you said " + message


def fail(message, context):
    """KIND CODE DETAILS: an error instead of an answer. `after` says something first."""
    kind, code, details = message.decode().split(" ", 2)
    context.set_trailing_metadata((("x-why", "because"),))
    if kind == "after":
        yield b"first"
    context.abort(getattr(grpc.StatusCode, code), details)


def wait(message, context):
    ended = threading.Event()
    context.add_callback(ended.set)
    yield b"waiting"
    ended.wait(50)
    say("gave up", message.decode())


def who(message, context):
    sent = dict(context.invocation_metadata()).get("authorization", "nobody")
    if sent == "Bearer " + TOKEN:
        context.set_trailing_metadata((("x-reflected", sent),))
        return b"authorised, and said " + sent.encode()
    return b"nobody" if sent == "nobody" else b"somebody else"


METHODS = {
    "Echo": grpc.unary_unary_rpc_method_handler(echo),
    "Count": grpc.unary_stream_rpc_method_handler(count),
    "Sum": grpc.stream_unary_rpc_method_handler(total),
    "Chat": grpc.stream_stream_rpc_method_handler(chat),
    "Fail": grpc.unary_stream_rpc_method_handler(fail),
    "Wait": grpc.unary_stream_rpc_method_handler(wait),
    "Who": grpc.unary_unary_rpc_method_handler(who),
}


def main():
    no_bound = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
    server = grpc.server(futures.ThreadPoolExecutor(32), options=no_bound)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("acme.Talk", METHODS),))
    if PEM == "-":
        server.add_insecure_port(f"{ADDRESS}:{PORT}")
    else:
        with open(PEM, "rb") as file:
            pem = file.read()
        server.add_secure_port(f"{ADDRESS}:{PORT}", grpc.ssl_server_credentials([(pem, pem)]))
    server.start()
    say("up")
    server.wait_for_termination()


main()
