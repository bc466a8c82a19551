"""What the crates that ingest could be built on cost, on the same files.

The files are in memory and the work is done in one thread, so only inflating and
only parsing are in the numbers. Ingest stands beside them with everything it does.
"""

from bench import warm_up
from measure import in_turn, measure, median_of
from table import seconds, table

# The sample, as a part of `--events`.
PART = 10


def run(bench):
    tree = bench.trail(max(bench.events // PART, 1))
    warm_up(tree)
    result = measure(bench.program("crates", tree / "AWSLogs", bench.runs)).output
    runs = in_turn(
        bench.runs,
        floor=lambda: measure(bench.program("floor", tree / "AWSLogs")),
        ingest=lambda: bench.ingest_once(tree / "AWSLogs"),
    )
    result["floor"] = median_of(runs["floor"])
    result["ingest"] = median_of(runs["ingest"])
    result["records"] = runs["ingest"][0].output["records"]
    result["kept"] = runs["ingest"][0].output["kept"]
    return result


def lines(result):
    def rows(work):
        ordered = sorted(result[work].items(), key=lambda item: item[1])
        speed = lambda cost: f"{result['inflated_bytes'] / 1e6 / cost:,.0f} MB/s"
        return [[f"{work}: {name}", seconds(cost), speed(cost)] for name, cost in ordered]

    return [
        f"{result['records']:,} records ({result['kept']:,} kept) in {result['files']:,} files, "
        f"{result['stored_bytes'] / 1e6:,.0f} MB stored, {result['inflated_bytes'] / 1e6:,.0f} MB inflated",
        "",
        *table(
            ["", "CPU", "inflated bytes"],
            rows("inflate")
            + rows("parse")
            + [
                ["list, open, read, inflate", seconds(result["floor"]["cpu_seconds"]), ""],
                ["ingest, all it does", seconds(result["ingest"]["cpu_seconds"]), ""],
            ],
        ),
    ]
