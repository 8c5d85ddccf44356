#!/usr/bin/env python3
"""A handler service in Python, for a policy's `handler_socket`. Speaks the protocol of docs/handlers.md; no packages needed.

    python_handler.py SOCKET

A handler takes a Call and returns an Answer: one of its own, or what `call.fetch()` gives. Handlers run in threads.
"""
import base64
import http.client
import http.server
import json
import os
import socket
import socketserver
import sys
import threading
import urllib.parse

# ---- The handlers: a rule says `handler: NAME`


def vcs(call):
    call.set("X-Auth-Token", call.env["SECRET"])
    return call.fetch()


def read_only(call):
    if call.method in ("GET", "HEAD"):
        return vcs(call)
    return Answer(403, [("Content-Type", "text/plain")], b"read only: asked by %s\n" % call.context["sandboxId"].encode())


HANDLERS = {"vcs": vcs, "read_only": read_only}

# ---- The protocol

CONNECTION_FIELDS = {"connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade", "expect"}
BLOCK = 64 * 1024


class Answer:
    """`body`: bytes, or a reader that gives a block of what has arrived, and b"" at the end. `tunnel`: after a 101."""

    def __init__(self, status, fields, body=b"", tunnel=None):
        self.status, self.fields, self.body, self.tunnel = status, fields, body, tunnel


class GateConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("gate")
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.connect(self.path)


class Call:
    """The sandbox's request, with the secrets that its policy names and what is known of the sandbox."""

    def __init__(self, message, body):
        own = {name.lower(): value for name, value in message.headers.items() if name.lower().startswith("x-sallyport-")}
        self.method, self.url, self.body = message.command, message.path, body
        self.fields = [field for field in message.headers.items() if field[0].lower() not in own]
        self.env = json.loads(base64.b64decode(own["x-sallyport-env"]))
        self.context = json.loads(base64.b64decode(own["x-sallyport-context"]))
        kind, _, name = own["x-sallyport-handler"].partition(" ")
        self.kind, self.name = kind, urllib.parse.unquote(name)
        self._token, self._fetch_path = own["x-sallyport-call"], own["x-sallyport-fetch"]

    def set(self, name, value):
        self.fields = [field for field in self.fields if field[0].lower() != name.lower()] + [(name, value)]

    def upgrade(self):
        return next((value for name, value in self.fields if name.lower() == "upgrade"), None)

    def fetch(self):
        """Sends the request on through the gate. Returns when the response's head is there; both bodies stream."""
        gate = GateConnection(self._fetch_path)
        gate.putrequest(self.method, self.url, skip_host=True, skip_accept_encoding=True)
        gate.putheader("Host", urllib.parse.urlsplit(self.url).netloc)
        gate.putheader("X-Sallyport-Call", self._token)
        for name, value in self.fields:
            if name.lower() not in CONNECTION_FIELDS | {"host"}:
                gate.putheader(name, value)
        chunked = self.body is not None and not any(name.lower() == "content-length" for name, _ in self.fields)
        if chunked:
            gate.putheader("Transfer-Encoding", "chunked")
        if self.upgrade():
            gate.putheader("Connection", "Upgrade")
            gate.putheader("Upgrade", self.upgrade())
        gate.endheaders()
        connection = gate.sock
        if self.body is not None:
            threading.Thread(target=send_body, args=(connection, self.body, chunked), daemon=True).start()
        response = gate.getresponse()
        fields = [field for field in response.getheaders() if not field[0].lower().startswith("x-sallyport-")]
        if response.status == 101:
            return Answer(101, fields, tunnel=(connection, response))  # which closes with the response
        return Answer(response.status, fields, lambda: response.read1(BLOCK))


def send_body(connection, read, chunked):
    try:
        while block := read():
            connection.sendall(b"%x\r\n%s\r\n" % (len(block), block) if chunked else block)
        if chunked:
            connection.sendall(b"0\r\n\r\n")
    except OSError:
        pass  # the origin has answered without waiting for the rest


def pass_bytes(read, connection):
    try:
        while block := read():
            connection.sendall(block)
    except (OSError, ValueError):
        pass
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass


class Service(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def body(self):
        """A reader of the request's body; None where it has none."""
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            return self.read_chunk
        self.left = int(self.headers.get("Content-Length", 0))
        return self.read_counted if self.left else None

    def read_counted(self):
        block = self.rfile.read1(min(self.left, BLOCK)) if self.left else b""
        self.left -= len(block)
        return block

    def read_chunk(self):
        size = int(self.rfile.readline().split(b";")[0], 16)
        block = self.rfile.read(size)
        while self.rfile.readline().strip() and size == 0:
            pass  # trailers
        return block

    def serve(self):
        call = Call(self, self.body())
        handler = HANDLERS.get(call.name) if call.kind in ("rule", "named") else None
        if handler is None:
            return self.fail("missing", f"no handler {call.name!r}")
        try:
            answer = handler(call)
        except Exception as error:  # whatever it is, the call is denied, and others go on
            return self.fail("threw", repr(error))
        if not isinstance(answer, Answer):
            return self.fail("bad_return", f"returned {type(answer).__name__}")
        return self.tunnel(answer) if answer.tunnel else self.reply(answer)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = serve

    def fail(self, code, reason):
        self.close_connection = True  # the request's body may not have been read
        self.reply(Answer(500, [("X-Sallyport-Error", code), ("Connection", "close")], reason.encode()[:1024]))

    def reply(self, answer):
        is_empty = self.command == "HEAD" or answer.status in (204, 304)
        dropped = CONNECTION_FIELDS if answer.status != 500 else CONNECTION_FIELDS - {"connection"}
        fields = [field for field in answer.fields if field[0].lower() not in dropped]
        has_length = any(name.lower() == "content-length" for name, _ in fields)
        if isinstance(answer.body, bytes) and not has_length:
            fields.append(("Content-Length", str(len(answer.body))))
            has_length = True
        if not has_length and not is_empty:
            fields.append(("Transfer-Encoding", "chunked"))
        self.send_response_only(answer.status)
        for name, value in fields:
            self.send_header(name, value)
        self.end_headers()
        if is_empty:
            return
        blocks = iter([answer.body] if isinstance(answer.body, bytes) else iter(answer.body, b""))
        for block in blocks:
            self.wfile.write(block if has_length else b"%x\r\n%s\r\n" % (len(block), block))
        if not has_length:
            self.wfile.write(b"0\r\n\r\n")

    def tunnel(self, answer):
        """After a 101 bytes go both ways, until either side closes."""
        self.close_connection = True
        self.send_response_only(101)
        for name, value in answer.fields:
            self.send_header(name, value)
        self.end_headers()
        connection, response = answer.tunnel
        threading.Thread(target=pass_bytes, args=(lambda: response.fp.read1(BLOCK), self.connection), daemon=True).start()
        pass_bytes(lambda: self.rfile.read1(BLOCK), connection)

    def log_message(self, *_):
        pass


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    request_queue_size = 128


if __name__ == "__main__":
    if os.path.exists(sys.argv[1]):
        os.unlink(sys.argv[1])
    os.umask(0o077)  # who may connect may call
    with Server(sys.argv[1], Service) as server:
        print("ready", flush=True)
        server.serve_forever()
