"""An HTTP/1 client that says when it has finished sending, over TLS too: `http_bio.py HOST PORT TLS|plain` with the request on standard
input. Ends its own direction, and prints what comes afterwards until the other side has ended its own."""
import os
import socket
import ssl
import sys


def say(piece):
    sys.stdout.buffer.write(piece)
    sys.stdout.buffer.flush()


def main():
    host, port, kind = sys.argv[1:]
    request = sys.stdin.buffer.read()
    peer = socket.create_connection((host, int(port)), 50)
    if kind == "plain":
        peer.sendall(request)
        peer.shutdown(socket.SHUT_WR)
        print("ended", flush=True)
        while piece := peer.recv(65536):
            say(piece)
        return
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = ssl.create_default_context(cafile=os.environ["SSL_CERT_FILE"]).wrap_bio(incoming, outgoing, server_hostname=host)

    def call(step):
        while True:
            try:
                return step()
            except ssl.SSLWantReadError:
                if outgoing.pending:
                    peer.sendall(outgoing.read())
                piece = peer.recv(65536)
                incoming.write(piece) if piece else incoming.write_eof()

    call(tls.do_handshake)
    tls.write(request)
    try:
        tls.unwrap()  # close_notify goes out; what the other side says is still to be read
    except ssl.SSLWantReadError:
        pass
    peer.sendall(outgoing.read())
    peer.shutdown(socket.SHUT_WR)
    print("ended", flush=True)
    try:
        while piece := call(lambda: tls.read(65536)):
            say(piece)
    except ssl.SSLZeroReturnError:
        pass


main()
