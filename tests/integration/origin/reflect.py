"""A page that says the credential back, wherever and however the query asks: what a debug page, an error message, a redirect or a log
viewer of a real origin does by accident. `where` is head, body, trailer, early, reason, error or all; `as` is the encoding; `coding`
what the body is compressed with; `piece` how many bytes at a time it is sent in; `framing` length, chunked or close."""
import base64
import gzip
import html
import json
import zlib
from urllib.parse import quote

import brotli
import zstandard

from http_server import CLOSE, CUT

FIELDS = ("Location", "Set-Cookie", "WWW-Authenticate", "Link", "ETag", "X-Debug")


def credential_of(request):
    return request.header("X-Auth-Token") or request.header("Authorization") or request.header("X-Api-Key") or "nobody"


def every_other_escaped(text):
    return "".join(f"%{ord(c):02{'xX'[i % 4 // 2]}}" if i % 2 else c for i, c in enumerate(text))


ENCODINGS = {
    "raw": lambda text: text.encode(),
    "base64": lambda text: base64.b64encode(text.encode()),
    "base64-1": lambda text: base64.b64encode(b"x" + text.encode() + b"yz"),
    "base64-2": lambda text: base64.b64encode(b"xy" + text.encode() + b"z"),
    "base64url": lambda text: base64.urlsafe_b64encode(text.encode()).rstrip(b"="),
    "basic": lambda text: base64.b64encode(b"agent:" + text.encode()),
    "hex": lambda text: text.encode().hex().encode(),
    "HEX": lambda text: text.encode().hex().upper().encode(),
    "percent": lambda text: quote(text, safe="").encode(),
    "percent-mixed": lambda text: every_other_escaped(text).encode(),
    "json": lambda text: json.dumps({"token": text}).replace("/", "\\/").encode(),
    "json-unicode": lambda text: "".join(f"\\u{ord(c):04x}" for c in text).encode(),
    "html": lambda text: html.escape(text).encode(),
    "html-numbers": lambda text: "".join(f"&#{ord(c)};" for c in text).encode(),
    "utf-16": lambda text: text.encode("utf-16-le"),
    "utf-16-be": lambda text: text.encode("utf-16-be"),
}


def deflate(data):
    return zlib.compress(data)


CODINGS = {
    "gzip": [gzip.compress], "deflate": [deflate], "br": [brotli.compress],
    "zstd": [lambda data: zstandard.ZstdCompressor().compress(data)],
    "gzip, br": [gzip.compress, brotli.compress],
}


def pieces_of(data, size):
    return [data[at: at + size] for at in range(0, len(data), size)] if size else [data]


def send_body(request, body, framing, trailers):
    pieces = pieces_of(body, int(request.query.get("piece", "0")))
    for piece in pieces:
        if framing == "chunked":
            piece = b"%x\r\n%s\r\n" % (len(piece), piece)
        request.connection.send(piece)
    if framing == "chunked":
        request.connection.send(b"0\r\n" + trailers + b"\r\n")


def page(site, request):
    where = request.query.get("where", "all")
    framing = request.query.get("framing", "chunked")
    coding = request.query.get("coding")
    text = credential_of(request)
    said = ENCODINGS[request.query.get("as", "raw")](text)
    body = b"before " + said + b" after\n" if where in ("body", "all", "error", "cut") else b"nothing\n"
    for compress in CODINGS.get(coding, []):
        body = compress(body)
    status = "401 Who Is " + text if where == "reason" else "401 Unauthorized" if where == "error" else "200 OK"
    head = f"HTTP/1.1 {status}\r\n"
    if coding:
        head += f"Content-Encoding: {coding}\r\n"
    if where in ("head", "all", "error"):
        head += "".join(f"{name}: a={text}; b\r\n" for name in FIELDS)
    if where in ("early", "all"):
        request.connection.send(f"HTTP/1.1 103 Early Hints\r\nLink: </{text}>; rel=preload\r\n\r\n".encode())
    head += {"length": f"Content-Length: {len(body)}\r\n", "chunked": "Transfer-Encoding: chunked\r\n", "close": ""}[framing]
    request.connection.send(head.encode() + b"\r\n")
    if where == "cut":
        request.connection.send(b"%x\r\n%s" % (len(body) + 10, body))
        return CUT
    trailers = f"X-Debug: {text}\r\n".encode() if where in ("trailer", "all") else b""
    send_body(request, body, framing, trailers)
    return CLOSE if framing == "close" else None


def events(site, request):
    """Server-sent events, one chunk each, with the credential in the second one."""
    request.connection.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
    for event in ("hello", "the key is " + credential_of(request), "goodbye"):
        data = f"data: {event}\n\n".encode()
        request.connection.send(b"%x\r\n%s\r\n" % (len(data), data))
    request.connection.send(b"0\r\n\r\n")
