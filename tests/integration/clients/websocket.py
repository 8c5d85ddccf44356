"""A WebSocket client on the standard library alone: `websocket.py URL MESSAGE…`. Prints the status, and after 101 every
message that comes until the server closes; each MESSAGE is sent when the one before has come back."""
import base64
import os
import socket
import ssl
import struct
import sys
from urllib.parse import urlsplit


def frame(payload):
    mask = os.urandom(4)
    head = bytes([0x81]) + (bytes([0x80 | len(payload)]) if len(payload) < 126 else bytes([0x80 | 126]) + struct.pack(">H", len(payload)))
    return head + mask + bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))


def read_message(file):
    head = file.read(2)
    if len(head) < 2:
        return None, b""
    length = head[1] & 127
    if length == 126:
        length, = struct.unpack(">H", file.read(2))
    return head[0] & 15, file.read(length)


def main():
    url = urlsplit(sys.argv[1])
    secure = url.scheme == "wss"
    port = url.port or (443 if secure else 80)
    connection = socket.create_connection((url.hostname, port), 30)
    if secure:
        context = ssl.create_default_context(cafile=os.environ.get("SSL_CERT_FILE"))
        connection = context.wrap_socket(connection, server_hostname=url.hostname)
    target = url.path + ("?" + url.query if url.query else "")
    key = base64.b64encode(os.urandom(16)).decode()
    connection.sendall((f"GET {target} HTTP/1.1\r\nHost: {url.netloc}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n").encode())
    file = connection.makefile("rb")
    status = file.readline().split()[1].decode()
    while file.readline() not in (b"\r\n", b""):
        pass
    print(status, flush=True)
    if status != "101":
        return
    waiting = list(sys.argv[2:])
    while True:
        opcode, payload = read_message(file)
        if opcode is None or opcode == 8:
            print("closed" if opcode == 8 else "cut", flush=True)
            return
        print(payload.decode(), flush=True)
        if waiting:
            connection.sendall(frame(waiting.pop(0).encode()))


main()
