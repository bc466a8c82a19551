"""Ingest over what nobody can do without: inflating the files.

The floor is one thread that lists, opens, reads and inflates every log file with
libdeflate, the fastest library (`bench/run --only crates`), and does nothing
with what comes out. It says what each of these cost.
"""

from bench import KMS_SHARE, warm_up
from measure import in_turn, measure, median_of
from table import goal, seconds, table, times

# Part of records about KMS, and how often ingest may cost what inflating costs.
TARGETS = {KMS_SHARE: 3.0, 0.05: 2.0}


def beside_floor(bench, tree):
    """Ingest of a tree, and the floor of the same tree."""
    warm_up(tree)
    runs = in_turn(
        bench.runs,
        floor=lambda: measure(bench.program("floor", tree / "AWSLogs")),
        ingest=lambda: bench.ingest_once(tree / "AWSLogs"),
    )
    floor = median_of(runs["floor"])
    # The parts of the run in the middle.
    middle = sorted(runs["floor"], key=lambda run: run.cpu_seconds)[len(runs["floor"]) // 2]
    report = runs["ingest"][0].output
    ingest = median_of(runs["ingest"])
    return {
        "files": middle.output["files"],
        "records": report["records"],
        "kept": report["kept"],
        "inflated_bytes": middle.output["inflated_bytes"],
        "floor": floor | middle.output,
        "ingest": ingest,
        "over_inflating": ingest["cpu_seconds"] / middle.output["inflate_seconds"],
        "over_reading_and_inflating": ingest["cpu_seconds"] / floor["cpu_seconds"],
    }


def run(bench):
    return {f"{share:g}": beside_floor(bench, bench.trail(bench.events, share)) for share in TARGETS}


HEAD = ["", "files", "records", "kept", "inflate", "list, open, read, inflate", "ingest"]


def row(name, result):
    return [
        name,
        f"{result['files']:,}",
        f"{result['records']:,}",
        f"{result['kept']:,}",
        seconds(result["floor"]["inflate_seconds"]),
        seconds(result["floor"]["cpu_seconds"]),
        seconds(result["ingest"]["cpu_seconds"]),
    ]


def lines(results):
    rows = [
        row(f"{float(share):.0%} of records about KMS", result)
        + [goal(result["over_inflating"], TARGETS[float(share)]), times(result["over_reading_and_inflating"])]
        for share, result in results.items()
    ]
    return table(HEAD + ["ingest over inflating", "ingest over the whole floor"], rows)
