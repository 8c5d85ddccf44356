"""The place that the benchmark runs in: its own network, mount and process namespaces (which end with it, whatever ends
it), a PKI, the origin, and a sandbox's namespace. Everything written lies in a tmpfs that only this run sees."""
import json
import os
import resource
import signal
import subprocess
import sys
import time

BENCH = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(BENCH)
OUT = os.path.join(BENCH, "out")
WORK = os.path.join(OUT, "work")
LOAD_CLIENT = os.path.join(OUT, "load_client")

NAME = "bench.test"
ORIGIN_PORT = 8443
TOKEN = "sekret-token-0123456789"
SMALL_BYTES = 1024
BIG_BYTES = 100 * 1024 * 1024
NAMES_MAX = 10000  # n0.bench.test and so on, for names never seen before

PROXY_CPU = "0"
CLIENT_CPU = "1"

CONTEST_PACKAGES = ["nginx-light", "haproxy", "openssl", "iproute2", "nftables", "util-linux", "g++", "libssl-dev", "libcli11-dev"]

INSIDE = "SALLYPORT_BENCH_INSIDE"


def enter(packages=(), is_contest=True):
    """Returns inside the namespaces. Outside, installs and builds what is needed, runs this same program inside, and
    exits as it does. A contest needs the contestants, and the load client."""
    if os.environ.get(INSIDE) == "1":
        return _settle_in()
    if os.geteuid() != 0:
        sys.exit("bench: needs root, for network namespaces")
    if is_contest:
        packages = [*CONTEST_PACKAGES, *packages]
    subprocess.run([os.path.join(TOP, "scripts/install_packages"), *packages], check=True)
    os.makedirs(WORK, exist_ok=True)
    if is_contest:
        _build_load_client()
    sys.exit(_run_inside())


def _run_inside():
    """Killing `unshare` kills the first process of the new process namespace, and with it every other one in it."""
    command = ["setpriv", "--pdeathsig", "KILL", "unshare", "--net", "--mount", "--pid", "--fork", "--kill-child",
               "--mount-proc", sys.executable, *sys.argv]
    inside = subprocess.Popen(command, env={**os.environ, INSIDE: "1"}, start_new_session=True)
    signal.signal(signal.SIGTERM, lambda *_: inside.kill())
    signal.signal(signal.SIGHUP, lambda *_: inside.kill())
    try:
        return inside.wait()
    except KeyboardInterrupt:
        inside.kill()
        inside.wait()
        return 130


def _build_load_client():
    source = os.path.join(BENCH, "load_client.cc")
    if os.path.exists(LOAD_CLIENT) and os.path.getmtime(LOAD_CLIENT) > os.path.getmtime(source):
        return
    subprocess.run(["g++", "-O2", "-std=c++20", "-Wall", "-Wextra", "-o", LOAD_CLIENT, source, "-lssl", "-lcrypto"], check=True)


def _settle_in():
    signal.signal(signal.SIGINT, signal.default_int_handler)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1g,mode=755", "bench", WORK], check=True)
    resource.setrlimit(resource.RLIMIT_NOFILE, (20000, 20000))
    tune_namespace()
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


def tune_namespace(prefix=()):
    """Many connections in turn must not run out of ports or backlog."""
    settings = {"net.ipv4.ip_local_port_range": "12000 65000", "net.ipv4.tcp_tw_reuse": "1", "net.core.somaxconn": "8192",
                "net.ipv4.tcp_max_syn_backlog": "8192"}
    assignments = [f"{key}={value}" for key, value in settings.items()]
    subprocess.run([*prefix, "sysctl", "-qw", *assignments], check=True)


def path(name):
    return os.path.join(WORK, name)


def write(name, text):
    with open(path(name), "w", encoding="utf-8") as file:
        file.write(text)
    return path(name)


def make_certificates():
    """origin-ca signs the origin; proxy-ca signs what proxies with a static certificate show, and is what they mint with."""
    make_certificate("origin-ca", None, ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign"])
    make_certificate("proxy-ca", None, ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign"])
    names = f"subjectAltName=DNS:{NAME},DNS:*.{NAME}"
    make_certificate("origin", "origin-ca", [names, "extendedKeyUsage=serverAuth"])
    make_certificate("static", "proxy-ca", [names, "extendedKeyUsage=serverAuth"])
    make_certificate("dummy", "proxy-ca", ["subjectAltName=DNS:dummy.invalid"])


def make_certificate(name, issuer, extensions):
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
               "-subj", f"/CN={name}", "-keyout", path(name + ".key"), "-out", path(name + ".crt")]
    if issuer:
        command += ["-CA", path(issuer + ".crt"), "-CAkey", path(issuer + ".key"), "-addext", "basicConstraints=CA:FALSE"]
    for extension in extensions:
        command += ["-addext", extension]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    with open(path(name + ".pem"), "wb") as both:
        for part in (".crt", ".key"):
            with open(path(name + part), "rb") as file:
                both.write(file.read())


ORIGIN_CONFIG = """
daemon off; user root; worker_processes 1; pid {work}/origin.pid; error_log {work}/origin.log warn;
worker_rlimit_nofile 20000;
events {{ worker_connections 18000; multi_accept on; }}
http {{
  access_log off; keepalive_timeout 600; keepalive_requests 100000000; client_max_body_size 0; ssl_buffer_size 16k;
  output_buffers 2 64k; client_body_buffer_size 64k;
  client_body_temp_path {work}/origin-body; proxy_temp_path {work}/origin-1; fastcgi_temp_path {work}/origin-2;
  uwsgi_temp_path {work}/origin-3; scgi_temp_path {work}/origin-4;
  # Where the credential does not arrive, no request succeeds and the run is void.
  map $http_authorization $authorized {{ default 0; "Bearer {token}" 1; }}
  server {{
    listen 127.0.0.1:{port} ssl backlog=4096;
    ssl_certificate {work}/origin.crt; ssl_certificate_key {work}/origin.key;
    ssl_session_cache shared:S:10m; ssl_protocols TLSv1.2 TLSv1.3;
    root {work}/www; default_type application/octet-stream;
    if ($authorized = 0) {{ return 401 "no credential\\n"; }}
    location = /small {{ return 200 "{small}"; }}
    location = /close {{ keepalive_timeout 0; return 200 "{small}"; }}
    location = /big {{ }}
    # The whole body has been received before the answer is asked for.
    location = /upload {{ proxy_pass http://unix:{work}/sink.sock; proxy_pass_request_body off;
      client_body_in_file_only clean; proxy_set_header Content-Length ""; proxy_set_header X-Length $request_length; }}
  }}
  server {{ listen unix:{work}/sink.sock; location / {{ return 200 "$http_x_length\\n"; }} }}
}}
"""


def start_origin():
    os.makedirs(path("www"))
    with open(path("www/big"), "wb") as file:
        file.write(os.urandom(1024 * 1024) * (BIG_BYTES // (1024 * 1024)))
    config = ORIGIN_CONFIG.format(work=WORK, token=TOKEN, port=ORIGIN_PORT, small="x" * SMALL_BYTES)
    return start_process("origin", ["nginx", "-p", WORK, "-c", write("origin.conf", config)], CLIENT_CPU)


def make_sandbox_namespace(name):
    """A network namespace, kept under the path that is returned."""
    netns = write(name + ".netns", "")
    subprocess.run(["unshare", f"--net={netns}", "true"], check=True)
    tune_namespace(["nsenter", f"--net={netns}"])
    return netns


def start_process(name, command, cpu, **options):
    with open(path(name + ".log"), "ab") as log:
        return subprocess.Popen(["taskset", "-c", cpu, *command], cwd=WORK, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                **options)


def log_of(name):
    with open(path(name + ".log"), encoding="utf-8", errors="replace") as file:
        return file.read()[-2000:]


def run_client(contestant, arguments, timeout=180):
    """What the load client says of one run against a contestant."""
    command = [*contestant.client_prefix, "taskset", "-c", CLIENT_CPU, LOAD_CLIENT, "--address", contestant.address, "--port",
               str(contestant.port), "--name", NAME, "--ca", contestant.trusted, "--authorization",
               contestant.client_authorization, *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, timeout=timeout, check=False)
    return json.loads(done.stdout) if done.stdout else {"ok": 0, "bad": 0, "failed": 1, "error": "the load client failed"}


def wait_until_serving(contestant, seconds=15):
    deadline = time.monotonic() + seconds
    said = {}
    while time.monotonic() < deadline:
        said = run_client(contestant, ["--requests", "1", "--seconds", "2", "--expect-bytes", str(SMALL_BYTES)])
        if said["ok"] == 1:
            return
        time.sleep(0.05)
    sys.exit(f"bench: {contestant.name} does not serve: {said['error']}\n{contestant.log()}")
