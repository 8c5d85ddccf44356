"""HTTP/2 with python3-h2: many streams at once to origins of either version, h2load, and frames that no honest client sends."""
import asyncio
import json
import os
import struct
import subprocess

import h2.config
import h2.connection
import h2.events
import hostile
import hpack
import http1

ORIGINS = [("api.acme.example", 443), ("open.acme.example", 443), ("open.acme.example", 9444)]  # the last one speaks HTTP/2


class Stream:
    def __init__(self):
        self.status, self.body, self.ended, self.reset = None, b"", False, False


class Connection:
    """One connection: requests by stream, and a task that reads."""

    @classmethod
    async def open(cls, host, port, cafile):
        self = cls()
        self.authority = host if port == 443 else f"{host}:{port}"
        context = http1.ssl.create_default_context(cafile=cafile)
        context.set_alpn_protocols(["h2"])
        self.reader, self.writer = await asyncio.open_connection(host, port, ssl=context, server_hostname=host)
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
        self.h2.initiate_connection()
        self.streams, self.changed, self.failure = {}, asyncio.Event(), None
        await self.flush()
        self.reading = asyncio.ensure_future(self.read())
        return self

    async def flush(self):
        self.writer.write(self.h2.data_to_send())
        await self.writer.drain()

    async def read(self):
        try:
            while data := await self.reader.read(65536):
                for event in self.h2.receive_data(data):
                    self.take(event)
                await self.flush()
                self.changed.set()
            self.failure = EOFError("closed")
        except Exception as error:
            self.failure = error
        self.changed.set()

    def take(self, event):
        stream = self.streams.get(getattr(event, "stream_id", None)) or Stream()
        if isinstance(event, h2.events.ResponseReceived):
            stream.status = int(dict(event.headers)[":status"])
        elif isinstance(event, h2.events.DataReceived):
            stream.body += event.data
            self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, h2.events.StreamEnded):
            stream.ended = True
        elif isinstance(event, h2.events.StreamReset):
            stream.reset = True
        elif isinstance(event, h2.events.ConnectionTerminated):
            self.failure = ConnectionError(f"GOAWAY {event.error_code}")

    async def until(self, done):
        while not done():
            if self.failure:
                raise self.failure
            self.changed.clear()
            await self.changed.wait()

    async def request(self, method, target, body=b""):
        number = self.h2.get_next_available_stream_id()
        stream = self.streams[number] = Stream()
        self.h2.send_headers(number, [(":method", method), (":scheme", "https"), (":authority", self.authority), (":path", target)],
                             end_stream=not body)
        await self.flush()
        while body:
            await self.until(lambda: self.h2.local_flow_control_window(number) > 0 or stream.ended or stream.reset)
            if stream.ended or stream.reset:
                break
            size = min(len(body), self.h2.local_flow_control_window(number), self.h2.max_outbound_frame_size)
            self.h2.send_data(number, body[:size], end_stream=size == len(body))
            body = body[size:]
            await self.flush()
        return number, stream

    def close(self):
        self.reading.cancel()
        self.writer.close()


async def one(actor, peer, host, port):
    kind = actor.random.choice(["echo", "echo", "sink", "big", "leaves"]) if port == 443 else "static"
    mark, number = actor.mark()
    if kind == "leaves":
        actor.not_sure(number)
        stream_id, stream = await peer.request("GET", "/big?bytes=1000000&" + mark)
        await asyncio.sleep(actor.random.random() * 0.05)
        if not (stream.ended or stream.reset):
            peer.h2.reset_stream(stream_id, 8)
            await peer.flush()
        return
    size = actor.random.choice([1, 1000, 300000])
    targets = {"echo": ("GET", "/echo?" + mark, b""), "sink": ("POST", "/sink?" + mark, bytes(size)),
               "big": ("GET", f"/big?bytes={size}&{mark}", b""), "static": ("GET", "/static?" + mark, b"")}
    _, stream = await peer.request(*targets[kind])
    await peer.until(lambda: stream.ended or stream.reset)
    is_right = stream.status == 200 and {"echo": lambda: json.loads(stream.body)["authorised"] == host.startswith("api"),
                                         "sink": lambda: stream.body == b"%d\n" % size, "big": lambda: len(stream.body) == size,
                                         "static": lambda: stream.body == b"static\n"}[kind]()
    if not is_right:
        actor.is_wrong((kind, stream.status, stream.reset, stream.body[:100]))


async def many(actor):
    """Streams side by side on one connection."""
    host, port = actor.random.choice(ORIGINS)
    peer = await Connection.open(host, port, actor.trusted)
    try:
        for _ in range(10):
            await asyncio.gather(*(one(actor, peer, host, port) for _ in range(actor.random.randrange(1, 15))))
            await asyncio.sleep(0.05)
    finally:
        peer.close()


async def load(actor):
    """h2load: 200 requests under one mark."""
    host, port = actor.random.choice(ORIGINS)
    mark, number = actor.mark()
    actor.many[number] = 200
    done = await asyncio.create_subprocess_exec(
        "h2load", "-n", "200", "-c", "4", "-m", "20", f"https://{host}:{port}/{'static' if port == 9444 else 'echo'}?{mark}",
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    said = (await done.communicate())[0].decode()
    if "200 succeeded, 0 failed" not in said:
        actor.is_wrong([line for line in said.splitlines() if line.startswith(("requests:", "status codes:", "Application protocol:"))])
    await asyncio.sleep(1)


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(SETTINGS, 0, 0)


def head(target="/echo", more=(), encoder=None):
    fields = [(":method", "GET"), (":scheme", "https"), (":authority", "api.acme.example"), (":path", target), *more]
    return (encoder or hpack.Encoder()).encode(fields)


def rapid_reset():
    return b"".join(frame(HEADERS, 5, number, head()) + frame(RST_STREAM, 0, number, struct.pack(">I", 8)) for number in range(1, 1001, 2))


def hpack_bomb():
    """One large field in the table, and references to it."""
    first = head(more=[("x-big", "b" * 3900)])
    return frame(HEADERS, 5, 1, first) + frame(HEADERS, 5, 3, head() + b"\xbe" * 16000)


HOSTILE = {
    "rapid reset": rapid_reset,
    "continuations": lambda: frame(HEADERS, 1, 1, head()) + frame(CONTINUATION, 0, 1, b"") * 5000,
    "large continuations": lambda: frame(HEADERS, 1, 1, head()) + frame(CONTINUATION, 0, 1, b"\x40\x01x\x7f\x81\x1e" + b"y" * 4000) * 100,
    "settings": lambda: frame(SETTINGS, 0, 0, struct.pack(">HI", 3, 100)) * 5000,
    "pings": lambda: frame(PING, 0, 0, bytes(8)) * 5000,
    "empty data": lambda: frame(HEADERS, 4, 1, head()) + frame(DATA, 0, 1) * 5000,
    "priorities": lambda: b"".join(frame(PRIORITY, 0, number, struct.pack(">IB", 0, 1)) for number in range(1, 10001, 2)),
    "window of nothing": lambda: frame(WINDOW_UPDATE, 0, 0, bytes(4)),
    "window overflow": lambda: frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", 0x7fffffff)) * 2,
    "even stream": lambda: frame(HEADERS, 5, 2, head()),
    "stream again": lambda: frame(HEADERS, 5, 7, head()) + frame(HEADERS, 5, 5, head()),
    "push": lambda: frame(PUSH_PROMISE, 4, 1, struct.pack(">I", 2) + head()),
    "data on nothing": lambda: frame(DATA, 0, 9, b"data"),
    "hpack bomb": hpack_bomb,
    "bad hpack": lambda: frame(HEADERS, 5, 1, b"\xff\xff\xff\xff\xff\xff"),
    "zero window": lambda: frame(SETTINGS, 0, 0, struct.pack(">HI", 4, 0)) + b"".join(frame(HEADERS, 5, n, head("/big?bytes=100000")) for n in range(1, 41, 2)),
    "huge head": lambda: frame(HEADERS, 1, 1, head()) + b"".join(frame(CONTINUATION, 0, 1, hpack.Encoder().encode([("x%d" % n, "y" * 4000)])) for n in range(100)),
    "other authority": lambda: frame(HEADERS, 5, 1, hpack.Encoder().encode([(":method", "GET"), (":scheme", "https"), (":authority", "evil.example"), (":path", "/")])),
    "smuggling": lambda: frame(HEADERS, 5, 1, head(more=[("transfer-encoding", "chunked"), ("x", "a\r\nb")])),
    "garbage": lambda: os.urandom(3000),
}


async def frames(actor):
    actor.attempts += 600
    kind = actor.random.choice(list(HOSTILE))
    context = http1.ssl.create_default_context(cafile=actor.trusted)
    context.set_alpn_protocols(["h2"])
    try:
        reader, writer = await asyncio.open_connection("api.acme.example", 443, ssl=context, server_hostname="api.acme.example")
    except OSError:
        return
    ended = asyncio.ensure_future(hostile.until_end(reader))
    try:
        writer.write(PREFACE + HOSTILE[kind]())
        await writer.drain()
        await asyncio.wait({ended}, timeout=actor.random.random() * 5)
    except OSError:
        pass
    finally:
        ended.cancel()
        await asyncio.gather(ended, return_exceptions=True)
        hostile.reset(writer)
    await asyncio.sleep(0.1)


KINDS = {"http2": (many, 4), "h2load": (load, 1), "http2frames": (frames, 3)}
