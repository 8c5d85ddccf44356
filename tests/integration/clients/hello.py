"""A TLS client that cuts its greeting up: `hello.py HOST RECORD SEGMENT BYTES [ech]`. The ClientHello is made at least BYTES
long (by names of protocols), comes in records of RECORD bytes and is sent in writes of SEGMENT bytes (0: as it is). With
`ech` it has an encrypted_client_hello too. Prints the size of the greeting and the answer to GET /private, or the alert."""
import os
import socket
import ssl
import struct
import sys


def records_of(message, size):
    return b"".join(b"\x16\x03\x01" + struct.pack(">H", len(message[at: at + size])) + message[at: at + size]
                    for at in range(0, len(message), size))


def with_extension(message, kind, body):
    """Appends to the last vector of the ClientHello, which is that of the extensions, and puts the lengths right."""
    at = 4 + 2 + 32
    at += 1 + message[at]
    at += 2 + struct.unpack_from(">H", message, at)[0]
    at += 1 + message[at]
    extensions = message[at + 2:] + struct.pack(">HH", kind, len(body)) + body
    rest = message[4:at] + struct.pack(">H", len(extensions)) + extensions
    return b"\x01" + struct.pack(">I", len(rest))[1:] + rest


class Client:
    def __init__(self, host, bytes_min):
        context = ssl.create_default_context(cafile=os.environ["SSL_CERT_FILE"])
        names = ["http/1.1"] + ["x%03d" % i + "y" * 246 for i in range(bytes_min // 251)]
        context.set_alpn_protocols(names)
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_hostname=host)
        self.socket = socket.create_connection((host, 443), 30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def hello(self):
        try:
            self.tls.do_handshake()
        except ssl.SSLWantReadError:
            pass
        return self.outgoing.read()

    def call(self, step):
        while True:
            try:
                result = step()
            except ssl.SSLWantReadError:
                result = None
            self.socket.sendall(self.outgoing.read())
            if result is not None:
                return result
            piece = self.socket.recv(65536)
            self.incoming.write(piece) if piece else self.incoming.write_eof()


def main():
    host, record, segment, bytes_min = sys.argv[1], *map(int, sys.argv[2:5])
    client = Client(host, bytes_min)
    hello = client.hello()
    message = hello[5:]
    if "ech" in sys.argv:
        message = with_extension(message, 0xfe0d, b"\x00" + b"\x00\x01\x00\x01\x07" + b"\x00\x20" + b"k" * 32 + b"\x00\x90" + b"p" * 144)
        hello = records_of(message, 1 << 14)
    if record:
        hello = records_of(message, record)
    for at in range(0, len(hello), segment or len(hello)):
        client.socket.sendall(hello[at: at + (segment or len(hello))])
    print(len(message), flush=True)
    if "ech" in sys.argv:
        return print("alert", client.socket.recv(100).hex())
    try:
        client.call(lambda: client.tls.do_handshake() or True)
        request = f"GET /private HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        client.call(lambda: client.tls.write(request.encode()))
        print(client.call(lambda: client.tls.read(65536)).split(b"\r\n")[0].decode())
    except (ssl.SSLError, ConnectionError) as error:
        print("failed", getattr(error, "reason", error))


main()
