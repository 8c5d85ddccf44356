"""What no honest client does. Answers are not checked, but that there is an end to everything; each attempt may leave one line."""
import asyncio
import contextlib
import os
import socket
import ssl
import struct

import http1

HOST = "api.acme.example"
PATIENCE_SECONDS = 45  # longer than the deadlines for a head, and for a greeting


@contextlib.asynccontextmanager
async def plain(actor, port=443, host=HOST):
    actor.attempts += 1
    try:
        reader, writer = await asyncio.open_connection(host, port)
    except OSError:
        yield None, None
        return
    try:
        yield reader, writer
    except (OSError, asyncio.TimeoutError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()


@contextlib.asynccontextmanager
async def secure(actor, host=HOST):
    actor.attempts += 1
    try:
        peer = await http1.Connection.open(host, actor.trusted)
    except (OSError, ssl.SSLError):
        yield None, None
        return
    try:
        yield peer.reader, peer.writer
    except (OSError, ssl.SSLError, asyncio.TimeoutError, asyncio.IncompleteReadError):
        pass
    finally:
        peer.close()


async def until_end(reader):
    """The gate's part: it does not wait for ever."""
    while await asyncio.wait_for(reader.read(65536), PATIENCE_SECONDS):
        pass


def reset(writer):
    carrier = writer.get_extra_info("socket")
    if carrier is not None:  # the gate may have ended it already
        carrier.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def drips(actor):
    """Slow loris: a head that never ends."""
    async with secure(actor) as (reader, writer):
        if writer:
            ended = asyncio.ensure_future(until_end(reader))
            for byte in b"GET /drip HTTP/1.1\r\nHost: api.acme.example\r\nX-Drip: " + b"x" * 1000:
                if ended.done() or not actor.goes_on():
                    break
                writer.write(bytes([byte]))
                await asyncio.sleep(0.5)
            ended.cancel()
            await asyncio.gather(ended, return_exceptions=True)


async def silent(actor):
    """Half-open connections, and bodies that stop."""
    what = actor.random.choice(["connect", "hello", "body"])
    if what == "body":
        async with secure(actor) as (reader, writer):
            if writer:
                writer.write(b"POST /sink HTTP/1.1\r\nHost: api.acme.example\r\nContent-Length: 1000\r\n\r\nno more")
                await asyncio.sleep(min(20, max(0, actor.random.random() * 20)))
                reset(writer)
        return
    async with plain(actor) as (reader, writer):
        if writer:
            writer.write(b"\x16\x03\x01\x02\x00\x01\x00" if what == "hello" else b"")
            await until_end(reader)


async def garbage(actor):
    kind = actor.random.choice(["port 80", "port 443", "record", "inside", "dns"])
    junk = os.urandom(actor.random.randrange(1, 5000))
    if kind == "inside":
        async with secure(actor) as (reader, writer):
            if writer:
                writer.write(junk)
                await until_end(reader)
    else:
        async with plain(actor, {"port 80": 80, "dns": 53}.get(kind, 443)) as (reader, writer):
            if writer:
                writer.write(b"\x16\x03\x01\x10\x00\x01\x00\x0f\xfc" + junk if kind == "record" else junk)
                writer.write_eof()
                await until_end(reader)
    await asyncio.sleep(0.05)


MISFRAMED = [
    b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\n",
    b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
    b"Content-Length: +5\r\n\r\nhello",
    b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffffffff\r\n",
    b"Transfer-Encoding: chunked\r\n\r\n5;ext=1\r\nhello\r\n0\r\n\r\n",
    b"X: a\r\n folded\r\n\r\n",
    b"X : a\r\n\r\n",
    b"X: \0\r\n\r\n",
    b"X: a\rb\r\n\r\n",
    b"Host: evil.example\r\n\r\n",
    b"Upgrade: foo\r\nConnection: Upgrade\r\n\r\n",
    b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAA\r\n\r\n",
    b"Expect: the-impossible\r\n\r\n",
    b"X: " + b"x" * 100000 + b"\r\n\r\n",
    b"X: y\r\n" * 10000 + b"\r\n",
]


async def misframed(actor):
    async with secure(actor) as (reader, writer):
        if writer:
            writer.write(b"POST /misframed HTTP/1.1\r\nHost: api.acme.example\r\nConnection: close\r\n" + actor.random.choice(MISFRAMED))
            await until_end(reader)
    await asyncio.sleep(0.05)


async def resets(actor):
    """At any moment."""
    async with secure(actor) as (reader, writer):
        if writer:
            sent = (b"POST /sink HTTP/1.1\r\nHost: api.acme.example\r\nContent-Length: 100000\r\n\r\n" + bytes(100000))
            writer.write(sent[: actor.random.randrange(1, len(sent))])
            await asyncio.sleep(actor.random.random() * 0.02)
            reset(writer)
    await asyncio.sleep(0.05)


async def pipelines(actor):
    """Refusals, as fast as it can write, and reads none of them for a while."""
    async with secure(actor) as (reader, writer):
        if writer:
            number = actor.random.randrange(500)
            actor.attempts += number
            writer.write(b"GET /forbidden HTTP/1.1\r\nHost: open.acme.example\r\n\r\n" * number)
            await asyncio.sleep(0.2)
            writer.write(b"GET /echo HTTP/1.1\r\nHost: api.acme.example\r\nConnection: close\r\n\r\n")
            await until_end(reader)
    await asyncio.sleep(0.2)


async def crawls(actor):
    """Takes a flood as slowly as a modem, and leaves."""
    async with secure(actor) as (reader, writer):
        if writer:
            writer.write(b"GET /flood?mib=64&stalled=soak HTTP/1.1\r\nHost: api.acme.example\r\n\r\n")
            for _ in range(50):
                if not actor.goes_on():
                    break
                await asyncio.wait_for(reader.read(1000), PATIENCE_SECONDS)
                await asyncio.sleep(0.2)
            reset(writer)


async def names(actor):
    """More names than there is room for, looked up and spoken to."""
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        asker.setblocking(False)
        asker.connect(("203.0.113.53", 53))
        for _ in range(2000):
            name = b"n%08x" % actor.random.getrandbits(32)
            asker.send(struct.pack(">HHHHHH", 7, 256, 1, 0, 0, 0) + b"\x09" + name + b"\x04evil\x07example\0" + struct.pack(">HH", actor.random.choice([1, 28, 65, 16]), 1))
            with contextlib.suppress(asyncio.TimeoutError, OSError):
                await asyncio.wait_for(loop.sock_recv(asker, 600), 5)
    for _ in range(5):
        async with secure(actor, "n%08x.evil.example" % actor.random.getrandbits(32)) as (reader, writer):
            if writer:
                writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                await until_end(reader)
    await asyncio.sleep(0.1)


KINDS = {"drips": (drips, 20), "silent": (silent, 20), "garbage": (garbage, 3), "misframed": (misframed, 2), "resets": (resets, 3),
         "pipelines": (pipelines, 1), "crawls": (crawls, 10), "names": (names, 1)}
