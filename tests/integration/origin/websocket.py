"""A WebSocket echo (RFC 6455): text and binary messages of up to 64 KiB come back; "bye" closes. Says first whether the
handshake was authorised; with ?reflect, also which credential it had, in one message and in two fragments."""
import base64
import hashlib
import struct

from http_server import CLOSE

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def accept_of(key):
    return base64.b64encode(hashlib.sha1((key + GUID).encode()).digest()).decode()


def frame(opcode, payload):
    head = bytes([0x80 | opcode])
    if len(payload) < 126:
        return head + bytes([len(payload)]) + payload
    return head + bytes([126]) + struct.pack(">H", len(payload)) + payload


def exactly(connection, count):
    return b"".join(connection.read_exactly(count))


def read_frame(connection):
    first, second = exactly(connection, 2)
    length = second & 127
    if length == 126:
        length, = struct.unpack(">H", exactly(connection, 2))
    mask = exactly(connection, 4)
    payload = exactly(connection, length)
    return first & 15, bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))


def page(site, request):
    connection = request.connection
    key = request.header("Sec-WebSocket-Key")
    if not key:
        connection.send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        return None
    if "refuse" in request.query:
        connection.send(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 3\r\n\r\nno\n")
        return None
    accept = "wrong" if "wrong" in request.query else accept_of(key)
    connection.send(("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                     f"Sec-WebSocket-Accept: {accept}\r\n\r\n").encode())
    connection.send(frame(1, b"authorised" if site.is_authorised(request) else b"anonymous"))
    if "reflect" in request.query:
        said = request.header("X-Auth-Token", "nobody").encode()
        connection.send(frame(1, b"it is " + said))
        connection.send(frame(2, b"it is " + said))
        connection.send(bytes([0x01, 12]) + b"it is " + said[:6] + bytes([0x80, len(said) - 6]) + said[6:])
    while True:
        opcode, payload = read_frame(connection)
        if opcode == 8 or payload == b"bye":
            connection.send(frame(8, b"\x03\xe8"))
            return CLOSE
        connection.send(frame(opcode, payload))
