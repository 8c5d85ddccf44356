"""A token endpoint and a Vault server, as far as tests need them; every host has them, below /oauth and /vault. Tests move them by
files in `store/`: `mode` (up, down, revoked), `expires_in` (seconds), `value` (what the secret is). What they did is in
`store/log`, a line each. /guarded lets in who shows a token that has not ended."""
import base64
import json
import os
import secrets
import threading
import time
from urllib.parse import parse_qs, quote

from http_server import response

CLIENT = "agent"
ROLE = "role-1"


class Stores:
    def __init__(self, directory, token, password):
        self.directory = os.path.join(directory, "store")
        self.token = token        # what tokens begin with, so that a leak of one is seen
        self.password = password  # the client's, and the role's secret id
        self.lock = threading.Lock()
        self.ends = {}            # token → when it ends
        self.logins = set()

    def setting(self, name):
        with open(os.path.join(self.directory, name), encoding="ascii") as file:
            return file.read().strip()

    def log(self, line):
        with self.lock, open(os.path.join(self.directory, "log"), "a", encoding="ascii") as file:
            file.write(line + "\n")

    def issue(self):
        token = f"{self.token}-{secrets.token_hex(8)}"
        lifetime = int(self.setting("expires_in"))
        with self.lock:
            self.ends[token] = time.monotonic() + lifetime
        self.log("issued")
        return token, lifetime

    def is_live(self, token):
        with self.lock:
            return self.ends.get(token, 0) > time.monotonic()


def answer(request, status, value):
    body = json.dumps(value).encode()
    request.connection.send(response(status, [("Content-Type", "application/json")], body))


def oauth_page(site, request):
    stores = site.stores
    form = parse_qs(request.body().decode("ascii"), strict_parsing=True)
    mode = stores.setting("mode")
    if mode == "down":
        stores.log("down")
        return answer(request, 503, {"error": "temporarily_unavailable"})
    basic = base64.b64encode(f"{CLIENT}:{quote(stores.password, safe='')}".encode()).decode()
    is_client = request.header("Authorization") == "Basic " + basic and "client_secret" not in form
    if mode == "revoked" or not is_client or request.method != "POST":
        stores.log("refused")
        return answer(request, 401, {"error": "invalid_client"})
    if form.get("grant_type") != ["client_credentials"] or form.get("scope") != ["read"]:
        return answer(request, 400, {"error": "invalid_request"})
    token, lifetime = stores.issue()
    return answer(request, 200, {"access_token": token, "token_type": "Bearer", "expires_in": lifetime})


def vault_page(site, request):
    stores = site.stores
    mode = stores.setting("mode")
    path = request.path.removeprefix("/vault/v1/")
    body = request.body()
    if mode == "down":
        stores.log("down")
        return answer(request, 503, {"errors": ["Vault is sealed"]})
    if request.method == "POST" and path == "auth/approle/login":
        if json.loads(body) != {"role_id": ROLE, "secret_id": stores.password}:
            return answer(request, 400, {"errors": ["invalid role or secret ID"]})
        token = "hvs." + secrets.token_hex(8)
        stores.logins.add(token)
        stores.log("login")
        return answer(request, 200, {"auth": {"client_token": token, "lease_duration": 3600, "renewable": True}})
    if request.header("X-Vault-Token") not in stores.logins or request.header("X-Vault-Request") != "true":
        return answer(request, 403, {"errors": ["permission denied"]})
    if mode == "revoked":
        stores.log("refused")
        return answer(request, 403, {"errors": ["permission denied"]})
    if request.method != "GET" or path != "kv/data/agents/api":
        return answer(request, 404, {"errors": []})
    stores.log("read")
    return answer(request, 200, {"data": {"data": {"key": stores.setting("value")}, "metadata": {"version": 1}}})


def guarded_page(site, request):
    """Does not say the token back."""
    scheme, _, token = (request.header("Authorization") or "").partition(" ")
    if scheme == "Bearer" and site.stores.is_live(token):
        answer(request, 200, {"welcome": True})
    else:
        answer(request, 401, {"welcome": False})
