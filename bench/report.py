"""The table: medians over the rounds, and ratios as the median of each round's own ratio."""
import statistics

REFERENCES = ["nginx", "haproxy"]
MINTING_REFERENCES = ["nginx", "haproxy_mint"]


def table(workloads, results):
    lines = []
    for workload in workloads:
        rows = [result for result in results if result["workload"] == workload.name]
        lines += ["", f"{workload.name}: {workload.says}"]
        lines.append(f"  {'':14}{'CPU ' + workload.unit:>20}{'/ nginx':>10}{'/ haproxy':>11}{'done/s':>11}{'p50 us':>11}"
                     f"{'p99 us':>11}{'resumed':>9}")
        references = MINTING_REFERENCES if workload.only_minting else REFERENCES
        lines += [_row(name, references, rows) for name in dict.fromkeys(row["contestant"] for row in rows)]
    return "\n".join(lines + [_footnote(results)])


def _row(name, references, rows):
    mine = [row for row in rows if row["contestant"] == name]
    good = [row for row in mine if row["good"]]
    if not good:
        return f"  {name:14}  failed: {mine[0]['error']}"
    cells = [_median(good, "cpu_per_unit", 20, 2)]
    cells += [f"{_ratio(name, reference, rows):>{width}}" for reference, width in zip(references, (10, 11))]
    cells += [_median(good, "units_per_second", 11, 1), _median(good, "p50_us", 11, 0), _median(good, "p99_us", 11, 0)]
    handshakes = sum(row["handshakes"] for row in good)
    cells.append(f"{sum(row['resumed'] for row in good) / handshakes:>9.0%}")
    failed = f"  ({len(mine) - len(good)} of {len(mine)} runs failed)" if len(good) < len(mine) else ""
    return f"  {name:14}" + "".join(cells) + failed


def _median(rows, key, width, digits):
    values = [row[key] for row in rows if row[key] is not None]
    return f"{statistics.median(values):>{width}.{digits}f}" if values else " " * (width - 1) + "-"


def _ratio(name, reference, rows):
    def cost(contestant):
        return {row["round"]: row["cpu_per_unit"] for row in rows
                if row["contestant"] == contestant and row["good"] and row["cpu_per_unit"]}
    mine, theirs = cost(name), cost(reference)
    ratios = [mine[each] / theirs[each] for each in mine if each in theirs]
    return f"{statistics.median(ratios):.2f}" if ratios else "-"


def _footnote(results):
    share = statistics.median(result["others_cpu_share"] for result in results)
    if share < 0.1:
        return ""
    return f"\nOthers used {share:.0%} of a processor meanwhile: trust the ratios more than the figures."
