//! What a run says, and what it writes down about itself.

use serde_json::{Value, json};

use crate::harness::lake::event_keys;
use crate::harness::record::{ACCOUNT, REGION, decrypts, document, log_name};
use crate::harness::tree::simulate;
use crate::harness::{Here, count, pack};

/// A trail of one good log file, one duplicate of it, a digest and a file that is no log.
fn small_trail(here: &Here) {
    let packed = pack::gzip(document(&decrypts(0..20)));
    here.write(format!("trail/{}", log_name(1, "first")), &packed);
    here.write(format!("trail/{}", log_name(2, "again")), &packed);
    here.write(
        format!("trail/AWSLogs/{ACCOUNT}/CloudTrail-Digest/{REGION}/2026/10/05/digest.json.gz"),
        pack::gzip("{}"),
    );
    here.write("trail/README.md", "how this bucket is laid out");
}

#[test]
fn the_json_summary_has_every_count() {
    let here = Here::new();
    small_trail(&here);
    let mut summary = here.ingest(&["trail"]);
    let fields = summary.as_object_mut().unwrap();
    assert!(fields.remove("seconds").is_some_and(|seconds| seconds.is_f64()));
    assert!(fields.remove("run_id").is_some_and(|id| id.as_str().is_some_and(|id| !id.is_empty())));
    assert_eq!(
        fields.remove("lake").unwrap().as_str().unwrap().trim_end_matches('/'),
        "[HERE]/lake"
    );
    assert!(fields.remove("object_bytes").is_some_and(|bytes| bytes.as_u64() > Some(1_000)));
    assert!(fields.remove("document_bytes").is_some_and(|bytes| bytes.as_u64() > Some(10_000)));
    insta::assert_snapshot!(serde_json::to_string_pretty(&summary).unwrap(), @r#"
    {
      "commits": 1,
      "duplicates": 20,
      "events": 20,
      "events_version": 1,
      "failures": [],
      "kept": 40,
      "kept_by_source": {
        "kms.amazonaws.com": 40
      },
      "lake_requests": {
        "delete": 0,
        "get": 0,
        "head": 0,
        "list": 0,
        "put": 0
      },
      "objects": 2,
      "objects_early": 0,
      "objects_failed": 0,
      "objects_known": 0,
      "objects_left_alone": 1,
      "objects_passed_over": 1,
      "records": 40,
      "records_skipped": 0,
      "requests": {
        "delete": 0,
        "get": 0,
        "head": 0,
        "list": 0,
        "put": 0
      },
      "skipped_reasons": {},
      "stopped_early": false
    }
    "#);
}

#[test]
fn the_summary_for_people_is_the_last_thing_said() {
    let here = Here::new();
    small_trail(&here);
    let said = here.run(["ingest", "trail", "--lake", "lake"]);
    insta::assert_snapshot!(said.without_speed(), @r"
    exit code: 0
    ----- stdout -----

    ----- stderr -----
    read 40 records in 2 objects (48.38 KiB inflated)
    kept 40 events: 20 added to [HERE]/lake, 20 there already
    of these 40 kms.amazonaws.com
    1 digest or insight object left alone
    1 file passed over: no log file by its name
    ");
    let again = here.run(["ingest", "trail", "--lake", "lake"]);
    insta::assert_snapshot!(again.without_speed(), @r"
    exit code: 0
    ----- stdout -----

    ----- stderr -----
    read 0 records in 0 objects (0 B inflated), 2 known from earlier runs
    kept 0 events: 0 added to [HERE]/lake, 0 there already
    1 digest or insight object left alone
    1 file passed over: no log file by its name
    ");
}

#[test]
fn objects_says_what_became_of_each_file() {
    let here = Here::new();
    small_trail(&here);
    here.write(format!("trail/{}", log_name(3, "bad")), "no json");
    let summary = here.run(here.ingest_arguments(&["trail"])).summary(2);
    let rows = here.sql(
        "select account_id, aws_region, delivered_at, document_format, records, events, skipped, outcome, error, \
         object_bytes > 0 as has_bytes, length(sha256) as hash, run_id from objects order by object_uri",
    );
    assert_eq!(rows.len(), 3);
    let good = json!({
        "account_id": ACCOUNT, "aws_region": REGION, "delivered_at": "2026-10-05T00:05:00Z", "document_format": "records",
        "records": 20, "events": 20, "skipped": 0, "outcome": "read", "error": null, "has_bytes": true, "hash": 64,
        "run_id": summary["run_id"],
    });
    assert_eq!(with_nulls(&rows[0], &good), good);
    assert_eq!(rows[2]["outcome"], "failed");
    assert_eq!(rows[2]["error"], "not JSON");
}

/// Whether a null is written or left out is the format's business.
fn with_nulls(row: &Value, like: &Value) -> Value {
    let fields = like.as_object().unwrap().keys();
    fields.map(|name| (name.clone(), row[name].clone())).collect::<serde_json::Map<_, _>>().into()
}

#[test]
fn every_run_is_written_down() {
    let here = Here::new();
    small_trail(&here);
    let first = here.ingest(&["trail"]);
    here.write("trail/bad.json", "no json");
    here.run(here.ingest_arguments(&["trail"])).summary(2);
    let rows = here.sql(
        "select run_id, command, outcome, objects, objects_known, records, events, duplicates, skipped, \
         started_at <= ended_at as in_order, events_version from runs order by started_at",
    );
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[0]["run_id"], first["run_id"]);
    assert_eq!((&rows[0]["command"], &rows[0]["outcome"]), (&json!("ingest"), &json!("complete")));
    assert_eq!(rows[0]["events_version"], first["events_version"]);
    for (name, expected) in [
        ("objects", 2),
        ("objects_known", 0),
        ("records", 40),
        ("events", 20),
        ("duplicates", 20),
        ("skipped", 0),
    ] {
        assert_eq!(rows[0][name], json!(expected), "{name}");
    }
    assert_eq!((&rows[1]["outcome"], &rows[1]["skipped"]), (&json!("incomplete"), &json!(1)));
    assert!(rows.iter().all(|row| row["in_order"] == true));
}

#[test]
fn an_empty_folder_is_an_empty_lake_and_no_error() {
    let here = Here::new();
    here.write("empty/README.md", "");
    let summary = here.ingest(&["empty"]);
    assert_eq!((count(&summary, "objects"), count(&summary, "events")), (0, 0));
    assert_eq!(here.number("select count(*) from events"), 0);
    assert_eq!(here.number("select count(*) from runs"), 1);
}

#[test]
fn threads_change_nothing_but_the_time() {
    let here = Here::new();
    small_trail(&here);
    let one = here.ingest(&["trail", "--threads", "1"]);
    let mut other = Here::new();
    other.set_lake(other.path("lake").display().to_string());
    let trail = here.path("trail").display().to_string();
    let eight = other.ingest(&[&trail, "--threads", "8"]);
    for name in ["objects", "records", "kept", "events", "duplicates"] {
        assert_eq!(count(&one, name), count(&eight, name), "{name}");
    }
}

#[test]
fn a_memory_limit_changes_no_event_and_one_that_is_too_small_is_refused() {
    let here = Here::new();
    simulate(&here, 4_000);
    let free = here.ingest(&["trail"]);
    let mut limited = Here::new();
    limited.set_lake(here.path("limited").display().to_string());
    let trail = here.path("trail").display().to_string();
    let summary = limited.ingest(&[&trail, "--memory-limit", "256MiB"]);
    assert_eq!(count(&summary, "events"), count(&free, "events"));
    assert_eq!(event_keys(limited.lake()), event_keys(here.lake()));
    for (size, words) in [("100MiB", "less than 240.0 MiB is too little"), ("much", "is no size")] {
        let refused = here.run(here.ingest_arguments(&["trail", "--memory-limit", size]));
        assert_eq!(refused.code, Some(2), "{refused}");
        assert!(refused.stderr.contains(words), "{refused}");
    }
}
