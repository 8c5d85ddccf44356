"""Amazon S3: a request is verified by AWS's own code (botocore), signature and payload, and handed to the server that s3.js runs,
which does not verify version 4 itself. `keys` of the site's directory holds the key's id and its secret."""
import hashlib
import http.client
import os
import re

from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from http_server import response

SERVER = ("127.0.0.1", 9000)
EMPTY = hashlib.sha256(b"").hexdigest()


def refusal(code, message, status=403):
    body = f"<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>{message}</Message></Error>".encode()
    return response(status, [("Content-Type", "application/xml")], body)


def keys(site):
    with open(os.path.join(site.directory, "aws_keys"), encoding="ascii") as file:
        return file.read().split()


def expected(auth, request, names, scope, date, target):
    signed = AWSRequest(method=request.method, url=f"https://{request.header('Host')}{target}")
    for name in names:
        signed.headers[name] = request.header(name)
    signed.context["timestamp"] = date
    return auth.signature(auth.string_to_sign(signed, auth.canonical_request(signed)), signed)


def signed_in_header(site, request, body):
    found = re.fullmatch(r"AWS4-HMAC-SHA256 Credential=([^,]+), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})",
                         request.header("Authorization") or "")
    if not found:
        return "no signature"
    key_id, *scope = found[1].split("/")
    if key_id != keys(site)[0]:
        return "unknown key " + key_id
    digest = request.header("X-Amz-Content-SHA256")
    if digest not in ("UNSIGNED-PAYLOAD", hashlib.sha256(body).hexdigest()):
        return "the payload is another one"
    auth = S3SigV4Auth(Credentials(*keys(site)), scope[2], scope[1])
    names = found[2].split(";")
    if "host" not in names or "x-amz-date" not in names:
        return "too little is signed"
    good = expected(auth, request, names, scope, request.header("X-Amz-Date"), request.target)
    return None if good == found[3] else "the signature is another one"


def signed_in_query(site, request):
    key_id, *scope = request.query["X-Amz-Credential"].split("/")
    if key_id != keys(site)[0]:
        return "unknown key " + key_id
    auth = S3SigV4QueryAuth(Credentials(*keys(site)), scope[2], scope[1])
    target = re.sub(r"[?&]X-Amz-Signature=[0-9a-f]{64}", "", request.target)
    names = request.query["X-Amz-SignedHeaders"].split(";")
    good = expected(auth, request, names, scope, request.query["X-Amz-Date"], target)
    return None if good == request.query["X-Amz-Signature"] else "the signature is another one"


def page(site, request):
    if request.header("Expect"):
        request.connection.send(b"HTTP/1.1 100 Continue\r\n\r\n")
    body = request.body()
    fault = signed_in_query(site, request) if "X-Amz-Signature" in request.query else signed_in_header(site, request, body)
    if fault:
        return request.connection.send(refusal("SignatureDoesNotMatch", fault))
    server = http.client.HTTPConnection(*SERVER, timeout=20)
    fields = {name: value for name, value in request.headers if name.lower() not in ("authorization", "transfer-encoding")}
    path = re.sub(r"[?&]X-Amz-[A-Za-z0-9-]+=[^&]*", "", request.target)
    server.request(request.method, path.replace("&", "?", 1) if "?" not in path else path, body, fields)
    answer = server.getresponse()
    content = answer.read()
    kept = [(name, value) for name, value in answer.getheaders()
            if name.lower() not in ("content-length", "transfer-encoding", "connection", "keep-alive")]
    sent = response(answer.status, kept, content)
    if request.method == "HEAD":
        length = answer.getheader("Content-Length", "0").encode()
        sent = sent.replace(b"Content-Length: 0\r\n", b"Content-Length: " + length + b"\r\n")
    return request.connection.send(sent)
