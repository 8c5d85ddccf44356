"""The fake internet of tests/integration beside a daemon that guards one sandbox, each in a namespace of its own."""
import json
import os
import re
import signal
import socket
import subprocess
import time

import ledger
import testbed
from testbed import TOKEN, path

INTEGRATION = os.path.join(testbed.TOP, "tests/integration")
HOSTS = {"api.acme.example": "203.0.113.10", "open.acme.example": "203.0.113.11", "pinned.acme.example": "203.0.113.12",
         "db.acme.example": "203.0.113.13", "evil.example": "203.0.113.66"}
NAME_SERVER = "203.0.113.53"

POLICY = {
    "version": 1,
    "secrets": {"token": {"env": "SOAK_TOKEN"}},
    "credentials": {"token": {"type": "header", "name": "X-Auth-Token", "value": "${secrets.token}"}},
    "policies": {"soak": {"default": "deny", "rules": [
        {"name": "forbidden", "host": "open.acme.example", "paths": ["/forbidden"], "deny": True},
        {"name": "api", "host": "api.acme.example", "credential": "token"},
        {"name": "open", "host": "open.acme.example"},
        {"name": "cleartext", "host": "open.acme.example", "scheme": "http"},
        {"name": "sockets", "host": "open.acme.example", "port": 9443},
        {"name": "http2", "host": "open.acme.example", "port": 9444},
        {"name": "guardedsockets", "host": "api.acme.example", "port": 9443, "credential": "token"},
        {"name": "lines", "tcp": "db.acme.example:5432"},
        {"name": "pinned", "host": "pinned.acme.example", "tls": "passthrough"},
    ]}},
}


def ip(netns, *commands):
    subprocess.run(["nsenter", f"--net={netns}", "ip", "-batch", "-"], input="\n".join(commands), text=True, check=True)


class World:
    def __init__(self, program):
        self.program = program
        self.sandbox = testbed.make_sandbox_namespace("sandbox")
        self.trusted, self.root = path("sandbox-ca.crt"), path("root.crt")
        self.token = TOKEN
        self._make_internet()
        self._start_internet()
        self.daemon = self._start_daemon()
        self.book = ledger.Book(self._log)

    def _make_internet(self):
        self.internet = testbed.make_sandbox_namespace("internet")
        addresses = [NAME_SERVER, *HOSTS.values()]
        ip(self.internet, "link set lo up", f"link add down0 type veth peer name up0 netns {os.getpid()}",
           "addr add 192.0.2.1/24 dev down0", "link set down0 up", *[f"addr add {address}/32 dev lo" for address in addresses])
        ip("/proc/self/ns/net", "addr add 192.0.2.2/24 dev up0", "link set up0 up", "route add default via 192.0.2.1")
        subprocess.run(["mount", "--bind", testbed.write("resolv.conf", f"nameserver {NAME_SERVER}\n"),
                        os.path.realpath("/etc/resolv.conf")], check=True)

    def _start_internet(self):
        for name in ("certs", "received", "gates", "store", "site", "git"):
            os.makedirs(path("internet/" + name))
        testbed.make_certificate("root", None, ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign"])
        for host in HOSTS:
            testbed.make_certificate(host, "root", [f"subjectAltName=DNS:{host}", "extendedKeyUsage=serverAuth"])
            os.rename(path(host + ".pem"), path(f"internet/certs/{host}.pem"))
        testbed.write("internet/hosts", "".join(f"{host} {address} any\n" for host, address in HOSTS.items()))
        testbed.write("internet/zone", "".join(f"{host} A all {address}\n" for host, address in HOSTS.items()))
        for name in ("token", "password"):
            testbed.write("internet/" + name, TOKEN)
        testbed.write("internet/aws_keys", f"AKIDEXAMPLE {TOKEN}\n")
        self._start_origin("internet", ["origin/internet.py", path("internet")], "ready")
        for host in ("open.acme.example", "api.acme.example"):
            self._start_origin("sockets-" + host, ["origin/websocket_server.py", HOSTS[host], "9443", path(f"internet/certs/{host}.pem"),
                                                   TOKEN], "up")

        os.makedirs(path("www"))
        testbed.write("www/static", "static\n")
        pem = path("internet/certs/open.acme.example.pem")
        self._start_in_internet("nghttpd", ["nghttpd", "-d", path("www"), "-a", HOSTS["open.acme.example"], "9444", pem, pem])
        self._wait_for_listener(HOSTS["open.acme.example"], 9444)

    def _start_origin(self, name, argv, ready):
        self._start_in_internet(name, ["/usr/bin/python3", os.path.join(INTEGRATION, argv[0]), *argv[1:]], ready)

    def _start_in_internet(self, name, argv, ready=""):
        command = ["nsenter", f"--net={self.internet}", *argv]
        with open(path(name + ".log"), "wb") as log:
            subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                             env={**os.environ, "RECORD": "no", "PYTHONDONTWRITEBYTECODE": "1"})
        deadline = time.monotonic() + 30
        while ready not in testbed.log_of(name):
            if time.monotonic() > deadline:
                raise SystemExit(f"soak: {name} does not start: {testbed.log_of(name)}")
            time.sleep(0.05)

    @staticmethod
    def _wait_for_listener(address, port):
        for _ in range(600):
            with socket.socket() as probe:
                if probe.connect_ex((address, port)) == 0:
                    return
            time.sleep(0.05)
        raise SystemExit(f"soak: nobody listens at {address}:{port}")

    def _start_daemon(self):
        # An hour's lines are more than the tmpfs holds.
        self._log = os.path.join(testbed.OUT, "soak.access.log")
        if os.path.exists(self._log):
            os.remove(self._log)
        policy = testbed.write("soak.json", json.dumps({**POLICY, "upstream_ca": path("root.crt")}))
        ready, ready_sender = os.pipe()
        command = [self.program, "attach", "--netns", self.sandbox, "--policy", policy, "--ca-out", self.trusted, "--ready-fd",
                   str(ready_sender), "--access-log", self._log]
        with open(path("daemon.log"), "wb") as log:
            daemon = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=[ready_sender],
                                      env={**os.environ, "SOAK_TOKEN": TOKEN})
        os.close(ready_sender)
        if not os.read(ready, 100):
            raise SystemExit(f"soak: sallyport does not start\n{testbed.log_of('daemon')}")
        return daemon

    def start_inside(self, argv, **options):
        return subprocess.Popen(["nsenter", f"--net={self.sandbox}", *argv], stdin=subprocess.DEVNULL, **options)

    def stop(self):
        self.daemon.send_signal(signal.SIGTERM)
        self.exit_code = self.daemon.wait(60)

    def messages_verdict(self):
        """It ended as it was told to, had nothing to complain of, and has told nobody the secret."""
        with open(path("daemon.log"), encoding="utf-8", errors="replace") as file:
            messages = file.read()
        with open(self._log, encoding="utf-8", errors="replace") as file:
            tells = TOKEN in messages or any(TOKEN in line for line in file)
        complaints = re.findall(r"^.*(?:error|CHECK|Sanitizer).*$", messages, re.MULTILINE | re.IGNORECASE)
        good = self.exit_code == 0 and not complaints and not tells
        return good, f"daemon: exit status {self.exit_code}, {len(complaints)} complaints{': ' + complaints[0] if complaints else ''}" + (
            "; THE SECRET IS IN THE LOG" if tells else "")
