"""All of the fake internet in one process: `internet.py DIRECTORY`. The directory holds `hosts` (NAME ADDRESS TLS, TLS being
`any`, `1.2`, `client`, which asks for a certificate of `clients.pem`, or `none`), `zone`, `certs/NAME.pem`, and gets `received/`. Says "ready" on standard output."""
import os
import ssl
import sys
import threading

import dns_server
import http_server
import line_server
from pages import Site

DNS_ADDRESS = "203.0.113.53"
LINE_PORT = 5432


def context_for(directory, name, tls):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(os.path.join(directory, "certs", name + ".pem"))
    context.set_alpn_protocols(["http/1.1"])
    if tls == "1.2":
        context.maximum_version = ssl.TLSVersion.TLSv1_2
    if tls == "client":
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(os.path.join(directory, "clients.pem"))
    return context


def main():
    directory = sys.argv[1]
    site = Site(directory)
    received = os.path.join(directory, "received")
    with open(os.path.join(directory, "hosts"), encoding="ascii") as file:
        hosts = [line.split() for line in file]
    for name, address, tls in hosts:
        line_server.serve(address, LINE_PORT, received, name)
        http_server.serve(http_server.listen(address, 80), received, name, 80, None, site.answer)
        if tls != "none":
            context = context_for(directory, name, tls)
            for port in (443, 8443):
                http_server.serve(http_server.listen(address, port), received, name, port, context, site.answer)
    dns_server.serve(DNS_ADDRESS, directory)
    print("ready", flush=True)
    threading.Event().wait()


main()
