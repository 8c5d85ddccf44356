"""Processor time of processes, from /proc: of all threads of a process and of its descendants."""
import os

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def descendants(pid):
    """The process and everything that it started and that still runs."""
    found = [pid]
    for thread in _threads(pid):
        for child in _read(f"/proc/{pid}/task/{thread}/children").split():
            found += descendants(int(child))
    return found


def of_tree(pid):
    """Seconds that the process and its descendants have run on a processor.

    schedstat counts nanoseconds; /proc/PID/stat would count the same time in steps of 10 ms."""
    nanoseconds = 0
    for each in set(descendants(pid)):
        for thread in _threads(each):
            fields = _read(f"/proc/{each}/task/{thread}/schedstat").split()
            nanoseconds += int(fields[0]) if fields else 0
    return nanoseconds / 1e9


def of_machine():
    """Seconds that all processors together were busy, whoever used them, time stolen by the hypervisor included."""
    user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, _read("/proc/stat").split()[1:9])
    return (user + nice + system + irq + softirq + steal) / TICKS_PER_SECOND


def _threads(pid):
    try:
        return os.listdir(f"/proc/{pid}/task")
    except OSError:
        return []


def _read(path):
    try:
        with open(path, encoding="ascii") as file:
            return file.read()
    except OSError:
        return ""
