"""Pages that check a credential in each of the places and forms that credentials come in, as services do that take them so. Each says
"welcome" or, with 401, why not."""
import hashlib
import hmac
import time
from urllib.parse import unquote

from http_server import response

SKEW_SECONDS = 300


def answer(request, fault):
    if fault:
        request.connection.send(response(401, body=f"no: {fault}\n".encode()))
    else:
        request.connection.send(response(200, body=b"welcome\n"))


def in_query(site, request):
    keys = [part for part in request.raw_query.split("&") if part.startswith("key=")]
    answer(request, None if len(keys) == 1 and request.query["key"] == site.token else "the key")


def in_cookie(site, request):
    fields = [value for name, value in request.headers if name.lower() == "cookie"]
    answer(request, None if fields == ["session=" + site.token] else "the cookie")


def in_path(site, request):
    segment = request.raw_path.removeprefix("/verify/path/").split("/")[0]
    answer(request, None if unquote(segment) == site.token else "the path")


def signed(site, request):
    """hex(HMAC-SHA256(token, "METHOD\\nPATH\\nTIMESTAMP\\nNONCE\\nSHA256(BODY)")), once, and not long ago."""
    timestamp, nonce = request.header("X-Timestamp", "0"), request.header("X-Nonce", "")
    digest = hashlib.sha256(request.body()).hexdigest()
    text = "\n".join([request.method, request.raw_path, timestamp, nonce, digest])
    expected = hmac.new(site.token.encode(), text.encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(request.header("X-Signature", ""), expected):
        return answer(request, "the signature")
    if abs(time.time() - int(timestamp)) > SKEW_SECONDS:
        return answer(request, "the time")
    if nonce in site.nonces:
        return answer(request, "the nonce was seen before")
    site.nonces.add(nonce)
    return answer(request, None)


def client(site, request):
    certificate = request.connection.peer_certificate
    names = [value for part in (certificate or {}).get("subject", ()) for key, value in part if key == "commonName"]
    answer(request, None if names == ["agent.acme.example"] else f"the client is {names}")
