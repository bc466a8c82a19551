"""Measures `keytrail ingest` against DuckDB on the same simulated trail.

Every measurement is a process of its own, and what it cost is what the system
says when it ends (`wait4`): processor seconds of user and system together, the
largest resident memory, and the wall clock. See README.md beside this file.
"""

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
FORMS = ("json", "struct")
# Trail on which DuckDB's better form is found: the other costs minutes on many
# small files.
SAMPLE_EVENTS = 20_000
SEED = 1
# Fixed, so that the same arguments give the same tree, byte for byte.
END = "2026-11-01T00:00:00Z"
KMS_SHARE = 0.4
CPU_TARGET = 10


@dataclass
class Run:
    """What one process cost."""

    cpu_seconds: float
    wall_seconds: float
    rss_bytes: int
    output: dict


def measure(command):
    """Runs a command that prints one JSON object, and measures it."""
    start = time.monotonic()
    process = subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE)
    text = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall_seconds = time.monotonic() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"exit code {process.returncode}: {' '.join(map(str, command))}")
    # Linux counts in KiB, macOS in bytes.
    unit = 1 if sys.platform == "darwin" else 1024
    return Run(usage.ru_utime + usage.ru_stime, wall_seconds, usage.ru_maxrss * unit, json.loads(text))


def simulated(keytrail, work, events):
    """The simulated trail with so many records; made once."""
    tree = work / f"trail-{events}"
    if tree.exists():
        return tree
    print(f"simulating {events:,} records", file=sys.stderr)
    unfinished = work / f"trail-{events}.unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    command = [keytrail, "simulate", unfinished, "--events", events, "--kms-share", KMS_SHARE]
    command += ["--seed", SEED, "--end", END, "--format", "json"]
    subprocess.run([str(part) for part in command], check=True, stdout=subprocess.DEVNULL)
    unfinished.rename(tree)
    return tree


def log_files(tree):
    # Digest files lie beside `CloudTrail` and hold no records.
    return tree / "AWSLogs" / "*" / "CloudTrail" / "**" / "*.json.gz"


def warm_up(tree):
    """Reads every file once, so that all runs find them in memory."""
    pattern = log_files(tree).relative_to(tree)
    return sum(len(path.read_bytes()) for path in tree.glob(str(pattern)))


def ingest(keytrail, tree, work):
    """One ingest of a tree into a lake that is not there yet."""
    lake = work / "lake"
    shutil.rmtree(lake, ignore_errors=True)
    run = measure([keytrail, "ingest", tree / "AWSLogs", "--lake", lake, "--format", "json"])
    files = (lake / "events").rglob("*.parquet")
    run.output["parquet_bytes"] = sum(path.stat().st_size for path in files)
    shutil.rmtree(lake)
    return run


def duckdb(form, tree, work):
    """One projection of a tree by DuckDB into one Parquet file."""
    target = work / f"duckdb-{form}.parquet"
    target.unlink(missing_ok=True)
    run = measure([sys.executable, __file__, "--duckdb-worker", form, tree, target])
    run.output["parquet_bytes"] = target.stat().st_size
    target.unlink()
    return run


def duckdb_worker(form, tree, target):
    """The measured process: connects, runs the form's statement, says how many rows."""
    import duckdb as engine

    quoted = lambda text: "'" + str(text).replace("'", "''") + "'"
    statement = (HERE / "sql" / f"{form}.sql").read_text()
    statement = statement.replace("{files}", quoted(log_files(Path(tree)))).replace("{target}", quoted(target))
    (rows,) = engine.connect().execute(statement).fetchone()
    print(json.dumps({"rows": rows, "version": engine.__version__}))


def median_of(runs):
    """One row of the table: medians, and the spread of the processor time."""
    cpu = [run.cpu_seconds for run in runs]
    return {
        "cpu_seconds": statistics.median(cpu),
        "cpu_seconds_min": min(cpu),
        "cpu_seconds_max": max(cpu),
        "wall_seconds": statistics.median(run.wall_seconds for run in runs),
        "rss_bytes": int(statistics.median(run.rss_bytes for run in runs)),
    }


def better_form(keytrail, work):
    """The form of the statement that costs DuckDB less, and what each cost."""
    tree = simulated(keytrail, work, SAMPLE_EVENTS)
    warm_up(tree)
    cost = {form: duckdb(form, tree, work).cpu_seconds for form in FORMS}
    return min(cost, key=cost.get), cost


def compare(keytrail, form, tree, work, runs):
    """Runs both in turn, so that a busy minute hits both."""
    warm_up(tree)
    ours, theirs = [], []
    for round_number in range(1, runs + 1):
        print(f"round {round_number} of {runs}", file=sys.stderr)
        ours.append(ingest(keytrail, tree, work))
        theirs.append(duckdb(form, tree, work))
    report, answer = ours[0].output, theirs[0].output
    # DuckDB does not remove duplicates: its rows are the records kept.
    if answer["rows"] != report["kept"]:
        sys.exit(f"DuckDB kept {answer['rows']} records, keytrail {report['kept']}: not the same work")
    rows = {
        "keytrail ingest": median_of(ours) | {"events": report["events"], "parquet_bytes": report["parquet_bytes"]},
        f"DuckDB, {form}.sql": median_of(theirs) | {"events": answer["rows"], "parquet_bytes": answer["parquet_bytes"]},
    }
    for row in rows.values():
        row["bytes_per_event"] = row["parquet_bytes"] / max(row["events"], 1)
    return rows, report, answer["version"]


def memory(keytrail, work, sizes):
    """Peak memory of ingest over trails of different sizes."""
    return {events: ingest(keytrail, simulated(keytrail, work, events), work).rss_bytes for events in sizes}


def ratios(rows):
    """How many times what keytrail costs DuckDB costs."""
    ours, theirs = rows.values()
    return {
        column: theirs[column] / ours[column]
        for column in ("cpu_seconds", "wall_seconds", "rss_bytes", "bytes_per_event")
    }


def processor():
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def show(result):
    """The table, as it stands in the README."""
    trail = result["trail"]
    print(
        f"\n{trail['records']:,} records in {trail['objects']:,} files, "
        f"{trail['object_bytes'] / 1e6:,.0f} MB stored, {trail['document_bytes'] / 1e6:,.0f} MB inflated, "
        f"{trail['kept']:,} kept\n"
        f"{result['machine']}, DuckDB {result['duckdb']}, median of {result['runs']}\n"
    )
    print("| | CPU | CPU, spread | wall | peak memory | bytes per event |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    for name, row in result["rows"].items():
        print(
            f"| {name} | {row['cpu_seconds']:.2f} s | {row['cpu_seconds_min']:.2f}-{row['cpu_seconds_max']:.2f} s "
            f"| {row['wall_seconds']:.2f} s | {row['rss_bytes'] / 2**20:,.0f} MiB | {row['bytes_per_event']:.0f} |"
        )
    ratio = result["ratios"]
    print(
        f"\nCPU ratio {ratio['cpu_seconds']:.1f}x (target >= {CPU_TARGET}x), wall ratio {ratio['wall_seconds']:.1f}x, "
        f"memory ratio {ratio['rss_bytes']:.1f}x, size ratio {ratio['bytes_per_event']:.2f}x"
    )
    forms = [f"{form} {seconds:.2f} s" for form, seconds in result["forms"].items()]
    print(f"the better of two forms for DuckDB, CPU on {SAMPLE_EVENTS:,} records: {', '.join(forms)}")
    sizes = [f"{rss / 2**20:,.0f} MiB at {int(events):,}" for events, rss in result["memory"].items()]
    print(f"peak memory of ingest: {', '.join(sizes)} records")


def arguments():
    parser = argparse.ArgumentParser(description="keytrail ingest against DuckDB")
    parser.add_argument("--keytrail", type=Path, required=True, help="the binary to measure")
    parser.add_argument("--work", type=Path, required=True, help="folder for trails and results")
    parser.add_argument("--events", type=int, default=2_000_000, help="records of the trail")
    parser.add_argument("--runs", type=int, default=5, help="runs of each, of which the median counts")
    return parser.parse_args()


def main():
    if sys.argv[1:2] == ["--duckdb-worker"]:
        return duckdb_worker(*sys.argv[2:])
    options = arguments()
    options.work.mkdir(parents=True, exist_ok=True)
    keytrail = options.keytrail.resolve()
    form, forms = better_form(keytrail, options.work)
    tree = simulated(keytrail, options.work, options.events)
    rows, report, version = compare(keytrail, form, tree, options.work, options.runs)
    result = {
        "machine": f"{processor()}, {os.cpu_count()} cores",
        "duckdb": version,
        "runs": options.runs,
        "trail": {name: report[name] for name in ("objects", "records", "kept", "events", "object_bytes", "document_bytes")},
        "rows": rows,
        "ratios": ratios(rows),
        "forms": forms,
        "memory": memory(keytrail, options.work, [max(options.events // 10, 1), options.events]),
    }
    target = options.work / "ingest.json"
    target.write_text(json.dumps(result, indent=2) + "\n")
    show(result)
    print(f"written to {target}", file=sys.stderr)


if __name__ == "__main__":
    main()
