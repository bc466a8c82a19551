//! A **usage** row: calls of one kind within one hour, added up.

use super::ColumnType::{Flag, Integer, Text, TextList, Time};
use super::{TableSchema, column, required};

/// `usage`: partial counts of KMS calls. Rows with the same columns up to
/// `vpc_endpoint` belong together; the view `key_usage` adds them up.
pub const USAGE: TableSchema = TableSchema {
    name: "usage",
    row: "some of the calls of one actor by one operation on one key within one hour, with one outcome and by one path; read the view key_usage",
    partitioned_by: &["event_month"],
    statistics: &["hour", "actor", "key_arn", "event_name"],
    columns: &[
        required("event_month", Text, "UTC month of hour, as 2026-11"),
        required("hour", Time, "start of the hour"),
        required("recipient_account_id", Text, "account whose copies of the records are counted"),
        required("actor", Text, "who called"),
        column("actor_account_id", Text, "account of the actor"),
        required("actor_kind", Text, "person, workload, service or unknown"),
        column("principal_unique_id", Text, "the actor's unique id, such as AROA..."),
        required("mfa", Text, "yes, no, unknown or not_applicable"),
        column("key_arn", Text, "key that was called; null for calls that name none"),
        column("key_account_id", Text, "account that owns the key"),
        required("key_side", Text, "key, or destination for the key that ReEncrypt encrypts under"),
        column("aws_region", Text, "Region of the call"),
        required("activity", Text, "use or manage"),
        required("event_name", Text, "operation"),
        column("error_code", Text, "null when the calls succeeded"),
        column("invoked_by", Text, "service that made the calls on the actor's behalf"),
        required("direct_call", Flag, "true when the actor called KMS itself"),
        required("vpc_endpoint", Flag, "true when the calls came through a VPC endpoint"),
        required("calls", Integer, "how many calls"),
        required("calls_with_context", Integer, "how many of them had an encryption context"),
        required("first_time", Time, "time of the first"),
        required("last_time", Time, "time of the last"),
        required("first_event_id", Text, "event of the first"),
        required("last_event_id", Text, "event of the last"),
        column(
            "context_hashes",
            TextList,
            "the smallest 64 hashes of the encryption contexts, 16 hex digits each, ascending: all of them when there are fewer, else a sketch of how many there are",
        ),
    ],
};
