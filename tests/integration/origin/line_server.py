"""A protocol that is neither HTTP nor TLS and in which the server speaks first: "220 NAME ready", then every line comes back
in capitals. QUIT ends it; so does the client's half-close, after "221 COUNT lines"."""
import socket
import threading

from connection import Connection
from http_server import listen


def converse(connection, name):
    connection.send(f"220 {name} ready\r\n".encode())
    count = 0
    while (line := connection.read_until(b"\n")) is not None:
        if line.strip() == b"QUIT":
            break
        connection.send(line.upper())
        count += 1
    connection.send(b"221 %d lines\r\n" % count)


def accepted(client, connection, name):
    with client:
        try:
            connection.attach(client, "tcp")
            converse(connection, name)
            client.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def serve(address, port, directory, name):
    listener = listen(address, port)

    def loop():
        while True:
            client, _ = listener.accept()
            connection = Connection(directory, name, port)
            threading.Thread(target=accepted, args=(client, connection, name), daemon=True).start()

    threading.Thread(target=loop, daemon=True).start()
