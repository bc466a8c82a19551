"""Reads a lake with other people's software and checks names, types and values.

The files that make up a table come from the `deltalake` package, or from the
folder's own names; nothing here knows KeyTrail's code.
"""

import datetime
import sys

import deltalake
import duckdb
import polars
import pyarrow.parquet

UTC = datetime.timezone.utc
TIMES = {"event_time", "ingested_at", "deletion_date", "session_creation_date"}
MAPS = {"encryption_context", "grant_encryption_context", "tags"}
LISTS = {"grant_operations"}
FLAGS = {"direct_call", "read_only", "session_mfa_authenticated"}
INTEGERS = {"record_index", "pending_window_in_days"}
TEXTS = {"activity", "event_month", "event_id", "actor", "key_arn", "mfa", "unmapped"}

DELETION = datetime.datetime(2026, 11, 8, 12, 31, tzinfo=UTC)
GRANT_TIME = datetime.datetime(2026, 11, 1, 12, 30, 15, tzinfo=UTC)


def expect(what, found, wanted):
    if found != wanted:
        sys.exit(f"{what}: found {found!r}, wanted {wanted!r}")


def check_deltalake(events):
    """The log: columns with Delta's own types, partitions, statistics."""
    fields = {field.name: field.type for field in events.schema().fields}
    for names, wanted in [
        (TIMES, "timestamp"),
        (FLAGS, "boolean"),
        (INTEGERS, "long"),
        (TEXTS, "string"),
    ]:
        for name in names:
            expect(f"deltalake: {name}", fields[name].type, wanted)
    for name in MAPS:
        expect(f"deltalake: {name}", (fields[name].key_type.type, fields[name].value_type.type), ("string", "string"))
    for name in LISTS:
        expect(f"deltalake: {name}", fields[name].element_type.type, "string")
    expect("deltalake: partitions", events.metadata().partition_columns, ["activity", "event_month"])
    actions = polars.DataFrame(events.get_add_actions(flatten=True))
    expect("deltalake: rows by the log", actions["num_records"].sum(), 5)
    for column in ["event_time", "event_id", "key_arn", "actor"]:
        expect(f"deltalake: files without statistics of {column}", actions[f"min.{column}"].null_count(), 0)
    months = {(row["partition.activity"], row["partition.event_month"]) for row in actions.to_dicts()}
    expect("deltalake: partitions used", months, {("use", "2026-10"), ("manage", "2026-11")})


def check_polars(folder):
    frame = polars.scan_delta(folder)
    schema = frame.collect_schema()
    for name in TIMES:
        expect(f"polars: {name}", schema[name], polars.Datetime("us", "UTC"))
    for names, wanted in [(FLAGS, polars.Boolean), (INTEGERS, polars.Int64), (TEXTS, polars.String)]:
        for name in names:
            expect(f"polars: {name}", schema[name], wanted)
    entries = polars.Map(polars.String, polars.String)
    for name in MAPS:
        expect(f"polars: {name}", schema[name], entries)
    for name in LISTS:
        expect(f"polars: {name}", schema[name], polars.List(polars.String))
    uses = frame.filter(polars.col("activity") == "use").sort("event_time").collect()
    expect("polars: rows", uses.height, 3)
    contexts = uses["encryption_context"].to_list()
    expect("polars: context", contexts[0], {"Project": "orders", "part": "1"})
    grant = frame.filter(polars.col("event_name") == "CreateGrant").collect().to_dicts()[0]
    expect("polars: operations", grant["grant_operations"], ["Decrypt", "GenerateDataKey"])
    expect("polars: time", grant["event_time"], GRANT_TIME)
    expect("polars: source identity", grant["source_identity"], "robin")
    expect("polars: month", grant["event_month"], "2026-11")
    since = datetime.datetime(2026, 11, 1, tzinfo=UTC)
    recent = frame.filter(polars.col("event_time") >= since).select("event_name").collect()
    expect("polars: rows since November", sorted(recent["event_name"]), ["CreateGrant", "ScheduleKeyDeletion"])


def check_duckdb(events, folder):
    connection = duckdb.connect()
    connection.execute("set timezone = 'UTC'")
    uris = [uri.removeprefix("file://") for uri in events.file_uris()]
    parts = "hive_partitioning = true, hive_types = {'activity': varchar, 'event_month': varchar}"
    for source, where in [(uris, "the log's files"), (f"{folder}/*/*/*.parquet", "the folder")]:
        files = connection.read_parquet(source, hive_partitioning=True)
        names = dict(zip(files.columns, map(str, files.types)))
        for columns, wanted in [
            (TIMES, "TIMESTAMP WITH TIME ZONE"),
            (FLAGS, "BOOLEAN"),
            (INTEGERS, "BIGINT"),
            (TEXTS - {"event_month"}, "VARCHAR"),
            (MAPS, "MAP(VARCHAR, VARCHAR)"),
            (LISTS, "VARCHAR[]"),
        ]:
            for name in columns:
                expect(f"duckdb, {where}: {name}", names[name], wanted)
        text = str(source) if isinstance(source, list) else f"'{source}'"
        table = f"read_parquet({text}, {parts})"
        query = f"""
            select pending_window_in_days, epoch(deletion_date), event_month, activity
            from {table} where event_name = 'ScheduleKeyDeletion'
        """
        expect(f"duckdb, {where}: deletion", connection.execute(query).fetchall(), [(7, DELETION.timestamp(), "2026-11", "manage")])
        query = f"select count(*) from {table} where encryption_context['Project'] = 'orders'"
        expect(f"duckdb, {where}: uses", connection.execute(query).fetchone(), (3,))


def check_parquet(events):
    """What a reader of single files relies on: compression, statistics, bloom filters, sorting."""
    for uri in events.file_uris():
        group = pyarrow.parquet.ParquetFile(uri.removeprefix("file://")).metadata.row_group(0)
        columns = {group.column(number).path_in_schema: group.column(number) for number in range(group.num_columns)}
        expect("parquet: compression", {column.compression for column in columns.values()}, {"ZSTD"})
        expect("parquet: statistics of event_time", columns["event_time"].is_stats_set, True)
        expect("parquet: event_month is in the path, not the file", "event_month" in columns, False)


def check_journal(lake):
    objects = polars.scan_delta(f"{lake}/objects").collect()
    expect("objects", sorted(objects["outcome"]), ["read", "read"])
    runs = polars.scan_delta(f"{lake}/runs").collect()
    ingests = runs.filter(polars.col("command") == "ingest")
    expect("runs of ingest", ingests.height, 2)
    expect("runs: started_at", runs.schema["started_at"], polars.Datetime("us", "UTC"))


def main():
    lake = sys.argv[1]
    folder = f"{lake}/events"
    events = deltalake.DeltaTable(folder)
    check_deltalake(events)
    check_polars(folder)
    check_duckdb(events, folder)
    check_parquet(events)
    check_journal(lake)
    print("all readers agree")


main()
