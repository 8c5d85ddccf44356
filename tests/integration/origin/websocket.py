"""A WebSocket echo (RFC 6455): text and binary messages of up to 64 KiB come back; "bye" closes. Says first whether the
handshake was authorised; with ?reflect, also which credential it had, in one message and in two fragments. With ?answer=KIND it
answers the handshake as no server should."""
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


def hostile(kind, accept):
    """Heads and what follows them; frames follow each that is, or looks like, a switch."""
    switch = "HTTP/1.1 101 Switching Protocols\r\n"
    upgrade, connection, accepts = "Upgrade: websocket\r\n", "Connection: Upgrade\r\n", f"Sec-WebSocket-Accept: {accept}\r\n"
    heads = {
        "no-accept": switch + upgrade + connection,
        "wrong-accept": switch + upgrade + connection + "Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n",
        "two-accepts": switch + upgrade + connection + accepts + accepts,
        "no-upgrade": switch + connection + accepts,
        "other-upgrade": switch + "Upgrade: h2c\r\n" + connection + accepts,
        "no-connection": switch + upgrade + accepts,
        "bare-lf": (switch + upgrade + connection + accepts).replace("\r\n", "\n"),
        "200": "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n" + upgrade + connection + accepts,
        "200-endless": "HTTP/1.1 200 OK\r\n" + upgrade + connection + accepts,
        "426": "HTTP/1.1 426 Upgrade Required\r\nContent-Length: 4\r\n" + upgrade + connection,
        "103-then-200": "HTTP/1.1 103 Early Hints\r\nX-Early: yes\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n",
    }
    return (heads[kind] + ("\n" if kind == "bare-lf" else "\r\n")).encode() + b"\x81\x02hi"


def page(site, request):
    connection = request.connection
    key = request.header("Sec-WebSocket-Key")
    if key and "answer" in request.query:
        connection.send(hostile(request.query["answer"], accept_of(key)))
        return CLOSE if request.query["answer"] == "200-endless" else None
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
