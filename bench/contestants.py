"""Who is measured: how each is configured and started, and how clients reach it. A new contestant is one class."""
import json
import os
import subprocess

import testbed
from testbed import NAME, ORIGIN_PORT, TOKEN, WORK


class Contestant:
    name = ""
    mints = False              # makes certificates for names as they come
    only_if_named = False      # left out where no contestants are asked for
    address = "127.0.0.1"
    port = 0
    client_prefix = ()         # what the client's command line begins with
    client_authorization = "Bearer placeholder"
    trusted = os.path.join(WORK, "proxy-ca.crt")
    process = None             # with its descendants: what is measured

    def start(self):
        raise NotImplementedError

    def log(self):
        return testbed.log_of(self.name)


class Direct(Contestant):
    """No proxy: what client and origin can do."""
    name = "direct"
    port = ORIGIN_PORT
    client_authorization = f"Bearer {TOKEN}"
    trusted = os.path.join(WORK, "origin-ca.crt")

    def start(self):
        pass

    def log(self):
        return testbed.log_of("origin")


NGINX_CONFIG = """
daemon off; user root; worker_processes 1; pid {work}/nginx.pid; error_log {work}/nginx.log warn; worker_rlimit_nofile 20000;
events {{ worker_connections 18000; multi_accept on; }}
http {{
  access_log off; keepalive_timeout 600; keepalive_requests 100000000; client_max_body_size 0;
  client_body_temp_path {work}/nginx-1; proxy_temp_path {work}/nginx-2; fastcgi_temp_path {work}/nginx-3;
  uwsgi_temp_path {work}/nginx-4; scgi_temp_path {work}/nginx-5;
  map $host $injected {{ default $http_authorization; {name} "Bearer {token}"; ~\\.{name}$ "Bearer {token}"; }}
  upstream origin {{
    server 127.0.0.1:{origin_port}; keepalive 256; keepalive_requests 100000000; keepalive_timeout 600;
  }}
  server {{
    listen 127.0.0.1:{port} ssl backlog=4096;
    ssl_certificate {work}/static.crt; ssl_certificate_key {work}/static.key;
    ssl_session_cache shared:S:10m; ssl_protocols TLSv1.2 TLSv1.3; ssl_buffer_size 16k;
    location / {{
      proxy_pass https://origin; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_set_header Host $http_host; proxy_set_header Authorization $injected;
      proxy_request_buffering off; proxy_max_temp_file_size 0; proxy_buffers 16 16k; proxy_buffer_size 16k;
      proxy_ssl_verify on; proxy_ssl_trusted_certificate {work}/origin-ca.crt;
      proxy_ssl_server_name on; proxy_ssl_name $host; proxy_ssl_protocols TLSv1.2 TLSv1.3;
    }}
  }}
}}
"""


class Nginx(Contestant):
    """A static certificate: an upper bound for proxies that mint."""
    name = "nginx"
    port = 9001

    def start(self):
        config = NGINX_CONFIG.format(work=WORK, name=NAME, token=TOKEN, origin_port=ORIGIN_PORT, port=self.port)
        command = ["nginx", "-p", WORK, "-c", testbed.write("nginx.conf", config)]
        self.process = testbed.start_process(self.name, command, testbed.PROXY_CPU)


HAPROXY_CONFIG = """
global
  nbthread 1
  maxconn 9500
  tune.ssl.default-dh-param 2048
  ssl-default-bind-options ssl-min-ver TLSv1.2
  {globals}
defaults
  mode http
  timeout client 600s
  timeout server 600s
  timeout connect 5s
  timeout http-keep-alive 600s
  option http-keep-alive
  http-reuse always
frontend proxy
  bind 127.0.0.1:{port} ssl crt {certificate} alpn http/1.1 backlog 4096 {minting}
  http-request set-header Authorization "Bearer {token}" if {{ req.hdr(host),field(1,:) -i -m end {name} }}
  default_backend origin
backend origin
  server origin 127.0.0.1:{origin_port} ssl verify required ca-file {work}/origin-ca.crt sni ssl_fc_sni alpn http/1.1 pool-max-conn 300
"""

# HAProxy 2.6 leaves "dh key too small" on OpenSSL's error queue when it mints, and drops the first connection of each name.
LOW_SECURITY_LEVEL = """
openssl_conf = defaults
[defaults]
ssl_conf = tls
[tls]
system_default = low
[low]
CipherString = DEFAULT@SECLEVEL=1
"""


class Haproxy(Contestant):
    name = "haproxy"
    port = 9002
    certificate = "static.pem"
    globals = ""
    minting = ""
    environment = {}

    def start(self):
        config = HAPROXY_CONFIG.format(work=WORK, name=NAME, token=TOKEN, origin_port=ORIGIN_PORT, port=self.port,
                                       certificate=testbed.path(self.certificate), globals=self.globals, minting=self.minting)
        command = ["haproxy", "-db", "-f", testbed.write(self.name + ".cfg", config)]
        self.process = testbed.start_process(self.name, command, testbed.PROXY_CPU, env={**os.environ, **self.environment})


class HaproxyMint(Haproxy):
    name = "haproxy_mint"
    mints = True
    port = 9003
    certificate = "dummy.pem"
    globals = "tune.ssl.ssl-ctx-cache-size 4000"
    minting = f"generate-certificates ca-sign-file {WORK}/proxy-ca.pem"

    def start(self):
        self.environment = {"OPENSSL_CONF": testbed.write("low-security-level.cnf", LOW_SECURITY_LEVEL)}
        super().start()


class Sallyport(Contestant):
    """As it is used: transparently, for clients in a guarded namespace, with 100 rules, access log and identity."""
    name = "sallyport"
    mints = True
    address = "203.0.113.1"  # a real address: the name comes from the SNI, and the daemon resolves it itself
    port = ORIGIN_PORT
    audit = {}

    def __init__(self, program):
        self.program = program
        self.trusted = os.path.join(WORK, self.name + "-ca.crt")

    def start(self):
        netns = testbed.make_sandbox_namespace(self.name)
        self.client_prefix = ("nsenter", f"--net={netns}")
        ready, ready_sender = os.pipe()
        hosts = [NAME] + [f"n{i}.{NAME}" for i in range(testbed.NAMES_MAX)]
        command = [self.program, "attach", "--netns", netns,
                   "--policy", testbed.write(self.name + ".json", json.dumps({**sallyport_policy(), **self.audit})),
                   "--ca-out", self.trusted, "--ready-fd", str(ready_sender),
                   "--access-log", testbed.path(self.name + ".access.log"),
                   "--hosts", testbed.write("hosts", "".join(f"127.0.0.1 {host}\n" for host in hosts)),
                   "--resolv-conf", testbed.write("resolv.conf", "nameserver 127.0.0.1\n")]
        self.process = testbed.start_process(self.name, command, testbed.PROXY_CPU, pass_fds=[ready_sender],
                                             env={**os.environ, "BENCH_TOKEN": TOKEN})
        os.close(ready_sender)
        if not os.read(ready, 100):
            raise SystemExit(f"bench: sallyport does not start\n{self.log()}")
        os.close(ready)


class SallyportAudit(Sallyport):
    """The same, with the audit log."""
    name = "sallyport_audit"
    only_if_named = True
    audit = {"audit": {"file": os.path.join(WORK, "audit", "audit.jsonl")}}


class SallyportReplay(Sallyport):
    """The same, with an audit log that decisions can be replayed from."""
    name = "sallyport_replay"
    only_if_named = True
    audit = {"audit": {"file": os.path.join(WORK, "audit-replay", "audit.jsonl"), "replay": True}}


def sallyport_policy():
    """100 rules, of which the bench's own two stand in the middle."""
    rules = [other_rule(i) for i in range(98)]
    for host in (f"*.{NAME}", NAME):
        rules.insert(49, {"host": host, "port": ORIGIN_PORT, "cidr": "127.0.0.0/8", "credential": "bench"})
    return {
        "version": 1,
        "upstream_ca": os.path.join(WORK, "origin-ca.crt"),
        "secrets": {"token": {"env": "BENCH_TOKEN"}},
        "credentials": {"bench": {"type": "bearer", "secret": "token"}},
        "policies": {"bench": {"default": "deny", "rules": rules}},
    }


def other_rule(i):
    """The kinds of rule that policies are made of, for hosts that nobody asks for."""
    return [
        {"host": f"api{i}.example.com", "methods": ["GET", "HEAD"], "paths": ["/repos/acme/**"], "credential": "bench"},
        {"host": f"*.team{i}.example.net"},
        {"host": f"**.blocked{i}.example.org", "deny": True},
        {"host": f"registry{i}.example.io", "port": 8443, "methods": ["GET"]},
    ][i % 4]


def all_contestants(sallyport_program):
    return [Direct(), Nginx(), Haproxy(), HaproxyMint(), Sallyport(sallyport_program), SallyportAudit(sallyport_program),
            SallyportReplay(sallyport_program)]


def build_sallyport():
    """The program as a user builds it; returns its path."""
    subprocess.run([os.path.join(testbed.TOP, "scripts/install_packages")], check=True)
    subprocess.run([os.path.join(testbed.TOP, "scripts/build"), "release", "--target", "sallyport"], check=True)
    return os.path.join(testbed.TOP, "build/sallyport")
