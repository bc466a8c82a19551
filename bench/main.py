"""Measures `keytrail ingest`: prints tables, and writes the numbers as JSON.

Each measurement is a module beside this one, with `run`, which measures, and
`lines`, which says it. Targets are printed beside the numbers; nothing fails when
one is missed. See README.md.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

import compare
import floor
import growth
import libraries
import memory
import s3
import size
import small
from bench import Bench
from measure import machine, say

MEASUREMENTS = {
    "floor": (floor, "Ingest over inflating"),
    "duckdb": (compare, "Ingest against DuckDB"),
    "small": (small, "Small files"),
    "s3": (s3, "From S3"),
    "memory": (memory, "Memory"),
    "size": (size, "Size"),
    "growth": (growth, "After a year"),
    "crates": (libraries, "Crates"),
}


def names(text):
    chosen = text.split(",")
    for name in chosen:
        if name not in MEASUREMENTS:
            raise argparse.ArgumentTypeError(f"no measurement {name!r}; there are {', '.join(MEASUREMENTS)}")
    return chosen


def arguments():
    parser = argparse.ArgumentParser(prog="bench/run", description="what keytrail ingest costs")
    parser.add_argument("--keytrail", type=Path, required=True, help="the binary to measure")
    parser.add_argument("--programs", type=Path, required=True, help="folder with the programs of bench/crates")
    parser.add_argument("--work", type=Path, required=True, help="folder for trails and results")
    parser.add_argument("--only", type=names, default=list(MEASUREMENTS), help="names, with commas between")
    parser.add_argument("--events", type=int, default=2_000_000, help="records of the trail")
    parser.add_argument("--growth-events", type=int, help="records of the year, of `growth`")
    parser.add_argument("--runs", type=int, default=3, help="runs of each, of which the median counts")
    parser.add_argument("--long", action="store_true", help="also what takes long: ten times --events in `memory`")
    return parser.parse_args()


def main():
    options = arguments()
    options.work.mkdir(parents=True, exist_ok=True)
    bench = Bench(
        keytrail=options.keytrail.resolve(),
        programs=options.programs.resolve(),
        work=options.work.resolve(),
        events=options.events,
        runs=options.runs,
        # 15,000 records a day, unless asked for less.
        growth_events=options.growth_events or options.events * 219 // 80,
        long=options.long,
    )
    version = subprocess.run([bench.keytrail, "--version"], check=True, capture_output=True, text=True).stdout.strip()
    header = {"machine": machine(), "version": version, "events": bench.events, "runs": bench.runs}
    header["startup"] = bench.startup()
    startup = header["startup"]
    print(f"{header['machine']}, {version}, median of {bench.runs}")
    print(
        f"start-up (an empty folder into a new lake; in all numbers of ingest): "
        f"{startup['cpu_seconds'] * 1e3:.0f} ms CPU, {startup['wall_seconds'] * 1e3:.0f} ms wall"
    )
    results = bench.work / "results"
    results.mkdir(exist_ok=True)
    for name in options.only:
        module, title = MEASUREMENTS[name]
        say(f"{name}:")
        result = module.run(bench)
        # At once, so that an interrupted run keeps what it has.
        (results / f"{name}.json").write_text(json.dumps(header | {name: result}, indent=2) + "\n")
        print(f"\n## {title}\n")
        print("\n".join(module.lines(result)), flush=True)
    say(f"written to {results}")


if __name__ == "__main__":
    sys.exit(main())
