"""What the fake internet has in the place of providers: the part of each API that its clients are shown with. A key is checked as the
provider checks it, and said back in answers and errors, as providers sometimes do."""
import base64
import hashlib
import json
import threading
from urllib.parse import parse_qs

import git_backend
import s3
from http_server import response


def send_json(request, value, status=200, headers=()):
    body = json.dumps(value).encode() if request.method != "HEAD" else b""
    request.connection.send(response(status, [("Content-Type", "application/json"), *headers], body))


def bearer_of(request):
    scheme, _, token = (request.header("Authorization") or "").partition(" ")
    return token if scheme.lower() in ("bearer", "token") else ""


def send_events(request, events):
    """Each in two chunks that part wherever they do."""
    request.connection.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
    for event in events:
        data = event.encode()
        for piece in (data[: len(data) // 2], data[len(data) // 2:]):
            request.connection.send(b"%x\r\n%s\r\n" % (len(piece), piece))
    request.connection.send(b"0\r\n\r\n")


def anthropic(site, request):
    key = request.header("X-Api-Key", "")
    body = json.loads(request.body() or b"{}")
    if key != site.token:
        error = {"type": "authentication_error", "message": "invalid x-api-key " + key}
        return send_json(request, {"type": "error", "error": error}, 401)
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": body.get("model"), "stop_reason": "end_turn",
               "stop_sequence": None, "usage": {"input_tokens": 1, "output_tokens": 2}}
    text = "you said " + body["messages"][0]["content"] + " with " + key
    if not body.get("stream"):
        message["content"] = [{"type": "text", "text": text}]
        return send_json(request, message, headers=[("request-id", "req-" + key)])
    events = [{"type": "message_start", "message": {**message, "content": []}},
              {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
              {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}},
              {"type": "content_block_stop", "index": 0},
              {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 2}},
              {"type": "message_stop"}]
    return send_events(request, [f"event: {each['type']}\ndata: {json.dumps(each)}\n\n" for each in events])


def openai(site, request):
    key = bearer_of(request)
    body = json.loads(request.body() or b"{}")
    if key != site.token:
        error = {"message": "Incorrect API key provided: " + key, "type": "invalid_request_error", "code": "invalid_api_key"}
        return send_json(request, {"error": error}, 401)
    text = "you said " + body["messages"][0]["content"] + " with " + key
    if not body.get("stream"):
        choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}
        return send_json(request, {"id": "chatcmpl-1", "object": "chat.completion", "choices": [choice]},
                         headers=[("x-request-id", key)])
    chunks = [{"id": "chatcmpl-1", "object": "chat.completion.chunk",
               "choices": [{"index": 0, "delta": {"content": piece}, "finish_reason": None}]} for piece in text.split(" ")]
    return send_events(request, [f"data: {json.dumps(chunk)}\n\n" for chunk in chunks] + ["data: [DONE]\n\n"])


def stripe(site, request):
    key = bearer_of(request)
    fields = parse_qs(request.body().decode())
    if key != site.token:
        error = {"type": "invalid_request_error", "message": "Invalid API Key provided: " + key}
        return send_json(request, {"error": error}, 401)
    if fields.get("email") == ["refused@acme.example"]:
        error = {"type": "card_error", "code": "card_declined", "message": "declined for " + key}
        return send_json(request, {"error": error}, 402, [("Request-Id", "req_" + key)])
    return send_json(request, {"id": "cus_1", "object": "customer", "email": fields["email"][0], "description": key})


def github_api(site, request):
    token = bearer_of(request)
    if token != site.token:
        return send_json(request, {"message": "Bad credentials " + token}, 401)
    if request.path in ("/", "/user"):
        return send_json(request, {"login": "agent", "token": token}, headers=[("X-OAuth-Scopes", "repo")])
    if request.path == "/repos/acme/app" and request.method == "GET":
        return send_json(request, {"full_name": "acme/app", "clone_url": f"https://x:{token}@github.com/acme/app.git"})
    if request.path == "/repos/acme/app/issues" and request.method == "POST":
        return send_json(request, {"number": 7, "title": json.loads(request.body())["title"]}, 201)
    return send_json(request, {"message": "minted", "token": token}, 201)


class Registry:
    """Docker Hub: a registry that sends whoever has no token to a token service, which asks for the account's password."""

    def __init__(self):
        self._lock = threading.Lock()
        self._tokens = {}  # token → scope
        self._blobs = {}
        self._manifests = {}
        self._uploads = 0

    def token_service(self, site, request):
        basic = base64.b64encode(b"agent:" + site.token.encode()).decode()
        if request.header("Authorization") != "Basic " + basic:
            return send_json(request, {"details": "incorrect username or password"}, 401)
        with self._lock:
            token = f"registry-token-{len(self._tokens)}-canary-of-the-registry"
            self._tokens[token] = request.query.get("scope", "")
        return send_json(request, {"token": token, "access_token": token, "expires_in": 300})

    def api(self, site, request):
        if bearer_of(request) not in self._tokens:
            parts = request.path.split("/")
            name = "/".join(parts[2:4])
            action = "pull" if request.method in ("GET", "HEAD") else "pull,push"
            scope = f',scope="repository:{name}:{action}"' if len(parts) > 4 else ""
            challenge = f'Bearer realm="https://auth.docker.io/token",service="registry.docker.io"{scope}'
            return send_json(request, {"errors": [{"code": "UNAUTHORIZED"}]}, 401, [("WWW-Authenticate", challenge)])
        return self._content(request)

    def _content(self, request):
        kind, reference = (request.path.split("/") + ["", ""])[4:6] if request.path != "/v2/" else ("", "")
        if request.path == "/v2/":
            return send_json(request, {})
        if kind == "tags":
            tags = [name for name in self._manifests if not name.startswith("sha256:")]
            return send_json(request, {"name": "/".join(request.path.split("/")[2:4]), "tags": tags})
        if kind == "blobs" and reference == "uploads":
            return self._upload(request)
        if request.method == "PUT" and kind == "manifests":
            return self._put_manifest(request, reference)
        found = (self._manifests if kind == "manifests" else self._blobs).get(reference)
        if found is None:
            return send_json(request, {"errors": [{"code": "NOT_FOUND"}]}, 404)
        media_type, digest, content = found
        fields = [("Content-Type", media_type), ("Docker-Content-Digest", digest)]
        if request.method == "HEAD":
            head = response(200, fields, content)
            return request.connection.send(head[: len(head) - len(content)])
        return request.connection.send(response(200, fields, content))

    def _upload(self, request):
        digest = request.query.get("digest")
        content = request.body()
        with self._lock:
            self._uploads += 1
        upload = request.path + str(self._uploads) if request.path.endswith("/") else request.path
        if request.method == "PATCH":
            self._blobs[upload] = ("", "", content)
            return request.connection.send(response(202, [("Location", upload), ("Range", f"0-{max(len(content) - 1, 0)}")]))
        if request.method == "PUT" and digest:
            content = content or self._blobs.get(upload, ("", "", b""))[2]
            self._blobs[digest] = ("application/octet-stream", digest, content)
            return request.connection.send(response(201, [("Location", request.path), ("Docker-Content-Digest", digest)]))
        return request.connection.send(response(202, [("Location", upload), ("Range", "0-0")]))

    def _put_manifest(self, request, reference):
        content = request.body()
        digest = "sha256:" + hashlib.sha256(content).hexdigest()
        entry = (request.header("Content-Type", ""), digest, content)
        self._manifests[reference] = self._manifests[digest] = entry
        return request.connection.send(response(201, [("Location", request.path), ("Docker-Content-Digest", digest)]))


REGISTRY = Registry()


BY_HOST = {
    "api.anthropic.com": anthropic, "api.openai.com": openai, "api.stripe.com": stripe, "api.github.com": github_api,
    "github.com": git_backend.page, "registry-1.docker.io": REGISTRY.api, "auth.docker.io": REGISTRY.token_service,
    "acme-data.s3.eu-west-1.amazonaws.com": s3.page,
}
