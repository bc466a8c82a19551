"""Whether a day costs the same after a year as it did on the second day.

A year is ingested day by day and compacted once a week, as docs/operate.md says
for a daily ingest. Then the last day is ingested into that lake, and into one
that holds only the day before: the same files, so the lake is all that differs.
What ingest costs with nothing to do is taken off both.
"""

import datetime
import shutil

from bench import END
from measure import folder_bytes, in_turn, measure, median_of, say
from table import goal, table

DAYS = 365
COMPACT_DAYS = 7
RUNS_MIN = 5
TARGET = 1.1


def days_of(tree):
    """The folders of each day, oldest first; those of the last day end with the trail."""
    end = datetime.datetime.fromisoformat(END).date()
    days = []
    for back in range(DAYS, 0, -1):
        day = end - datetime.timedelta(days=back)
        # What was delivered after midnight of the last day is nobody's.
        days.append(sorted(tree.glob(f"AWSLogs/*/CloudTrail/*/{day:%Y/%m/%d}")))
    return days


def compact(bench, lake):
    command = [bench.keytrail, "compact", "--lake", lake, "--format", "json"]
    return measure(command)


def fill(bench, lake, days):
    """Ingests day by day; what each cost, and how many files the tables then have."""
    cost = []
    for number, folders in enumerate(days, 1):
        cost.append(bench.ingest(folders, lake).cpu_seconds)
        if number % COMPACT_DAYS == 0:
            compact(bench, lake)
        if number % 50 == 0:
            say(f"  {number} days")
    tables = compact(bench, lake).output["tables"]
    return cost, {name: table["files_after"] for name, table in tables.items()}


def last_day(bench, lake, folders):
    """The last day into a copy of a lake."""
    copy = bench.fresh("lake-copy")
    shutil.copytree(lake, copy)
    run = bench.ingest(folders, copy)
    shutil.rmtree(copy)
    return run


def shape(lake):
    """How much there is of a lake, on disk: without `vacuum`, merged files stay there."""
    logs = [path for path in lake.rglob("_delta_log/*") if path.is_file()]
    return {
        "files_on_disk": sum(1 for _ in lake.rglob("*.parquet")),
        "bytes_on_disk": folder_bytes(lake, "*.parquet"),
        "log_files": len(logs),
        "log_bytes": sum(path.stat().st_size for path in logs),
    }


def run(bench):
    tree = bench.trail(bench.growth_events, days=DAYS, accounts=1)
    *earlier, before, last = days_of(tree)
    young, old = bench.fresh("lake-young"), bench.fresh("lake-old")
    _, young_files = fill(bench, young, [before])
    say(f"ingesting {DAYS - 1} days")
    by_day, old_files = fill(bench, old, [*earlier, before])
    runs = in_turn(
        max(bench.runs, RUNS_MIN),
        young=lambda: last_day(bench, young, last),
        old=lambda: last_day(bench, old, last),
    )
    startup = bench.startup()
    result = {"startup": startup, "records": runs["young"][0].output["records"]}
    for name, lake, files in (("young", young, young_files), ("old", old, old_files)):
        result[name] = median_of(runs[name]) | shape(lake) | {"files": files}
        result[name]["events"] = runs[name][0].output["events"]
    net = lambda name, column: result[name][column] - startup[column]
    result["cpu_ratio"] = net("old", "cpu_seconds") / net("young", "cpu_seconds")
    result["wall_ratio"] = net("old", "wall_seconds") / net("young", "wall_seconds")
    result["cpu_seconds_by_day"] = by_day
    shutil.rmtree(young)
    shutil.rmtree(old)
    return result


def lines(result):
    def row(title, values):
        return [
            title,
            f"{values['cpu_seconds'] * 1e3:,.0f} ms",
            f"{values['cpu_seconds_min'] * 1e3:,.0f}-{values['cpu_seconds_max'] * 1e3:,.0f} ms",
            f"{values['wall_seconds'] * 1e3:,.0f} ms",
            *(before(values) if "files" in values else [""] * 3),
        ]

    def before(values):
        files = sum(values["files"].values())
        return [
            f"{files:,} ({values['files_on_disk']:,})",
            f"{values['log_files']:,}",
            f"{values['log_bytes'] / 1e3:,.0f} kB",
        ]

    head = ["", "CPU", "CPU, spread", "wall", "files of the tables (on disk)", "files of the logs", "logs"]
    return [
        *table(
            head,
            [
                row(f"the last day ({result['records']:,} records) into a lake with 1 day", result["young"]),
                row(f"the same day into a lake with {DAYS - 1} days", result["old"]),
                row("an empty folder into a new lake", result["startup"]),
            ],
        ),
        "",
        f"without that start-up, CPU {goal(result['cpu_ratio'], TARGET)}, wall {goal(result['wall_ratio'], TARGET)}",
    ]
