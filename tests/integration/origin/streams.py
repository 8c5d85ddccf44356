"""Pages whose answers last: events in lock-step with the test, answers before the request's end, bodies without one."""
import os
import time
import zlib

from http_server import CLOSE, CUT, response

BLOCK = bytes(range(256)) * 256


def ticks(site, request):
    """?count=N events, each but the first when the test opens the gate (or soon, where none is named); ?framing=chunked, length or
    close."""
    send, count = request.connection.send, int(request.query["count"])
    framing = request.query["framing"]
    lines = [b"data: %d\n\n" % number for number in range(1, count + 1)]
    field = {"chunked": b"Transfer-Encoding: chunked\r\n", "close": b"",
             "length": b"Content-Length: %d\r\n" % sum(map(len, lines))}[framing]
    send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n" + field + b"\r\n")
    for number, line in enumerate(lines):
        if number and "gate" in request.query:
            site.wait_for_gate(request.query["gate"])
        elif number:
            time.sleep(0.05)
        send(b"%x\r\n%s\r\n" % (len(line), line) if framing == "chunked" else line)
    if framing == "chunked":
        send(b"0\r\n\r\n")
    return CLOSE if framing == "close" else None


def duplex(site, request):
    """Each piece of the body comes back as it comes in."""
    request.connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    for piece in request.body_pieces():
        request.connection.send(b"%x\r\n%s\r\n" % (len(piece), piece))
    request.connection.send(b"0\r\n\r\n")


def refuse(site, request):
    """413 after ?after=N bytes of the body. ?how=drain reads the rest, linger does not, cut closes over what is unread."""
    left = int(request.query["after"])
    pieces = request.body_pieces()
    while left > 0:
        left -= len(next(pieces))
    request.connection.send(response(413, [("Connection", "close"), ("X-From", "origin")], b"too much for me\n"))
    if request.query["how"] == "drain":
        for _ in pieces:
            pass
    elif request.query["how"] == "linger":
        site.wait_for_gate(request.query["gate"])
    return CUT if request.query["how"] == "cut" else CLOSE


def answer_first(site, request):
    request.connection.send(response(200, [("X-Answered", "first")], b"I know already\n"))


def sink(site, request):
    count = sum(map(len, request.body_pieces()))
    request.connection.send(response(200, body=b"%d\n" % count))


def bomb(site, request):
    """?mib=N, compressed: of one byte over, but for ?noise=N of each MiB, which do not compress."""
    packer = zlib.compressobj(6, wbits=31)
    noise = os.urandom(int(request.query["noise"]))
    block = noise + b"b" * ((1 << 20) - len(noise))
    body = b"".join(packer.compress(block) for _ in range(int(request.query["mib"]))) + packer.flush()
    request.connection.send(response(200, [("Content-Encoding", "gzip")], body))


def flood(site, request):
    """?mib=N as fast as they are taken. When they have not been taken for a second, the file gates/?stalled says how many went out."""
    total, sent = int(request.query["mib"]) << 20, 0
    connection = request.connection
    connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % total)
    while sent < total:
        if not connection.wait_writable(1):
            with open(os.path.join(site.directory, "gates", request.query["stalled"]), "a", encoding="ascii") as file:
                file.write(f"stalled at {sent >> 20} MiB\n")
        connection.send(BLOCK)
        sent += len(BLOCK)


def parts(site, request):
    """Two ranges at once, as they were asked for."""
    body = (b"--cut\r\nContent-Range: bytes 0-1/10\r\n\r\nab\r\n--cut\r\nContent-Range: bytes 8-9/10\r\n\r\nij\r\n--cut--\r\n")
    fields = [("Content-Type", "multipart/byteranges; boundary=cut"), ("X-Asked", request.header("Range", "nothing"))]
    request.connection.send(response(206, fields, body, "Partial Content"))
