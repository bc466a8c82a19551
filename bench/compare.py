"""`keytrail ingest` against DuckDB doing the same projection of the same files.

DuckDB has the smaller task; see README.md beside this file. Its statement is
there in two forms, and the one that costs less is measured.
"""

import json
import shutil
import sys
from pathlib import Path

from bench import log_files, warm_up
from measure import folder_bytes, in_turn, measure, median_of
from table import goal, mib, seconds, table, times

HERE = Path(__file__).resolve().parent
FORMS = ("json", "struct")
# Trail on which DuckDB's better form is found: the other costs minutes on many
# small files.
SAMPLE_EVENTS = 20_000
CPU_TARGET = 25
WALL_TARGET = 20


def ingest(bench, tree):
    """One ingest of a tree, with the size of what it wrote."""
    lake = bench.fresh("lake")
    run = bench.ingest([tree / "AWSLogs"], lake)
    run.output["parquet_bytes"] = folder_bytes(lake / "events", "*.parquet")
    shutil.rmtree(lake)
    return run


def duckdb(bench, form, tree):
    """One projection of a tree by DuckDB into one Parquet file."""
    target = bench.work / f"duckdb-{form}.parquet"
    target.unlink(missing_ok=True)
    run = measure([sys.executable, __file__, form, tree, target])
    run.output["parquet_bytes"] = target.stat().st_size
    target.unlink()
    return run


def better_form(bench):
    """The form of the statement that costs DuckDB less, and what each cost."""
    tree = bench.trail(SAMPLE_EVENTS)
    warm_up(tree)
    cost = {form: duckdb(bench, form, tree).cpu_seconds for form in FORMS}
    return min(cost, key=cost.get), cost


def run(bench):
    form, forms = better_form(bench)
    tree = bench.trail(bench.events)
    warm_up(tree)
    runs = in_turn(bench.runs, ours=lambda: ingest(bench, tree), theirs=lambda: duckdb(bench, form, tree))
    report, answer = runs["ours"][0].output, runs["theirs"][0].output
    # DuckDB does not remove duplicates: its rows are the records kept.
    if answer["rows"] != report["kept"]:
        sys.exit(f"DuckDB kept {answer['rows']} records, keytrail {report['kept']}: not the same work")
    rows = {
        "keytrail ingest": median_of(runs["ours"]) | bytes_per_event(report, report["events"]),
        f"DuckDB {answer['version']}, {form}.sql": median_of(runs["theirs"]) | bytes_per_event(answer, answer["rows"]),
    }
    ours, theirs = rows.values()
    columns = ("cpu_seconds", "wall_seconds", "rss_bytes", "bytes_per_event")
    trail = ("objects", "records", "kept", "events", "object_bytes", "document_bytes")
    return {
        "trail": {name: report[name] for name in trail},
        "forms": forms,
        "rows": rows,
        "ratios": {column: theirs[column] / ours[column] for column in columns},
    }


def bytes_per_event(output, events):
    return {"events": events, "bytes_per_event": output["parquet_bytes"] / max(events, 1)}


def lines(result):
    trail, ratio = result["trail"], result["ratios"]
    rows = [
        [
            name,
            seconds(row["cpu_seconds"]),
            f"{row['cpu_seconds_min']:.2f}-{row['cpu_seconds_max']:.2f} s",
            seconds(row["wall_seconds"]),
            mib(row["rss_bytes"]),
            f"{row['bytes_per_event']:.0f}",
        ]
        for name, row in result["rows"].items()
    ]
    forms = [f"{form} {cost:.2f} s" for form, cost in result["forms"].items()]
    return [
        f"{trail['records']:,} records in {trail['objects']:,} files, "
        f"{trail['object_bytes'] / 1e6:,.0f} MB stored, {trail['document_bytes'] / 1e6:,.0f} MB inflated, "
        f"{trail['kept']:,} kept",
        "",
        *table(["", "CPU", "CPU, spread", "wall", "peak memory", "bytes per event"], rows),
        "",
        f"CPU ratio {goal(ratio['cpu_seconds'], CPU_TARGET, most=False)}, "
        f"wall ratio {goal(ratio['wall_seconds'], WALL_TARGET, most=False)}, "
        f"memory ratio {times(ratio['rss_bytes'])}, size ratio {times(ratio['bytes_per_event'])}",
        f"the better of two forms for DuckDB, CPU on {SAMPLE_EVENTS:,} records: {', '.join(forms)}",
    ]


def project(form, tree, target):
    """The measured process: connects, runs the form's statement, says how many rows."""
    import duckdb as engine

    quoted = lambda text: "'" + str(text).replace("'", "''") + "'"
    statement = (HERE / "sql" / f"{form}.sql").read_text()
    statement = statement.replace("{files}", quoted(log_files(Path(tree)))).replace("{target}", quoted(target))
    (rows,) = engine.connect().execute(statement).fetchone()
    print(json.dumps({"rows": rows, "version": engine.__version__}))


if __name__ == "__main__":
    project(*sys.argv[1:])
