"""What the kernel says of the daemon while it runs, and what that has to be."""
import os
import statistics
import time


def sample(pid):
    """The daemon's own process: its launcher parses nothing and holds no connection."""
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        fields = dict(line.split(":", 1) for line in file)
    return {"time": round(time.time(), 1), "rss_kib": int(fields["VmRSS"].split()[0]), "threads": int(fields["Threads"]),
            "descriptors": len(os.listdir(f"/proc/{pid}/fd"))}


# Caches fill first (names, leaves, sessions), and the allocator finds its size. What comes after that must be level: the medians
# of the second fifth and of the last one. An allocator's noise is allowed for.
GROWTH_SHARE_MAX = 0.05
GROWTH_KIB_MAX = 4 * 1024


def memory_verdict(samples):
    fifth = len(samples) // 5
    if fifth < 3:
        return False, "memory: too short a run to say anything"
    early = statistics.median(one["rss_kib"] for one in samples[fifth: 2 * fifth])
    late = statistics.median(one["rss_kib"] for one in samples[-fifth:])
    allowed = max(early * GROWTH_SHARE_MAX, GROWTH_KIB_MAX)
    return late - early <= allowed, (f"memory: {early / 1024:.1f} MiB in the second fifth of the run, {late / 1024:.1f} MiB in the last "
                                     f"({allowed / 1024:.1f} MiB more would be too much)")


def descriptor_verdict(before, after):
    return after["descriptors"] <= before["descriptors"], (f"descriptors: {before['descriptors']} before the first client, "
                                                           f"{after['descriptors']} after the last")
