"""Frames of HTTP/2 that no library sends: `http2_hostile.py HOST PORT KIND…`. Each kind has a connection of its own, or several, and
prints a line for each outcome: `NAME: WHAT`, where WHAT is a status, `reset CODE`, `goaway CODE` or how the connection ended."""
import os
import socket
import ssl
import sys

import hpack
from hyperframe.frame import (
    ContinuationFrame, DataFrame, Frame, GoAwayFrame, HeadersFrame, PingFrame, PriorityFrame, PushPromiseFrame, RstStreamFrame, SettingsFrame,
    WindowUpdateFrame)

HOST, PORT = sys.argv[1], int(sys.argv[2])
AUTHORITY = HOST if PORT == 443 else f"{HOST}:{PORT}"
SECONDS = 20
WINDOW = 2**31 - 1


def get(path="/echo", method="GET", more=()):
    return [(":method", method), (":scheme", "https"), (":authority", AUTHORITY), (":path", path), *more]


class Peer:
    def __init__(self, settings=None):
        context = ssl.create_default_context(cafile=os.environ["SSL_CERT_FILE"])
        context.set_alpn_protocols(["h2"])
        self.socket = context.wrap_socket(socket.create_connection((HOST, PORT), SECONDS), server_hostname=HOST)
        assert self.socket.selected_alpn_protocol() == "h2", "no h2"
        self.encoder, self.decoder = hpack.Encoder(), hpack.Decoder()
        self.statuses, self.resets, self.ended, self.goaway, self.end = {}, {}, set(), None, None
        self.held = b""
        self.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", SettingsFrame(settings=settings or {SettingsFrame.INITIAL_WINDOW_SIZE: 1 << 20}))

    def send(self, *parts):
        """Of a connection that has ended, too: what it said last is still to be read."""
        data = b"".join(part.serialize() if isinstance(part, Frame) else part for part in parts)
        try:
            self.socket.sendall(data)
            return True
        except (ConnectionError, ssl.SSLError):
            return False

    def head(self, stream, fields, flags=("END_HEADERS", "END_STREAM")):
        block = self.encoder.encode([(name.encode("latin-1"), value.encode("latin-1")) for name, value in fields], huffman=False)
        pieces = [block[at: at + 16384] for at in range(0, len(block), 16384)]
        first = HeadersFrame(stream, pieces[0], flags=[flag for flag in flags if flag != "END_HEADERS" or len(pieces) == 1])
        rest = [ContinuationFrame(stream, piece) for piece in pieces[1:]]
        if rest and "END_HEADERS" in flags:
            rest[-1].flags.add("END_HEADERS")
        return b"".join(frame.serialize() for frame in [first, *rest])

    def one_frame(self):
        while len(self.held) < 9 or len(self.held) < 9 + int.from_bytes(self.held[:3], "big"):
            piece = self.socket.recv(65536)
            if not piece:
                raise EOFError
            self.held += piece
        frame, length = Frame.parse_frame_header(memoryview(self.held[:9]))
        frame.parse_body(memoryview(self.held[9: 9 + length]))
        self.held = self.held[9 + length:]
        return frame

    def take(self, frame):
        stream = frame.stream_id
        if isinstance(frame, HeadersFrame):
            assert "END_HEADERS" in frame.flags
            fields = dict(self.decoder.decode(frame.data))
            if ":status" in fields:
                self.statuses[stream] = fields[":status"]
        elif isinstance(frame, RstStreamFrame):
            self.resets[stream] = frame.error_code
        elif isinstance(frame, GoAwayFrame) and (frame.error_code or self.goaway is None):
            self.goaway = frame.error_code
        elif isinstance(frame, PingFrame) and "ACK" not in frame.flags:
            self.send(PingFrame(opaque_data=frame.opaque_data, flags=["ACK"]))
        if "END_STREAM" in frame.flags:
            self.ended.add(stream)

    def read(self, done=lambda: False):
        """Until `done`, or the end."""
        while self.end is None and not done():
            try:
                self.take(self.one_frame())
            except (EOFError, ssl.SSLEOFError):
                self.end = "closed"
            except TimeoutError:
                self.end = "timeout"
            except (ConnectionError, ssl.SSLError):
                self.end = "closed by reset"

    def wait_for(self, *streams):
        self.read(lambda: all(stream in self.ended or stream in self.resets for stream in streams))

    def outcome(self, stream):
        if stream in self.statuses:
            return self.statuses[stream]
        if stream in self.resets:
            return f"reset {self.resets[stream]}"
        return f"goaway {self.goaway}" if self.goaway is not None else self.end


def say(name, what):
    print(f"{name}: {what}", flush=True)


def say_end(name, peer):
    """How the gate has ended the whole connection."""
    peer.read()
    say(name, f"goaway {peer.goaway} {'timeout' if peer.end == 'timeout' else 'closed'}")


# Floods: each ends with ENHANCE_YOUR_CALM.


def flood(name, peer, pieces):
    for piece in pieces:
        if not peer.send(piece):
            break
    say_end(name, peer)


def rapid_reset():
    peer = Peer()
    flood("rapid-reset", peer, (peer.head(n, get(f"/echo/rapid-{n}")) + RstStreamFrame(n, 8).serialize() for n in range(1, 20001, 2)))


def rapid_reset_batch():
    """Many of them in one write, as the attacks of 2023 did."""
    peer = Peer()
    requests = [peer.head(n, get(f"/echo/batch-{n}")) + RstStreamFrame(n, 8).serialize() for n in range(1, 10001, 2)]
    flood("rapid-reset-batch", peer, [b"".join(requests)])


def continuation():
    peer = Peer()
    first = HeadersFrame(1, peer.encoder.encode(get("/echo/continued")), flags=["END_STREAM"]).serialize()
    flood("continuation", peer, [first] + [ContinuationFrame(1, b"").serialize() * 100] * 200)


def continuation_full():
    peer = Peer()
    field = peer.encoder.encode([(b"x-more", b"y" * 8000)], huffman=False)
    frame = ContinuationFrame(1, b"\0\6x-more\x7f\xc1\x3e" + b"y" * 8128).serialize()
    flood("continuation-full", peer, [HeadersFrame(1, peer.encoder.encode(get("/echo/full")) + field, flags=["END_STREAM"]).serialize()] + [frame] * 4000)


def settings():
    flood("settings", Peer(), [SettingsFrame(settings={SettingsFrame.HEADER_TABLE_SIZE: 4096}).serialize() * 100] * 200)


def ping():
    flood("ping", Peer(), [PingFrame(opaque_data=b"12345678").serialize() * 100] * 1000)


def priority():
    flood("priority", Peer(), [PriorityFrame(1, depends_on=3, stream_weight=7).serialize() * 100] * 200)


def window_update():
    flood("window-update", Peer(), [WindowUpdateFrame(0, 1).serialize() * 100] * 200)


def empty_data():
    peer = Peer()
    head = peer.head(1, get("/sink", "POST"), flags=["END_HEADERS"])
    flood("empty-data", peer, [head] + [DataFrame(1).serialize() * 100] * 200)


def unknown_frames():
    flood("unknown", Peer(), [b"\0\0\4\xee\0\0\0\0\0data" * 100] * 200)


def hpack_bomb():
    """A field of 4000 bytes, which the table keeps, and then one byte for each time that it stands there."""
    peer = Peer()
    block = peer.encoder.encode(get("/echo/bomb")) + b"\x40\x06x-bomb" + b"\x7f\xa1\x1e" + b"b" * 4000
    repeats = [ContinuationFrame(1, b"\xbe" * 16384).serialize()] * 7
    flood("hpack-bomb", peer, [HeadersFrame(1, block, flags=["END_STREAM"]).serialize(), *repeats, ContinuationFrame(1, b"\xbe", flags=["END_HEADERS"]).serialize()])


# What breaks the protocol: the connection ends.


def broken():
    def request(peer, stream=1, path="/echo/broken"):
        return peer.head(stream, get(path))

    cases = {
        "even-stream": lambda peer: [request(peer, 2)],
        "stream-zero": lambda peer: [request(peer, 0x7fffffff).replace(b"\x7f\xff\xff\xff", b"\0\0\0\0")],
        "idle-data": lambda peer: [DataFrame(7, b"x")],
        "idle-reset": lambda peer: [RstStreamFrame(7, 8)],
        "idle-window": lambda peer: [WindowUpdateFrame(7, 1)],
        "window-zero": lambda peer: [WindowUpdateFrame(0, 1).serialize()[:-4] + b"\0\0\0\0"],
        "window-overflow": lambda peer: [WindowUpdateFrame(0, WINDOW), WindowUpdateFrame(0, WINDOW)],
        "push": lambda peer: [b"\0\0\x05\x05\x04\0\0\0\x01\0\0\0\x02\x82"],
        "push-settings": lambda peer: [SettingsFrame(settings={SettingsFrame.ENABLE_PUSH: 2})],
        "settings-size": lambda peer: [b"\0\0\5\4\0\0\0\0\0abcde"],
        "ping-size": lambda peer: [b"\0\0\7\6\0\0\0\0\0abcdefg"],
        "large-frame": lambda peer: [b"\0\x80\0\0\0\0\0\0\1" + b"x" * 32768],
        "lone-continuation": lambda peer: [ContinuationFrame(1, b"\x82", flags=["END_HEADERS"])],
        "interrupted-head": lambda peer: [HeadersFrame(1, b"\x82"), PingFrame(opaque_data=b"12345678")],
        "broken-hpack": lambda peer: [HeadersFrame(1, b"\xff\xff\xff\xff\xff", flags=["END_HEADERS", "END_STREAM"])],
        "not-http2": lambda peer: [b"GET /echo/broken HTTP/1.1\r\nHost: x\r\n\r\n"],
    }
    for name, frames in cases.items():
        peer = Peer()
        peer.send(*frames(peer))
        say_end(name, peer)


# What is no request: the stream ends, and the connection goes on.


def regular(*fields):
    return get("/echo/malformed", more=fields)


def without(name, *more):
    return [field for field in regular() if field[0] != name] + list(more)


def instead(name, value):
    return [(key, value if key == name else old) for key, old in regular()]


MALFORMED = {
    "transfer-encoding": regular(("transfer-encoding", "chunked")),
    "connection": regular(("connection", "close")),
    "keep-alive": regular(("keep-alive", "timeout=5")),
    "proxy-connection": regular(("proxy-connection", "keep-alive")),
    "upgrade": regular(("upgrade", "websocket")),
    "te": regular(("te", "gzip")),
    "upper-case": regular(("X-Upper", "x")),
    "pseudo-late": [*regular(("x-first", "x"))[:3], ("x-first", "x"), (":path", "/echo/malformed")],
    "two-paths": [*regular(), (":path", "/echo/malformed")],
    "two-methods": [(":method", "GET"), *regular()],
    "two-authorities": [(":authority", AUTHORITY), *regular()],
    "unknown-pseudo": [(":protocol-of-mine", "x"), *regular()],
    "status": [(":status", "200"), *regular()],
    "protocol-without-connect": [(":protocol", "websocket"), *regular()],
    "no-path": without(":path"),
    "no-method": without(":method"),
    "no-scheme": without(":scheme"),
    "no-authority": without(":authority"),
    "empty-path": instead(":path", ""),
    "path-space": instead(":path", "/echo/malformed HTTP/1.1"),
    "path-lines": instead(":path", "/echo/malformed\r\nX-Evil: 1"),
    "path-without-slash": instead(":path", "echo/malformed"),
    "method-space": instead(":method", "GET /echo/malformed"),
    "method-lines": instead(":method", "GET\r\n"),
    "other-scheme": instead(":scheme", "http"),
    "userinfo": instead(":authority", "user@" + AUTHORITY),
    "authority-lines": instead(":authority", AUTHORITY + "\r\nX-Evil: 1"),
    "host-differs": regular(("host", "denied.example")),
    "two-hosts": without(":authority", ("host", AUTHORITY), ("host", "denied.example")),
    "value-lines": regular(("x-field", "a\r\nX-Evil: 1")),
    "value-feed": regular(("x-field", "a\nb")),
    "value-zero": regular(("x-field", "a\0b")),
    "name-space": regular(("x field", "a")),
    "name-colon": regular(("x:field", "a")),
    "name-empty": regular(("", "a")),
    "name-lines": regular(("x-field: 1\r\nx-evil", "a")),
    "length-lines": regular(("content-length", "0\r\nX-Evil: 1")),
    "length-sign": regular(("content-length", "+0")),
    "length-list": regular(("content-length", "0, 0")),
    "two-lengths": regular(("content-length", "0"), ("content-length", "1")),
    "length-without-body": get("/echo/malformed", "POST", [("content-length", "5")]),
}


def malformed():
    peer = Peer()
    streams = {}
    for number, (name, fields) in enumerate(MALFORMED.items()):
        streams[name] = 2 * number + 1
        peer.send(peer.head(streams[name], fields))
        peer.wait_for(streams[name])
    for name, stream in streams.items():
        say(name, peer.outcome(stream))
    last = 2 * len(MALFORMED) + 1
    peer.send(peer.head(last, get("/echo/good")))
    peer.wait_for(last)
    say("good", peer.outcome(last))


def bodies():
    """Whose length is not what was said, and trailers that are none. The head may have gone on by then."""
    def post(length):
        return get("/echo/short", "POST", [("content-length", str(length))])

    smuggled = b"GET /smuggled HTTP/1.1\r\nHost: " + HOST.encode() + b"\r\n\r\n"
    open_body = ["END_HEADERS"]
    cases = {
        "too-short": lambda peer: [peer.head(1, post(5), open_body), DataFrame(1, b"abc", flags=["END_STREAM"])],
        "too-long": lambda peer: [peer.head(1, post(3), open_body), DataFrame(1, b"abc" + smuggled, flags=["END_STREAM"])],
        "too-long-later": lambda peer: [peer.head(1, post(3), open_body), DataFrame(1, b"abc"), DataFrame(1, smuggled, flags=["END_STREAM"])],
        "pseudo-trailer": lambda peer: [peer.head(1, post(3), open_body), DataFrame(1, b"abc"), peer.head(1, [(":path", "/smuggled")])],
        "trailers-not-last": lambda peer: [peer.head(1, post(3), open_body), DataFrame(1, b"abc"), peer.head(1, [("x-t", "1")], ["END_HEADERS"])],
    }
    for name, frames in cases.items():
        peer = Peer()
        peer.send(*frames(peer))
        peer.wait_for(1)
        say(name, peer.outcome(1))


def large_head():
    peer = Peer()
    peer.send(peer.head(1, get("/echo/large", more=[(f"x-{number}", "v" * 2000) for number in range(50)])))
    peer.send(peer.head(3, get("/echo/many", more=[(f"x-{number}", "v") for number in range(400)])))
    peer.send(peer.head(5, get("/echo/after")))
    peer.wait_for(1, 3, 5)
    for name, stream in {"large": 1, "many": 3, "after": 5}.items():
        say(name, peer.outcome(stream))


def falling_stream():
    """A stream below one that was there is one that has ended."""
    peer = Peer()
    peer.send(peer.head(5, get("/echo/five")), peer.head(3, get("/echo/falling")), peer.head(7, get("/echo/seven")))
    peer.wait_for(5, 7)
    say("five", peer.outcome(5))
    say("falling", "answered" if 3 in peer.statuses else "not answered")


def connect():
    peer = Peer()
    peer.send(peer.head(1, [(":method", "CONNECT"), (":authority", "open.acme.example:443")], ["END_HEADERS"]))
    peer.send(peer.head(3, [(":method", "CONNECT"), (":authority", AUTHORITY)], ["END_HEADERS"]))
    other = [(":method", "CONNECT"), (":protocol", "connect-udp"), *get("/echo/udp")[1:]]
    peer.send(peer.head(5, other, ["END_HEADERS"]))
    peer.send(peer.head(7, get("/echo/after")))
    peer.wait_for(1, 3, 5, 7)
    for name, stream in {"other": 1, "same": 3, "udp": 5, "after": 7}.items():
        say(name, peer.outcome(stream))


def other_authorities():
    """All on one connection, that was made for HOST."""
    def to(authority, path):
        return [(":method", "GET"), (":scheme", "https"), (":authority", authority), (":path", path)]

    hosts = [AUTHORITY, "open.acme.example", "other.acme.example", "denied.example", HOST + ":8443", "203.0.113.11"]
    heads = [to(host, f"/echo/for-{number}") for number, host in enumerate(hosts)]
    heads.append([(":method", "GET"), (":scheme", "https"), (":path", "/echo/by-field"), ("host", "open.acme.example")])
    heads.append(to(AUTHORITY, "/echo/last"))
    peer = Peer()
    streams = range(1, 2 * len(heads) + 1, 2)
    peer.send(*(peer.head(stream, fields) for stream, fields in zip(streams, heads)))
    peer.wait_for(*streams)
    for stream, fields in zip(streams, heads):
        again = " again" if stream > 1 and dict(fields).get(":authority") == AUTHORITY else ""
        say(dict(fields).get(":authority", "field") + again, peer.outcome(stream))


def zero_window():
    """Asks for endless bodies, and takes nothing of them until standard input ends."""
    streams = range(1, 129, 2)
    peer = Peer({SettingsFrame.INITIAL_WINDOW_SIZE: 0})
    stalled = os.environ["STALLED"]
    peer.send(*(peer.head(stream, get(f"/flood?mib=64&stalled={stalled}")) for stream in streams))
    peer.read(lambda: len(peer.statuses) == len(streams))
    say("heads", len(peer.statuses))
    sys.stdin.read()
    peer.socket.close()
    say("gone", "yes")


def main():
    for kind in sys.argv[3:]:
        globals()[kind]()


main()
