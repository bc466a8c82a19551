//! A **journal** row: one object read, or one run made.

use super::ColumnType::{Flag, Integer, Text, TextMap, Time};
use super::{TableSchema, column, required};

/// `objects`: what ingest has read. A lost row costs a second reading, never
/// correctness.
pub const OBJECTS: TableSchema = TableSchema {
    name: "objects",
    row: "one source object that an ingest run read",
    partitioned_by: &["ingest_month"],
    statistics: &["object_uri", "delivered_at", "account_id", "aws_region", "ingested_at"],
    columns: &[
        required("ingest_month", Text, "UTC month of ingested_at, as 2026-11"),
        required("object_uri", Text, "where the object was read"),
        column("object_bytes", Integer, "stored size, bytes"),
        column("etag", Text, "S3 ETag; for a file, its modification time"),
        column("sha256", Text, "SHA-256 of the inflated bytes, hex"),
        required(
            "document_format",
            Text,
            "records, array, record, json_lines, event_bridge, lookup_events, cloudwatch_logs, digest, insight, empty or unknown",
        ),
        column("account_id", Text, "account in the object's name"),
        column("aws_region", Text, "Region in the object's name"),
        column("delivered_at", Time, "time in the object's name: CloudTrail's delivery slot"),
        column("named", Flag, "whether a notification named it; else it was found by listing"),
        required("records", Integer, "records found"),
        required("events", Integer, "events kept, duplicates included"),
        required("skipped", Integer, "records that could not be read"),
        column("skipped_reasons", TextMap, "reason to number of records"),
        required("outcome", Text, "read, partly_read, failed or left_alone (digest, insight)"),
        column("error", Text, "why the object failed or was partly read"),
        required("run_id", Text, "ingest run that read it"),
        required("ingested_at", Time, "start of that run"),
    ],
};

/// `runs`: what the tool did, so that "no findings" differs from "did not run".
pub const RUNS: TableSchema = TableSchema {
    name: "runs",
    row: "one run of ingest, detect, usage, compact or vacuum",
    partitioned_by: &["month"],
    statistics: &["started_at", "run_id", "command"],
    columns: &[
        required("month", Text, "UTC month of started_at, as 2026-11"),
        required("run_id", Text, "unique id of the run"),
        required("command", Text, "ingest, detect, usage, compact or vacuum"),
        required("tool_version", Text, "version of KeyTrail"),
        required("started_at", Time, "start of the run"),
        required("ended_at", Time, "end of the run"),
        column("window_start", Time, "start of the judged window, inclusive"),
        column("window_end", Time, "end of the judged window, exclusive"),
        column("events_version", Integer, "version of `events` written (ingest) or read (detect)"),
        column("objects", Integer, "objects read"),
        column("objects_known", Integer, "objects passed over because an earlier run read them"),
        column("records", Integer, "records found"),
        column("events", Integer, "events added (ingest) or in the judged window (detect)"),
        column("duplicates", Integer, "events that were there already"),
        column("skipped", Integer, "objects and records that could not be read"),
        column("detections", Integer, "detections run"),
        column("detections_hash", Text, "SHA-256 of the detections' text"),
        column("configuration_hash", Text, "SHA-256 of the configuration in force"),
        column("findings", Integer, "findings returned"),
        column(
            "not_determinable",
            Integer,
            "entities that could not be judged for lack of coverage",
        ),
        required("outcome", Text, "complete, incomplete (something was skipped) or failed"),
        column("details", Text, "JSON object with the command's own numbers"),
    ],
};
