"""The clients of the soak: processes in the sandbox, one for each kind, that say at their end what they did. A kind is a file that has
KINDS (names and functions): ordinary.py, http2.py, sockets.py, hostile.py. To add one, write a function there; to add a protocol, add a file to
`MODULES`."""
import importlib
import json
import os
import subprocess
import sys
import time

MODULES = ["ordinary", "sockets", "http2", "hostile"]


def _all():
    return {name: module for module in MODULES for name in importlib.import_module(module).KINDS}


sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
KINDS = _all()
USUAL = list(KINDS)


def start(kind, place, end, seed):
    argv = ["/usr/bin/python3", os.path.join(os.path.dirname(os.path.abspath(__file__)), "actor.py"), kind, str(end), str(seed),
            place.trusted, place.root, place.token]
    return kind, place.start_inside(argv, stdout=subprocess.PIPE, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"})


def finish(running):
    """`count`: what it did; `marks`, `unsure`, `many`, `by_rule`, `attempts`: see ledger; `wrong`: answers that were not right."""
    kind, process = running
    nothing = {"kind": kind, "mark": kind, "count": 0, "marks": 0, "unsure": [], "many": {}, "by_rule": {}, "attempts": 0}
    try:
        said = process.communicate(timeout=90)[0]
    except subprocess.TimeoutExpired:
        process.kill()
        return {**nothing, "wrong": ["it did not end"]}
    return {**nothing, **json.loads(said)} if process.returncode == 0 else {**nothing, "wrong": [f"it ended with {process.returncode}"]}


def verdicts(done):
    for one in done:
        wrong = one["wrong"]
        good = one["count"] > 0 and not wrong
        yield good, f"client: {one['kind']}: {one['count']} done, {len(wrong)} wrong{': ' + '; '.join(wrong[:3]) if wrong else ''}"
