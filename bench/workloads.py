"""What is asked of each contestant, and how one run of it is measured."""
import time

import cpu_time
import testbed


class Workload:
    """`arguments(seconds)`: the load client's, for a run of about that long. `units`: of what it said, how many were done."""

    def __init__(self, name, says, unit, scale, arguments, units, only_minting=False):
        self.name = name
        self.says = says
        self.unit = unit            # CPU time per unit is printed as this
        self.scale = scale          # seconds per unit, times this
        self.arguments = arguments
        self.units = units
        self.only_minting = only_minting


def _timed(*arguments):
    return lambda seconds: [*arguments, "--seconds", str(seconds), "--expect-bytes", str(testbed.SMALL_BYTES)]


def _bulk(*arguments):
    """About a second each at 1 GB a second and per three requests."""
    return lambda seconds: [*arguments, "--requests", str(max(1, round(seconds * 3))), "--seconds", "60"]


_next_fresh_name = 0


def _fresh_names(seconds):
    global _next_fresh_name
    count = max(20, round(seconds * 160))
    first = _next_fresh_name
    _next_fresh_name += count
    if _next_fresh_name > testbed.NAMES_MAX:
        raise SystemExit("bench: out of fresh names; ask for fewer rounds")
    return ["--connections", "4", "--close", "--fresh-names", str(first), "--requests", str(count), "--seconds", "30",
            "--expect-bytes", str(testbed.SMALL_BYTES)]


WORKLOADS = [
    Workload("keepalive", "1 KiB answers on 16 kept connections", "us/request", 1e6,
             _timed("--connections", "16"), lambda said: said["ok"]),
    Workload("connect", "a new connection, full handshake, per request; 8 at a time", "us/connection", 1e6,
             _timed("--connections", "8", "--close"), lambda said: said["ok"]),
    Workload("resume", "the same, the client offering its last session", "us/connection", 1e6,
             _timed("--connections", "8", "--close", "--resume"), lambda said: said["ok"]),
    Workload("mint", "a new connection to a name never seen before, 4 at a time", "us/connection", 1e6,
             _fresh_names, lambda said: said["ok"], only_minting=True),
    Workload("reconnect", "the origin closes after each answer; 8 connections kept by the client where they can be", "us/request", 1e6,
             _timed("--connections", "8", "--path", "/close"), lambda said: said["ok"]),
    Workload("down", "100 MiB downloads, one after another", "s/GB", 1,
             _bulk("--path", "/big", "--expect-bytes", str(testbed.BIG_BYTES)), lambda said: said["received_bytes"] / 1e9),
    Workload("up", "100 MiB uploads, one after another", "s/GB", 1,
             _bulk("--path", "/upload", "--method", "POST", "--body-bytes", str(testbed.BIG_BYTES)),
             lambda said: said["sent_bytes"] / 1e9),
]


def named(names):
    known = {workload.name: workload for workload in WORKLOADS}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise SystemExit(f"bench: no workload {unknown[0]}; there are {', '.join(known)}")
    return [known[name] for name in names] or WORKLOADS


def measure(workload, contestant, origin, seconds, quiet_seconds):
    """One run, after a short one that warms up. A dictionary for the results' file."""
    testbed.run_client(contestant, workload.arguments(seconds / 10))
    _wait_until_quiet(quiet_seconds)
    pids = [process.pid for process in (contestant.process, origin) if process]
    before = [cpu_time.of_tree(pid) for pid in pids] + [cpu_time.of_machine(), time.monotonic()]
    said = testbed.run_client(contestant, workload.arguments(seconds))
    after = [cpu_time.of_tree(pid) for pid in pids] + [cpu_time.of_machine(), time.monotonic()]
    *ours, machine, elapsed = [b - a for a, b in zip(before, after)]
    cpu = ours[0] if contestant.process else None
    units = workload.units(said) if said["ok"] else 0
    good = units > 0 and said["bad"] == 0 and said["failed"] == 0
    return {
        "workload": workload.name, "contestant": contestant.name, "good": good, "unit": workload.unit,
        "cpu_per_unit": round(cpu / units * workload.scale, 4) if good and cpu is not None else None,
        "units_per_second": round(units / said["seconds"], 3) if good else None,
        "proxy_cpu": cpu, "others_cpu_share": round(max(0, machine - sum(ours) - said.get("client_cpu", 0)) / elapsed, 3), **said,
    }


def _wait_until_quiet(seconds):
    """Others may use this machine too: waits, not for long, until nobody does."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        before = cpu_time.of_machine()
        time.sleep(0.2)
        if cpu_time.of_machine() - before < 0.03:
            return
