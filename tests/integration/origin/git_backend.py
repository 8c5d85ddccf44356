"""git's own smart HTTP server as CGI, behind authentication: repositories below `git/`."""
import os
import subprocess

from http_server import response

BACKEND = "/usr/lib/git-core/git-http-backend"


def environment(site, request):
    variables = {
        "PATH": "/usr/bin:/bin",
        "HOME": site.directory,
        "GIT_PROJECT_ROOT": os.path.join(site.directory, "git"),
        "GIT_HTTP_EXPORT_ALL": "1",
        "GIT_CONFIG_NOSYSTEM": "1",
        "REMOTE_USER": "agent",
        "REQUEST_METHOD": request.method,
        "PATH_INFO": request.path.removeprefix("/git"),
        "QUERY_STRING": request.raw_query,
        "CONTENT_TYPE": request.header("Content-Type", ""),
        "HTTP_CONTENT_ENCODING": request.header("Content-Encoding", ""),
    }
    if protocol := request.header("Git-Protocol"):
        variables["GIT_PROTOCOL"] = protocol
    return variables


def page(site, request):
    if not site.is_authorised(request):
        request.connection.send(response(401, [("WWW-Authenticate", 'Basic realm="git"')], b"who are you\n"))
        return
    body = request.body()
    variables = environment(site, request)
    if request.method == "POST":
        variables["CONTENT_LENGTH"] = str(len(body))
    result = subprocess.run([BACKEND], input=body, env=variables, stdout=subprocess.PIPE, check=False)
    head, _, content = result.stdout.partition(b"\r\n\r\n")
    headers = [tuple(line.split(": ", 1)) for line in head.decode("latin-1").split("\r\n") if ": " in line]
    status = next((value.split(" ")[0] for name, value in headers if name == "Status"), "200")
    request.connection.send(response(status, [field for field in headers if field[0] != "Status"], content))
