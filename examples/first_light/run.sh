#!/usr/bin/env bash
# A sandboxed curl calls a private service with a token that it cannot see. With arguments after --, runs those instead.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
gate=${SALLYPORT:-$top/build/sallyport}
[ "$(id -u)" -eq 0 ] || exec sudo --preserve-env=SALLYPORT,TERM "$0" "$@"

out=$(mktemp -d)
chmod 755 "$out"
origin_pid=
cleanup() {
  [ -z "$origin_pid" ] || kill "$origin_pid" 2>/dev/null || true
  rm -rf "$out"
}
trap cleanup EXIT

# The service's own CA and certificate.
key=(-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes)
openssl req -x509 "${key[@]}" -keyout "$out/ca.key" -out "$out/ca.pem" -days 2 -subj "/CN=Demonstration CA" \
  -addext keyUsage=critical,keyCertSign 2>/dev/null
openssl req "${key[@]}" -keyout "$out/origin.key" -out "$out/origin.csr" -subj "/CN=vcs.example" 2>/dev/null
openssl x509 -req -in "$out/origin.csr" -CA "$out/ca.pem" -CAkey "$out/ca.key" -CAcreateserial -days 2 -out "$out/origin.pem" \
  -extfile <(printf 'subjectAltName=DNS:vcs.example') 2>/dev/null

# The service, with a token made up for this run.
VCS_TOKEN="tok_$(openssl rand -hex 20)"
export VCS_TOKEN
touch "$out/received"
mkfifo "$out/port"
/usr/bin/python3 "$here/origin.py" "$out/origin.pem" "$out/origin.key" "$out/received" >"$out/port" &
origin_pid=$!
read -r port <"$out/port"
sed -e "s#@PORT@#$port#" -e "s#@CA@#$out/ca.pem#" "$here/policy.yaml" >"$out/policy.yaml"
printf '127.0.0.1 localhost vcs.example\n' >"$out/hosts"

in_sandbox() {
  "$gate" run --policy "$out/policy.yaml" --as demo --hosts "$out/hosts" --access-log "$out/access.log" "$@"
}
if [ "${1:-}" = "--" ]; then
  echo "the demonstration's service is https://vcs.example:$port/repos/"
  in_sandbox -- "${@:2}" && exit 0 || exit $?
fi

title() { printf '\n\033[1m%s\033[0m\n' "$*"; }
fail() { printf '\nFAILED: %s\n' "$*"; exit 1; }

title "1. Inside the sandbox: curl https://vcs.example:$port/repos/   (no token anywhere)"
in_sandbox -- curl -sS -i "https://vcs.example:$port/repos/" | tee "$out/response"
grep -q '^HTTP/1.1 200' "$out/response" || fail "the call did not succeed"

title "2. What the service received: the token was put in on the way"
cat "$out/received"
grep -q "$VCS_TOKEN" "$out/received" || fail "the token did not arrive"

title "3. The token inside the sandbox: environment, file system, processes, response"
grep -c "$VCS_TOKEN" "$out/response" >/dev/null && fail "the token is in the response"
# What to look for goes in backwards on standard input and stays out of every command line, so that looking for it does not
# put it there.
printf '%s\n' "$VCS_TOKEN" | rev | in_sandbox -- bash -c '
  token=$(rev)
  holds() { grep -qf <(printf %s "$token") "$@"; }
  found=0
  env | holds && { echo "in the environment"; found=1; }
  cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline 2>/dev/null | tr "\0" "\n" | holds && { echo "in /proc"; found=1; }
  holds -rsI --exclude-dir=proc --exclude-dir=sys --exclude-dir=dev /etc /run /tmp /root /home /var "$PWD" && { echo "in a file"; found=1; }
  [ $found = 0 ] && echo "looked in the environment, in /proc of every process, in /etc, /run, /tmp, /root, /home, /var and here: nothing"
  exit $found' || fail "the token is visible inside"

title "4. Another host is blocked, and says so"
in_sandbox -- curl -sS -i https://elsewhere.example/ | tee "$out/blocked"
grep -q '^HTTP/1.1 403' "$out/blocked" || fail "the other host was not blocked"

title "5. A method that the rule does not allow is blocked too"
in_sandbox -- curl -sS -X DELETE "https://vcs.example:$port/repos/gate"

title "6. There is no other way out: no route, no interface but loopback"
in_sandbox -- bash -c 'tail -n +3 /proc/net/dev | cut -d: -f1; exec 3<>/dev/tcp/192.0.2.1/22' 2>&1 | tail -n 2 || true
in_sandbox -- timeout 5 bash -c 'exec 3<>/dev/tcp/192.0.2.1/22; read -r -t 4 line <&3 && echo "REACHED $line"' 2>/dev/null \
  | grep REACHED && fail "something answered"

title "7. The access log: one line a request, no secret"
cat "$out/access.log"
grep -q "$VCS_TOKEN" "$out/access.log" && fail "the token is in the access log"

title "All of it holds. Try your own:  ./run -- CMD…"
