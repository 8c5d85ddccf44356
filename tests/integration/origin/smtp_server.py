"""A mail server that speaks first, knows STARTTLS, and keeps what it is given: `smtp_server.py ADDRESS PORT PEM DIRECTORY`.
Each message is a file of the directory. Says "up" on standard output."""
import itertools
import os
import socketserver
import ssl
import sys

NUMBERS = itertools.count(1)


class Session(socketserver.StreamRequestHandler):
    def say(self, line):
        self.wfile.write(line.encode() + b"\r\n")

    def handle(self):
        self.say("220 mail.acme.example ESMTP")
        while line := self.rfile.readline():  # which is another file after STARTTLS
            verb = line.split(b":")[0].split(b" ")[0].strip().upper()
            if verb == b"QUIT":
                return self.say("221 bye")
            getattr(self, "on_" + verb.decode().lower(), self.on_unknown)()

    def on_unknown(self):
        self.say("250 as you like")

    def on_ehlo(self):
        is_secure = isinstance(self.connection, ssl.SSLSocket)
        self.say("250-mail.acme.example" if not is_secure else "250 mail.acme.example")
        if not is_secure:
            self.say("250 STARTTLS")

    def on_starttls(self):
        self.say("220 go ahead")
        self.connection = self.server.context.wrap_socket(self.connection, server_side=True)
        self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", buffering=0)

    def on_data(self):
        self.say("354 end with a dot")
        text = b""
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            text += line
        with open(os.path.join(self.server.directory, f"{next(NUMBERS)}.eml"), "wb") as file:
            file.write(text)
        self.say("250 kept")


def main():
    address, port, pem, directory = sys.argv[1:]
    socketserver.ThreadingTCPServer.allow_reuse_address = True
    with socketserver.ThreadingTCPServer((address, int(port)), Session) as server:
        server.daemon_threads = True
        server.directory = directory
        server.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.context.load_cert_chain(pem)
        print("up", flush=True)
        server.serve_forever()


main()
