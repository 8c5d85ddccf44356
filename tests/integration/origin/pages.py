"""What every host of the fake internet serves. A page takes a request, sends its answer and returns CLOSE where the
connection must close. No page says the credential back, but those of `providers` and `reflect`."""
import base64
import hashlib
import json
import os

import git_backend
import malformed
import providers
import reflect
import static_site
import stores
import streams
import verify
import websocket
from http_server import CLOSE, response

BLOCK = bytes(range(256)) * 256


class Site:
    """`directory` holds `token` (the secret that /private wants), `password` (what stores want), `gates/`, `store/`, `site/` and
    `git/`."""

    def __init__(self, directory):
        self.directory = directory
        with open(os.path.join(directory, "token"), encoding="ascii") as file:
            self.token = file.read().strip()
        with open(os.path.join(directory, "password"), encoding="ascii") as file:
            self.stores = stores.Stores(directory, self.token, file.read().strip())
        self.nonces = set()

    def answer(self, request):
        if provider := providers.BY_HOST.get(request.connection.name):
            return provider(self, request)
        for prefix, page in PREFIXES:
            if request.path.startswith(prefix):
                return page(self, request)
        return PAGES.get(request.path, missing)(self, request)

    def is_authorised(self, request):
        basic = base64.b64encode(b"x-access-token:" + self.token.encode()).decode()
        return (
            request.header("X-Auth-Token") == self.token
            or request.header("Authorization") in ("Bearer " + self.token, "Basic " + basic)
        )

    def wait_for_gate(self, name):
        """Until the test opens the gate of that name."""
        with open(os.path.join(self.directory, "gates", name), "rb", buffering=0) as gate:
            gate.read(1)


def send_json(request, value, status=200, headers=()):
    body = json.dumps(value).encode() + b"\n"
    request.connection.send(response(status, [("Content-Type", "application/json"), *headers], body))


def missing(site, request):
    request.connection.send(response(404, body=b"no such page\n"))


def echo(site, request):
    body = request.body()
    send_json(request, {
        "host": request.header("Host"),
        "method": request.method,
        "target": request.target,
        "scheme": request.connection.scheme,
        "body_bytes": len(body),
        "trailers": len(request.trailers),
        "authorised": site.is_authorised(request),
    })


def private(site, request):
    if not site.is_authorised(request):
        request.connection.send(response(401, [("WWW-Authenticate", 'Basic realm="private"')], b"who are you\n"))
    else:
        request.connection.send(response(200, [("Content-Type", "text/plain")], b"welcome\n"))


def bound(site, request):
    """As servers with connection-bound authentication do: the first credential speaks for the whole connection."""
    connection = request.connection
    connection.credential = connection.credential or request.header("X-Auth-Token", "nobody")
    digest = hashlib.sha256(connection.credential.encode()).hexdigest()[:8]
    send_json(request, {"connection": connection.number, "identity": digest})


def chunked(site, request):
    request.connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    for piece in (b"one ", b"two ", b"three\n"):
        request.connection.send(b"%x\r\n%s\r\n" % (len(piece), piece))
    request.connection.send(b"0\r\n\r\n")


def until_close(site, request):
    request.connection.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nuntil the end\n")
    return CLOSE


def trailers(site, request):
    request.connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
                            b"5\r\nbody\n\r\n0\r\nX-Sum: 42\r\n\r\n")


def early(site, request):
    request.connection.send(b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n"
                            + response(200, body=b"after the hints\n"))


def only_after_continue(site, request):
    if request.header("Expect"):
        request.connection.send(b"HTTP/1.1 100 Continue\r\n\r\n")
    send_json(request, {"body_bytes": len(request.body())})


def no_content(site, request):
    request.connection.send(b"HTTP/1.1 204 No Content\r\n\r\n")


def not_modified(site, request):
    request.connection.send(b'HTTP/1.1 304 Not Modified\r\nETag: "one"\r\nContent-Length: 1234\r\n\r\n')


def head_only(site, request):
    body = b"" if request.method == "HEAD" else b"x" * 1234
    request.connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n" + body)


def big(site, request):
    total = int(request.query["bytes"])
    begin, end = 0, total - 1
    wanted = request.header("Range")
    if wanted:
        first, last = wanted.removeprefix("bytes=").split("-")
        begin, end = int(first), int(last or total - 1)
    status = b"206 Partial Content" if wanted else b"200 OK"
    extra = b"Content-Range: bytes %d-%d/%d\r\n" % (begin, end, total) if wanted else b""
    request.connection.send(b"HTTP/1.1 %s\r\nAccept-Ranges: bytes\r\n%sContent-Length: %d\r\n\r\n"
                            % (status, extra, end - begin + 1))
    if request.method == "HEAD":
        return
    at = begin
    while at <= end:
        offset = at % len(BLOCK)
        piece = BLOCK[offset: offset + end - at + 1]
        request.connection.send(piece)
        at += len(piece)


def upload(site, request):
    digest, count = hashlib.sha256(), 0
    for piece in request.body_pieces():
        digest.update(piece)
        count += len(piece)
    send_json(request, {"sha256": digest.hexdigest(), "bytes": count})


def slow(site, request):
    """Half of the body now, the other half when the test opens the gate ?gate=NAME."""
    request.connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf ")
    site.wait_for_gate(request.query["gate"])
    request.connection.send(b"more\n")


def silent(site, request):
    """No answer before the gate opens."""
    site.wait_for_gate(request.query["gate"])
    request.connection.send(response(200, body=b"at last\n"))


def events(site, request):
    """One server-sent event now, the next one when the test opens the gate."""
    request.connection.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
                            b"d\r\ndata: first\n\n\r\n")
    site.wait_for_gate(request.query["gate"])
    request.connection.send(b"e\r\ndata: second\n\n\r\n0\r\n\r\n")


def alt_svc(site, request):
    request.connection.send(response(200, [("Alt-Svc", 'h3=":443"; ma=86400'), ("alt-svc", "h3=\"other.acme.example:443\""), ("X-Kept", "yes")], b"here\n"))


def redirect(site, request):
    request.connection.send(response(302, [("Location", request.query["to"])], b"over there\n"))


PAGES = {
    "/": echo, "/echo": echo, "/private": private, "/bound": bound, "/chunked": chunked, "/close": until_close,
    "/trailers": trailers, "/early": early, "/100": only_after_continue, "/204": no_content, "/304": not_modified,
    "/head": head_only, "/big": big, "/upload": upload, "/slow": slow, "/silent": silent, "/redirect": redirect, "/alt-svc": alt_svc,
    "/events": events, "/guarded": stores.guarded_page, "/oauth/token": stores.oauth_page, "/websocket": websocket.page,
    "/reflect": reflect.page, "/reflect/events": reflect.events,
    "/verify/query": verify.in_query, "/verify/cookie": verify.in_cookie, "/verify/signed": verify.signed,
    "/verify/client": verify.client, "/ticks": streams.ticks, "/duplex": streams.duplex, "/refuse": streams.refuse,
    "/answer-first": streams.answer_first, "/sink": streams.sink, "/bomb": streams.bomb, "/flood": streams.flood,
    "/parts": streams.parts,
}
PREFIXES = [
    ("/bad/", malformed.page),
    ("/git/", git_backend.page),
    ("/site/", static_site.page),
    ("/verify/path/", verify.in_path),
    ("/echo/", echo),
    ("/vault/v1/", stores.vault_page),
]
