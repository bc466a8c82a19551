//! A **findings** row: one change in the life of a finding.

use super::ColumnType::{Integer, Text, TextList, Time};
use super::{TableSchema, column, required};

/// `findings`: what became of findings, an append-only log. How things stand is
/// the view `matters`, and `alerts` for what was sent where.
pub const FINDINGS: TableSchema = TableSchema {
    name: "findings",
    row: "one change in the life of a finding; read the views matters and alerts",
    partitioned_by: &["month"],
    statistics: &["recorded_at", "fingerprint", "detection", "change"],
    columns: &[
        required("month", Text, "UTC month of recorded_at, as 2026-11"),
        required("recorded_at", Time, "when the change was recorded"),
        required("run_id", Text, "run that recorded it"),
        required(
            "change",
            Text,
            "found, seen, escalated, historical, suppressed, closed (of a finding); raised, claimed, delivered, failed, dead (of an alert); judged (of the run itself)",
        ),
        column("fingerprint", Text, "which matter; null for judged"),
        column("detection", Text, "id of the detection"),
        column("severity", Text, "info, low, medium, high or critical"),
        column("event_time", Time, "when it happened or became true"),
        column("last_time", Time, "the last call counted so far"),
        column("event_count", Integer, "calls counted so far, where the detection tells"),
        column("account_id", Text, "account concerned"),
        column("region", Text, "Region concerned"),
        column("actor", Text, "who"),
        column("key_arn", Text, "which key"),
        column("summary", Text, "what happened, in a sentence"),
        column(
            "finding",
            Text,
            "the whole finding, JSON; with found, escalated, historical, suppressed and raised",
        ),
        column("reason", Text, "why: of a suppression, a closing, an alert or a failure"),
        column("alert_id", Text, "stable id of an alert: the same for every attempt and sink"),
        column("sink", Text, "name of the sink in the configuration"),
        column("attempt", Integer, "which attempt this is, from 1"),
        column("until", Time, "end of a claim, or of the wait before the next attempt"),
        column("hours", TextList, "hours still to be judged, as 2026-11-25T10; with judged"),
    ],
};
