"""What an event takes in the lake, and which columns take it.

Beside it: the log files as AWS stores them, DuckDB's file of the same records
(`compare.py`), and the same table written again by DuckDB with the codec and
level that ingest uses.
"""

import json
import sys
from pathlib import Path

import compare
from measure import folder_bytes, measure
from table import table

COLUMNS = 15
# `ZstdLevel::default()` of the Rust crate; DuckDB's own default is 3.
ZSTD_LEVEL = 1


def run(bench):
    tree = bench.trail(bench.events)
    lake = bench.fresh("lake-size")
    report = bench.ingest([tree / "AWSLogs"], lake).output
    form, _ = compare.better_form(bench)
    projection = compare.duckdb(bench, form, tree).output
    rewritten = bench.work / "rewritten.parquet"
    inside = measure([sys.executable, __file__, lake, rewritten]).output
    rewritten.unlink()
    events = max(report["events"], 1)
    sizes = {
        "log files, gzip, of each record": report["object_bytes"] / report["records"],
        "log files, inflated, of each record": report["document_bytes"] / report["records"],
        "lake: events": folder_bytes(lake / "events", "*.parquet") / events,
        "lake: objects, of each event": folder_bytes(lake / "objects", "*.parquet") / events,
        "lake: all, with logs": folder_bytes(lake) / events,
        f"DuckDB, {form}.sql, zstd level 3": projection["parquet_bytes"] / projection["rows"],
        f"events written again by DuckDB, zstd level {ZSTD_LEVEL}": inside["rewritten_bytes"] / events,
    }
    bench.fresh("lake-size")
    columns = [
        {name: value / events if name.endswith("bytes") else value for name, value in column.items()}
        for column in inside["columns"]
    ]
    files = {"files": inside["files"], "outside_columns": sizes["lake: events"] - sum(c["bytes"] for c in columns)}
    return {"events": report["events"], "records": report["records"], "sizes": sizes, "columns": columns} | files


def lines(result):
    rows = [[name, f"{value:,.1f}"] for name, value in result["sizes"].items()]
    whole = result["sizes"]["lake: events"]
    top = [
        [
            f"`{column['name']}`",
            f"{column['bytes']:.2f}",
            f"{column['bytes'] / whole:.1%}",
            f"{column['plain_bytes']:.1f}",
            column["encodings"],
        ]
        for column in result["columns"][:COLUMNS]
    ]
    rest = sum(column["bytes"] for column in result["columns"][COLUMNS:])
    top.append([f"{len(result['columns']) - COLUMNS} more columns", f"{rest:.2f}", f"{rest / whole:.1%}", "", ""])
    outside = result["outside_columns"]
    top.append(["bloom filters, indexes, footers", f"{outside:.2f}", f"{outside / whole:.1%}", "", ""])
    return [
        f"{result['events']:,} events of {result['records']:,} records, in {result['files']} files",
        "",
        *table(["", "bytes"], rows),
        "",
        *table(["column of `events`", "bytes per event", "part", "encoded, before zstd", "encodings"], top),
    ]


def inspect(lake, rewritten):
    """A process of its own, so that DuckDB's memory is nobody else's."""
    import duckdb as engine

    connection = engine.connect()
    files = str(Path(lake) / "events" / "**" / "*.parquet")
    columns = connection.execute(
        """
        select
            split_part(path_in_schema, ', ', 1) as name,
            sum(total_compressed_size)::bigint as bytes,
            sum(total_uncompressed_size)::bigint as plain_bytes,
            string_agg(distinct encodings, ' ') as encodings
        from parquet_metadata(?)
        group by name
        order by bytes desc, name
        """,
        [files],
    ).fetchall()
    quoted = str(rewritten).replace("'", "''")
    connection.execute(
        f"copy (select * from read_parquet(?, hive_partitioning = false)) to '{quoted}' "
        f"(format parquet, compression zstd, compression_level {ZSTD_LEVEL})",
        [files],
    )
    names = ("name", "bytes", "plain_bytes", "encodings")
    print(
        json.dumps(
            {
                "files": len(list(Path(lake, "events").rglob("*.parquet"))),
                "rewritten_bytes": Path(rewritten).stat().st_size,
                "columns": [dict(zip(names, row)) for row in columns],
            }
        )
    )


if __name__ == "__main__":
    inspect(*sys.argv[1:])
