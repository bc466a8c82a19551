//! Other people's **readers** open the lake: `DuckDB`, Polars and the `deltalake` package.
//!
//! `readers.py` looks at names, types and values; here is only what they look at.

use serde_json::json;

use crate::harness::lake::{active_files, vacuum_later};
use crate::harness::record::{call, changed, decrypt, document, key_arn, session};
use crate::harness::{Here, python};

/// A lake with every type of column filled, in several files and partitions.
fn lake() -> Here {
    let here = Here::new();
    let grant = json!({
        "keyId": key_arn(2),
        "granteePrincipal": "arn:aws:iam::444455556666:role/backup",
        "operations": ["Decrypt", "GenerateDataKey"],
        "constraints": {"encryptionContextSubset": {"Project": "orders"}},
        "name": "nightly backup",
    });
    let created = changed(
        call(60, "kms", "CreateGrant", grant),
        json!({
            "userIdentity": session("KeyAdmin", "robin@example.com", json!({"sourceIdentity": "robin"})),
            "eventTime": "2026-11-01T12:30:15Z",
            "responseElements": {"grantId": "0123456789abcdef", "keyId": key_arn(2)},
        }),
    );
    let doomed = changed(
        call(
            61,
            "kms",
            "ScheduleKeyDeletion",
            json!({"keyId": key_arn(3), "pendingWindowInDays": 7}),
        ),
        json!({
            "eventTime": "2026-11-01T12:31:00Z",
            "responseElements": {"keyId": key_arn(3), "keyState": "PendingDeletion", "pendingWindowInDays": 7, "deletionDate": "Nov 8, 2026, 12:31:00 PM"},
        }),
    );
    here.write("logs/a.json", document(&[decrypt(1), decrypt(2), created]));
    here.ingest(&["logs"]);
    here.write("logs/b.json", document(&[doomed, decrypt(3)]));
    here.ingest(&["logs"]);
    here
}

#[test]
fn duckdb_polars_and_deltalake_read_the_lake_with_the_right_types() {
    readers_agree(&lake());
}

#[test]
fn duckdb_polars_and_deltalake_read_a_compacted_lake_as_any_other() {
    let here = lake();
    here.compact();
    // One of the readers does not look at the log, only at the folder.
    vacuum_later(here.lake());
    assert_eq!(active_files(&here.path("lake/events")).len(), 2);
    readers_agree(&here);
}

#[track_caller]
fn readers_agree(here: &Here) {
    let output = python::script("readers.py").arg(here.lake()).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
    assert!(text(&output.stdout).ends_with("all readers agree\n"), "{}", text(&output.stdout));
}
