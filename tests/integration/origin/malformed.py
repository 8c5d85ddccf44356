"""Responses that no client may be asked to make sense of: /bad/KIND."""

from http_server import CLOSE, CUT

OK = b"HTTP/1.1 200 OK\r\n"

RESPONSES = {
    "two-lengths": OK + b"Content-Length: 3\r\nContent-Length: 5\r\n\r\nabcde",
    "length-list": OK + b"Content-Length: 3, 5\r\n\r\nabcde",
    "length-and-chunked": OK + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    "negative-length": OK + b"Content-Length: -1\r\n\r\nabc",
    "plus-length": OK + b"Content-Length: +3\r\n\r\nabc",
    "huge-length": OK + b"Content-Length: 99999999999999999999999\r\n\r\nabc",
    "unknown-coding": OK + b"Transfer-Encoding: gzip, identity\r\n\r\nabc",
    "bare-lf": b"HTTP/1.1 200 OK\nContent-Length: 3\n\nabc",
    "bare-cr": OK + b"X-A: b\rX-C: d\r\nContent-Length: 3\r\n\r\nabc",
    "nul-in-header": OK + b"X-A: b\0c\r\nContent-Length: 3\r\n\r\nabc",
    "space-before-colon": OK + b"X-A : b\r\nContent-Length: 3\r\n\r\nabc",
    "obs-fold": OK + b"X-A: b\r\n c\r\nContent-Length: 3\r\n\r\nabc",
    "no-colon": OK + b"X-A\r\nContent-Length: 3\r\n\r\nabc",
    "not-http": b"SSH-2.0-OpenSSH_9.2p1\r\n\r\n",
    "bad-version": b"HTTP/3.7 200 OK\r\nContent-Length: 3\r\n\r\nabc",
    "bad-status": b"HTTP/1.1 20 OK\r\nContent-Length: 3\r\n\r\nabc",
    "unasked-upgrade": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nfree",
    "huge-header": OK + b"X-A: " + b"a" * (1 << 20) + b"\r\nContent-Length: 3\r\n\r\nabc",
    "many-headers": OK + b"X-A: b\r\n" * 20000 + b"Content-Length: 3\r\n\r\nabc",
    "nothing": b"",
    "half-a-head": OK + b"Content-Le",
    # The head is in order, so these reach the client, and must be seen there to be broken.
    "truncated-chunk": OK + b"Transfer-Encoding: chunked\r\n\r\n10\r\nabc",
    "no-last-chunk": OK + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
    "bad-chunk-size": OK + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\nabc\r\n0\r\n\r\n",
    "chunk-overflow": OK + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nfffffffffffffffff\r\nabc\r\n0\r\n\r\n",
    "short-body": OK + b"Content-Length: 10\r\n\r\nabc",
    "cut": OK + b"\r\nabc",  # until close, and closed without TLS's goodbye
}

# A whole answer, with something after it that nobody asked for; the connection stays open.
UNASKED = OK + b"Content-Length: 3\r\n\r\nabc" + b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npoisoned\n"


def page(site, request):
    kind = request.path.removeprefix("/bad/")
    if kind == "garbage-after":
        request.connection.send(UNASKED)
        return None
    request.connection.send(RESPONSES[kind])
    return CUT if kind == "cut" else CLOSE
