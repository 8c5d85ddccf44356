"""One accepted connection of the fake internet. Every byte that arrives, after TLS, is kept in a file, so that a test can
look at exactly what came out of the proxy: NAME.PORT.NUMBER.raw, made when the connection is accepted. Nothing is kept where
the environment has RECORD=no."""
import itertools
import os
import select
import threading

RECORDED_BYTES_MAX = 4 << 20
RECORDS = os.environ.get("RECORD") != "no"
_numbers = {}
_lock = threading.Lock()


def next_number(name, port):
    with _lock:
        return next(_numbers.setdefault((name, port), itertools.count(1)))


class Connection:
    def __init__(self, directory, name, port):
        self.name = name
        self.port = port
        self.number = next_number(name, port)
        self.credential = None  # the first one that this connection carried, for /bound
        self.scheme = "http"
        self.peer_certificate = None  # as ssl gives it; where the client has shown one
        self._left = RECORDED_BYTES_MAX if RECORDS else 0
        self._buffer = b""
        self._socket = None
        self._record = RECORDS and open(os.path.join(directory, f"{name}.{port}.{self.number}.raw"), "wb", buffering=0)

    def attach(self, socket, scheme):
        self._socket = socket
        self.scheme = scheme
        if scheme == "https":
            self.peer_certificate = socket.getpeercert()

    def _fill(self):
        piece = self._socket.recv(65536)
        if piece and self._left > 0:
            self._record.write(piece[: self._left])
            self._left -= len(piece)
        self._buffer += piece
        return bool(piece)

    def read_until(self, mark):
        """Up to and with `mark`; None where the peer closed first."""
        while mark not in self._buffer:
            if not self._fill():
                return None
        taken, self._buffer = self._buffer.split(mark, 1)
        return taken + mark

    def read_exactly(self, count):
        """Pieces of the next `count` bytes."""
        while count > 0:
            if not self._buffer and not self._fill():
                raise ConnectionError("closed inside a body")
            piece, self._buffer = self._buffer[:count], self._buffer[count:]
            count -= len(piece)
            yield piece

    def send(self, data):
        self._socket.sendall(data)

    def wait_writable(self, seconds):
        return bool(select.select([], [self._socket], [], seconds)[1])

    def drain(self):
        """Whatever else arrives until the peer closes, for the record."""
        while self._fill():
            self._buffer = b""
