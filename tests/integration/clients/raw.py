"""Sends bytes as they are and says what comes back. One case per line on standard input:
ADDRESS-OR-NAME PORT SNI|-|plain MODE HEX, and one line per case on standard output: OUTCOME HEX. The mode is `one`
(until one whole response), `all` (until the peer closes) or `half` (as `all`, after ending the sending side).
Outcomes: done, refused (no connection), reset, timeout, and tls:REASON where the handshake failed."""
import errno
import functools
import os
import socket
import ssl
import sys

PATIENCE_SECONDS = 20


def whole_response(data):
    """Whether a final response is complete in `data`."""
    while True:
        head, mark, rest = data.partition(b"\r\n\r\n")
        if not mark:
            return False
        if head[9:10] != b"1":
            break
        data = rest
    fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:] if b": " in line)
    if fields.get(b"transfer-encoding") == b"chunked":
        return rest.endswith(b"0\r\n\r\n")
    if b"content-length" in fields:
        return len(rest) >= int(fields[b"content-length"])
    return head[9:12] in (b"204", b"304")


@functools.cache
def context_for(verify):
    """Without a name to send there is none to verify."""
    context = ssl.create_default_context(cafile=os.environ["SSL_CERT_FILE"])
    context.check_hostname = verify
    context.verify_mode = ssl.CERT_REQUIRED if verify else ssl.CERT_NONE
    return context


def connect(host, port, sni):
    try:
        plain = socket.create_connection((host, port), PATIENCE_SECONDS)
    except TimeoutError:
        return None, "timeout"
    except OSError:
        return None, "refused"
    if sni == "plain":
        return plain, None
    try:
        return context_for(sni != "-").wrap_socket(plain, server_hostname=None if sni == "-" else sni), None
    except ssl.SSLError as error:
        return None, "tls:" + str(error.reason)
    except ConnectionError:
        return None, "reset"
    except TimeoutError:
        return None, "timeout"


def exchange(peer, mode, data):
    received = b""
    try:
        peer.sendall(data)
        if mode == "half":
            peer.shutdown(socket.SHUT_WR)
        while piece := peer.recv(65536):
            received += piece
            if mode == "one" and whole_response(received):
                break
    except TimeoutError:
        return "timeout", received
    except (ConnectionError, ssl.SSLError):
        return "reset", received
    except OSError as error:
        # Reset before there was anything to shut down.
        if error.errno != errno.ENOTCONN:
            raise
        return "reset", received
    return "done", received


def main():
    for line in sys.stdin:
        host, port, sni, mode, data = (line.rstrip("\n") + " ").split(" ")[:5]
        peer, failure = connect(host, int(port), sni)
        outcome, received = (failure, b"") if failure else exchange(peer, mode, bytes.fromhex(data))
        if peer:
            peer.close()
        print(outcome.replace(" ", "_"), received.hex(), flush=True)


main()
