"""Peak memory of ingest on trails of different sizes: it should not grow.

A unit is what ingest writes and commits at once, so memory grows up to one unit
and then stays.
"""

import subprocess

from measure import median_of, say
from table import goal, mib, table

# Trails, as parts of `--events`: 1, 2, 5 and, with `--long`, 20 million records.
PARTS, LONG_PARTS = (0.5, 1, 2.5), (10,)
GROWTH_TARGET = 1.1
BYTES_TARGET = 400 << 20
# Measured if this binary has the option.
LIMIT_OPTION, LIMIT, LIMIT_BYTES = "--memory-limit", "300MiB", 300 << 20


def peaks(bench, sizes, options=()):
    """Peak memory by number of records; of one run where that takes minutes."""
    peak = {}
    for events in sizes:
        say(f"  {events:,} records")
        source = bench.trail(events) / "AWSLogs"
        rounds = bench.runs if events <= bench.events * max(PARTS) else 1
        peak[events] = median_of([bench.ingest_once(source, options=options) for _ in range(rounds)])["rss_bytes"]
    return peak


def run(bench):
    parts = PARTS + (LONG_PARTS if bench.long else ())
    sizes = [max(int(bench.events * part), 1) for part in parts]
    result = {"unlimited": peaks(bench, sizes)}
    help_text = subprocess.run([bench.keytrail, "ingest", "--help"], check=True, capture_output=True, text=True).stdout
    if LIMIT_OPTION in help_text:
        result["limited"] = peaks(bench, sizes, (LIMIT_OPTION, LIMIT))
    return result


def lines(result):
    names = {"unlimited": "keytrail ingest", "limited": f"keytrail ingest {LIMIT_OPTION} {LIMIT}"}
    bounds = {"unlimited": BYTES_TARGET, "limited": LIMIT_BYTES}
    rows = []
    for kind, by_size in result.items():
        peak, least = max(by_size.values()), min(by_size.values())
        rows.append(
            [names[kind], *map(mib, by_size.values())]
            + [goal(peak / least, GROWTH_TARGET), goal(peak / 2**20, bounds[kind] / 2**20, " MiB")]
        )
    sizes = [f"{int(events):,} records" for events in next(iter(result.values()))]
    found = table(["", *sizes, "largest over smallest", "largest"], rows)
    if "limited" not in result:
        found += ["", f"not measured: this binary has no `{LIMIT_OPTION}`"]
    return found
