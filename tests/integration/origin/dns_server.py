"""The fake internet's name server, UDP only. Every question is a line of `dns.log`. A record is NAME TYPE MODE VALUES:
`all` answers all values each time, `sequence` one value after the other (rebinding), staying with the last."""
import os
import socket
import struct
import threading

TYPES = {1: "A", 5: "CNAME", 28: "AAAA"}
NUMBERS = {name: number for number, name in TYPES.items()}


def encode_name(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".") if label) + b"\0"


def encode_value(kind, value):
    if kind == "A":
        return socket.inet_aton(value)
    if kind == "AAAA":
        return socket.inet_pton(socket.AF_INET6, value)
    return encode_name(value)


def read_question(packet):
    labels, at = [], 12
    while packet[at]:
        labels.append(packet[at + 1: at + 1 + packet[at]].decode("latin-1"))
        at += 1 + packet[at]
    (kind,) = struct.unpack(">H", packet[at + 1: at + 3])
    return ".".join(labels).lower(), kind, packet[12: at + 5]


class Zone:
    def __init__(self, directory):
        self.log = open(os.path.join(directory, "dns.log"), "ab", buffering=0)
        self.records = {}
        with open(os.path.join(directory, "zone"), encoding="ascii") as file:
            for line in file:
                name, kind, mode, *values = line.split()
                self.records.setdefault(name, {})[kind] = (mode, values)

    def find(self, name, kind):
        mode, values = self.records.get(name, {}).get(kind, ("all", []))
        if mode == "sequence" and values:
            taken = values[:1]
            if len(values) > 1:
                values.pop(0)
            return taken
        return values

    def answers(self, name, kind):
        """Records from the name on, along its aliases."""
        found = []
        for alias in self.find(name, "CNAME"):
            found += [(name, "CNAME", alias)] + self.answers(alias, kind)
        return found + [(name, kind, value) for value in self.find(name, kind)]

    def reply(self, packet):
        name, number, question = read_question(packet)
        kind = TYPES.get(number, str(number))
        self.log.write(f"{name} {kind}\n".encode())
        answers = self.answers(name, kind)
        code = 0 if name in self.records else 3
        head = packet[:2] + struct.pack(">HHHHH", 0x8580 | code, 1, len(answers), 0, 0)
        for owner, type_name, value in answers:
            data = encode_value(type_name, value)
            question += encode_name(owner) + struct.pack(">HHIH", NUMBERS[type_name], 1, 0, len(data)) + data
        return head + question


def serve(address, directory):
    zone = Zone(directory)
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind((address, 53))

    def loop():
        while True:
            packet, peer = server.recvfrom(4096)
            try:
                server.sendto(zone.reply(packet), peer)
            except (IndexError, OSError, struct.error):
                pass

    threading.Thread(target=loop, daemon=True).start()
