"""The demonstration's private service: HTTPS on loopback, answers 401 unless the token arrives. Says what it received."""
import http.server
import os
import ssl
import sys

TOKEN = os.environ["VCS_TOKEN"]


class Service(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        got = self.headers.get("X-Auth-Token")
        with open(sys.argv[3], "a") as log:
            log.write(f"{self.command} {self.path}\n")
            log.writelines(f"  {name}: {value}\n" for name, value in self.headers.items())
        status, body = (200, b'{"repositories": ["gate", "keep"]}\n') if got == TOKEN else (401, b"who are you?\n")
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Service)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1], sys.argv[2])
server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_address[1], flush=True)
server.serve_forever()
