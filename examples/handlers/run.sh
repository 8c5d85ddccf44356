#!/usr/bin/env bash
# Handlers see a sandbox's requests on the way: one in JavaScript adds a token that the sandbox cannot see, and one in Python
# does the same and refuses to write. With arguments after --, runs those instead, under the script's policy.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
gate=${SALLYPORT:-$top/build/sallyport}
[ "$(id -u)" -eq 0 ] || exec sudo --preserve-env=SALLYPORT,TERM "$0" "$@"

out=$(mktemp -d)
chmod 755 "$out"
started=()
cleanup() {
  for pid in "${started[@]}"; do kill "$pid" 2>/dev/null || true; done
  rm -rf "$out"
}
trap cleanup EXIT

# The service's own CA and certificate.
key=(-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes)
openssl req -x509 "${key[@]}" -keyout "$out/ca.key" -out "$out/ca.pem" -days 2 -subj "/CN=Demonstration CA" \
  -addext keyUsage=critical,keyCertSign 2>/dev/null
openssl req "${key[@]}" -keyout "$out/origin.key" -out "$out/origin.csr" -subj "/CN=my-internal-vcs.dev" 2>/dev/null
openssl x509 -req -in "$out/origin.csr" -CA "$out/ca.pem" -CAkey "$out/ca.key" -CAcreateserial -days 2 -out "$out/origin.pem" \
  -extfile <(printf 'subjectAltName=DNS:my-internal-vcs.dev,DNS:mirror.my-internal-vcs.dev') 2>/dev/null

# The service, with a token made up for this run; and the handler in Python, which is not given the token.
VCS_TOKEN="tok_$(openssl rand -hex 20)"
export VCS_TOKEN
touch "$out/received"
mkfifo "$out/port"
/usr/bin/python3 "$here/../first_light/origin.py" "$out/origin.pem" "$out/origin.key" "$out/received" >"$out/port" &
started+=($!)
read -r port <"$out/port"
env -u VCS_TOKEN /usr/bin/python3 "$here/python_handler.py" "$out/handler.sock" &
started+=($!)
for _ in $(seq 100); do [ -S "$out/handler.sock" ] && break || sleep 0.05; done
# Outside of the working directory, which the sandbox may change.
cp "$here/vcs.js" "$out/vcs.js"
sed -e "s#@PORT@#$port#" -e "s#@CA@#$out/ca.pem#" -e "s#@SCRIPT@#$out/vcs.js#" -e "s#@SOCKET@#$out/handler.sock#" \
  "$here/policy.yaml" >"$out/policy.yaml"
printf '127.0.0.1 localhost my-internal-vcs.dev mirror.my-internal-vcs.dev\n' >"$out/hosts"

in_sandbox() {
  local policy=$1
  shift
  "$gate" run --policy "$out/policy.yaml#$policy" --as demo --hosts "$out/hosts" --access-log "$out/access.log" "$@"
}
if [ "${1:-}" = "--" ]; then
  echo "the demonstration's service is https://my-internal-vcs.dev:$port/repos/"
  in_sandbox script -- "${@:2}" && exit 0 || exit $?
fi

title() { printf '\n\033[1m%s\033[0m\n' "$*"; }
fail() { printf '\nFAILED: %s\n' "$*"; exit 1; }

title "1. Inside the sandbox: curl https://my-internal-vcs.dev:$port/repos/   (no token anywhere; vcs.js adds it)"
in_sandbox script -- curl -sS -i "https://my-internal-vcs.dev:$port/repos/" | tee "$out/response"
grep -q '^HTTP/1.1 200' "$out/response" || fail "the call did not succeed"
grep -q "$VCS_TOKEN" "$out/response" && fail "the token is in the response"

title "2. What the service received"
cat "$out/received"
grep -q "$VCS_TOKEN" "$out/received" || fail "the token did not arrive"

title "3. outboundHandlers.readOnly: reading goes on to the service (which asks who that is), writing is answered on the way"
in_sandbox script -- curl -sS "https://mirror.my-internal-vcs.dev:$port/repos/" | tee "$out/read"
grep -q 'who are you' "$out/read" || fail "the read did not reach the service"
in_sandbox script -- curl -sS -i -X DELETE "https://mirror.my-internal-vcs.dev:$port/repos/gate" | tee "$out/write"
grep -q '^read only' "$out/write" || fail "the handler did not answer"

title "4. The same from a handler in Python, behind a unix socket"
in_sandbox service -- curl -sS -i "https://my-internal-vcs.dev:$port/repos/" | tee "$out/service"
grep -q '^HTTP/1.1 200' "$out/service" || fail "the call did not succeed"
in_sandbox service -- curl -sS -i -X DELETE "https://my-internal-vcs.dev:$port/repos/gate" | tee "$out/refused"
grep -q '^read only' "$out/refused" || fail "the handler did not answer"
grep -q DELETE "$out/received" && fail "a DELETE reached the service"

title "5. The access log: one line a request, no secret"
cat "$out/access.log"
grep -q "$VCS_TOKEN" "$out/access.log" && fail "the token is in the access log"

title "All of it holds. Try your own:  examples/handlers/run.sh -- CMD…"
