"""Files below `site/`: package indexes. /site/private/ wants the token."""
import os

from http_server import response

TYPES = {".json": "application/json", ".html": "text/html", ".gz": "application/gzip"}


def page(site, request):
    root = os.path.join(site.directory, "site")
    path = os.path.realpath(os.path.join(root, request.path.removeprefix("/site/")))
    if os.path.isdir(path):
        path = os.path.join(path, "index.html")
    if not path.startswith(root) or not os.path.isfile(path):
        request.connection.send(response(404, body=b"no such file\n"))
        return
    if request.path.startswith("/site/private/") and not site.is_authorised(request):
        request.connection.send(response(401, [("WWW-Authenticate", 'Basic realm="index"')], b"who are you\n"))
        return
    with open(path, "rb") as file:
        body = file.read()
    kind = TYPES.get(os.path.splitext(path)[1], "application/octet-stream")
    head = response(200, [("Content-Type", kind)], body)
    request.connection.send(head[: len(head) - len(body)] if request.method == "HEAD" else head)
