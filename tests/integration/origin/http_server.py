"""A small HTTP/1.1 server written out by hand: the fake internet must see what arrives byte for byte, and must be able to
answer what no library would."""
import socket
import ssl
import threading
from urllib.parse import parse_qs, unquote, urlsplit

from connection import Connection


class Request:
    def __init__(self, connection, head):
        lines = head.decode("latin-1").split("\r\n")
        self.connection = connection
        self.method, self.target, self.version = (lines[0].split(" ") + ["", ""])[:3]
        self.headers = [tuple(line.split(": ", 1)) if ": " in line else (line, "") for line in lines[1:] if line]
        parts = urlsplit(self.target)
        self.path = unquote(parts.path)
        self.raw_path = parts.path
        self.raw_query = parts.query
        self.query = {key: values[0] for key, values in parse_qs(parts.query, keep_blank_values=True).items()}
        self.trailers = []
        self._body_done = False

    def header(self, name, default=None):
        for key, value in self.headers:
            if key.lower() == name.lower():
                return value
        return default

    def body_pieces(self):
        if self._body_done:
            return
        self._body_done = True
        if (self.header("Transfer-Encoding") or "").lower() == "chunked":
            yield from self._chunks()
        else:
            yield from self.connection.read_exactly(int(self.header("Content-Length", "0")))

    def _chunks(self):
        while True:
            size = int(self.connection.read_until(b"\r\n"), 16)
            if size == 0:
                break
            yield from self.connection.read_exactly(size)
            self.connection.read_until(b"\r\n")
        while (line := self.connection.read_until(b"\r\n")) != b"\r\n":
            self.trailers.append(line.decode("latin-1").rstrip("\r\n"))

    def body(self):
        return b"".join(self.body_pieces())


# What a page returns where the connection must end: with TLS's own goodbye, and without.
CLOSE, CUT = "close", "cut"


def response(status, headers=(), body=b"", reason="Reason"):
    head = f"HTTP/1.1 {status} {reason}\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers)
    return head.encode("latin-1") + b"Content-Length: %d\r\n\r\n" % len(body) + body


def handle(connection, answer):
    while True:
        head = connection.read_until(b"\r\n\r\n")
        if head is None:
            return CLOSE
        request = Request(connection, head)
        keep = answer(request)
        if keep in (CLOSE, CUT):
            return keep
        for _ in request.body_pieces():
            pass


def accepted(client, connection, context, answer):
    with client:
        try:
            if context:
                client = context.wrap_socket(client, server_side=True)
            connection.attach(client, "https" if context else "http")
            if handle(connection, answer) is not CUT and context:
                client.unwrap()
            client.shutdown(socket.SHUT_RDWR)
        except (OSError, ssl.SSLError, ValueError):
            pass
        finally:
            client.close()


def listen(address, port):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((address, port))
    listener.listen(128)
    return listener


def serve(listener, directory, name, port, context, answer):
    def loop():
        while True:
            client, _ = listener.accept()
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection = Connection(directory, name, port)
            threading.Thread(target=accepted, args=(client, connection, context, answer), daemon=True).start()

    threading.Thread(target=loop, daemon=True).start()
