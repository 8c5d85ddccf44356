"""What people's programs do all day, and what they see of a policy and of origins that misbehave. Every answer is checked."""
import asyncio
import contextlib
import json
import ssl

import http1

BOTH = ("api.acme.example", "open.acme.example")


@contextlib.asynccontextmanager
async def connection(actor, host, port=443, cafile=None):
    made = await http1.Connection.open(host, None if port in (80, 5432) else cafile or actor.trusted, port)
    try:
        yield made
    finally:
        made.close()


def check(actor, condition, *what):
    if not condition:
        actor.is_wrong(what)


async def kept(actor):
    """Requests one after the other, on one connection."""
    host = actor.random.choice(BOTH)
    async with connection(actor, host) as peer:
        for _ in range(actor.random.randrange(1, 100)):
            if not actor.goes_on():
                return
            mark, _ = actor.mark()
            await peer.send_head("GET", "/echo?" + mark)
            answer = await peer.read_answer()
            is_right = answer.status == 200 and json.loads(answer.beginning)["authorised"] == host.startswith("api")
            check(actor, is_right, answer.status, answer.beginning)
            await asyncio.sleep(actor.random.random() * 0.02)


async def fresh(actor):
    """A connection for each, in the clear and not."""
    host, port = actor.random.choice([(BOTH[0], 443), (BOTH[1], 443), (BOTH[1], 80)])
    mark, _ = actor.mark()
    async with connection(actor, host, port) as peer:
        await peer.send_head(actor.random.choice(["GET", "DELETE"]), "/echo?" + mark, ["Connection: close"])
        answer = await peer.read_answer()
        check(actor, answer.status == 200 and not await peer.reader.read(), answer.status)
    await asyncio.sleep(0.05)


async def upload(actor):
    """Of every framing; some ask first."""
    host = actor.random.choice(BOTH)
    mark, _ = actor.mark()
    size = actor.random.choice([0, 1, 1000, 65536, 1 << 20])
    body = actor.random.randbytes(size)
    chunked, asks = actor.random.random() < 0.5, actor.random.random() < 0.3
    fields = ["Transfer-Encoding: chunked" if chunked else f"Content-Length: {size}"] + ["Expect: 100-continue"] * asks
    async with connection(actor, host) as peer:
        await peer.send_head("PUT", "/sink?" + mark, fields)
        if asks:
            check(actor, b"100" in await peer.reader.readuntil(b"\r\n\r\n"), "no 100")
        for at in range(0, size, 50000):
            piece = body[at: at + 50000]
            peer.writer.write(b"%x\r\n%s\r\n" % (len(piece), piece) if chunked else piece)
            await peer.writer.drain()
        peer.writer.write(b"0\r\n\r\n" if chunked else b"")
        answer = await peer.read_answer()
        check(actor, answer.beginning == b"%d\n" % size, answer.status, answer.beginning)
    await asyncio.sleep(0.1)


async def download(actor):
    host = actor.random.choice(BOTH)
    size = actor.random.choice([1, 1000, 100000, 4 << 20])
    async with connection(actor, host) as peer:
        for _ in range(3):
            mark, _ = actor.mark()
            await peer.send_head("GET", f"/big?bytes={size}&{mark}")
            answer = await peer.read_answer()
            check(actor, answer.status == 200 and answer.size == size, answer.status, answer.size, size)
    await asyncio.sleep(0.2)


async def events(actor):
    mark, _ = actor.mark()
    framing = actor.random.choice(["chunked", "length", "close"])
    async with connection(actor, actor.random.choice(BOTH)) as peer:
        await peer.send_head("GET", f"/ticks?count=10&framing={framing}&{mark}")
        answer = await peer.read_answer()
        check(actor, answer.beginning.endswith(b"data: 10\n\n"), answer.status, answer.beginning)


async def reflected(actor):
    """An origin that says the credential back."""
    mark, _ = actor.mark()
    where, coding = actor.random.choice(["head", "body", "trailer", "early", "all"]), actor.random.choice(["", "gzip", "br", "zstd"])
    piece = actor.random.randrange(1, 40)
    async with connection(actor, BOTH[0]) as peer:
        await peer.send_head("GET", f"/reflect?where={where}&coding={coding}&piece={piece}&{mark}", ["Accept-Encoding: gzip, br, zstd", "Connection: close"])
        answer = await peer.read_answer()
        said = answer.beginning + str(answer.fields).encode()
        check(actor, answer.status == 200 and actor.token.encode() not in said, answer.status, "the secret came back" if actor.token.encode() in said else "")
    await asyncio.sleep(0.05)


async def refused(actor):
    """By the policy."""
    host, target = actor.random.choice([("nobody.example", "/"), ("open.acme.example", "/forbidden"), ("evil.example", "/")])
    mark, number = actor.mark()
    try:
        async with connection(actor, host) as peer:
            await peer.send_head("POST", f"{target}?{mark}", ["Content-Length: 5"])
            peer.writer.write(b"hello")
            answer = await peer.read_answer()
            check(actor, answer.status == 403 and b'{"error":"denied' in answer.beginning, answer.status, answer.beginning)
    except ssl.SSLError as error:
        # A name that nothing is allowed under is refused in words only as long as the budget for certificates lasts.
        check(actor, "ACCESS_DENIED" in error.reason and host != "open.acme.example", host, error.reason)
        actor.not_sure(number)
        actor.attempts += 1
    await asyncio.sleep(0.05)


async def refused_upload(actor):
    """By the origin, half-way."""
    mark, _ = actor.mark()
    how = actor.random.choice(["drain", "cut"])
    async with connection(actor, actor.random.choice(BOTH)) as peer:
        await peer.send_head("POST", f"/refuse?after=10000&how={how}&{mark}", ["Content-Length: 2000000"])
        sending = asyncio.ensure_future(send_all(peer, 2000000))
        answer = await peer.read_answer()
        # What an origin has said before it resets may be lost on its way.
        check(actor, answer.status == 413 or (answer.status == 502 and how == "cut"), how, answer.status)
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
    await asyncio.sleep(0.1)


async def send_all(peer, size):
    for _ in range(size // 20000):
        peer.writer.write(bytes(20000))
        await peer.writer.drain()


BAD = ["two-lengths", "length-and-chunked", "bare-lf", "nul-in-header", "obs-fold", "not-http", "unasked-upgrade", "huge-header", "many-headers",
       "nothing", "half-a-head", "bad-chunk-size", "no-last-chunk", "short-body", "garbage-after"]


async def bad_origin(actor):
    """Whatever an origin says, its client hears of an error or sees the answer cut, and never half of one as whole."""
    kind = actor.random.choice(BAD)
    mark, _ = actor.mark()
    async with connection(actor, actor.random.choice(BOTH)) as peer:
        await peer.send_head("GET", f"/bad/{kind}?{mark}")
        try:
            answer = await peer.read_answer()
            check(actor, answer.status == (200 if kind == "garbage-after" else 502), kind, answer.status)
        except (EOFError, ConnectionError):
            check(actor, kind in ("bad-chunk-size", "no-last-chunk", "short-body"), kind, "was cut")
    await asyncio.sleep(0.05)


async def lines(actor):
    """Raw TCP; the server speaks first."""
    actor.connected("lines")
    async with connection(actor, "db.acme.example", 5432) as peer:
        check(actor, (await peer.reader.readline()).startswith(b"220 db"), "no greeting")
        for number in range(actor.random.randrange(20)):
            peer.writer.write(b"select %d\n" % number)
            check(actor, await peer.reader.readline() == b"SELECT %d\n" % number, "another line")
        peer.writer.write(b"QUIT\n")
        check(actor, b"221" in await peer.reader.read(), "no goodbye")
    await asyncio.sleep(0.05)


async def passed_through(actor):
    actor.connected("pinned")
    async with connection(actor, "pinned.acme.example", cafile=actor.root) as peer:
        for _ in range(3):
            await peer.send_head("GET", "/echo")
            answer = await peer.read_answer()
            check(actor, answer.status == 200, answer.status)
    await asyncio.sleep(0.1)


async def leaves(actor):
    """In the middle of an answer: it has its line too."""
    mark, _ = actor.mark()
    async with connection(actor, actor.random.choice(BOTH)) as peer:
        await peer.send_head("GET", f"/big?bytes=50000000&{mark}")
        check(actor, (await peer.read_head()).status == 200, "no 200")
        await peer.reader.read(100000)
        peer.break_off()
    await asyncio.sleep(0.1)


KINDS = {
    "kept": (kept, 8), "fresh": (fresh, 3), "upload": (upload, 2), "download": (download, 2), "events": (events, 4), "reflected": (reflected, 2),
    "refused": (refused, 2), "refusedupload": (refused_upload, 1), "badorigin": (bad_origin, 2), "lines": (lines, 2),
    "passedthrough": (passed_through, 1), "leaves": (leaves, 1),
}
