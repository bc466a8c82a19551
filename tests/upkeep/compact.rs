//! Small files become few large ones; the rows stay the same.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use arrow::array::AsArray as _;
use arrow::datatypes::TimestampMicrosecondType;
use insta::assert_snapshot;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::{Value, json};

use super::{lake_of, stored};
use crate::harness::lake::{Key, active_files, event_keys, vacuum_later};
use crate::harness::tree::{log_files, simulate, truth};
use crate::harness::{Here, count};

/// Times of the rows of one file, as they stand there.
fn times(file: &Path) -> Vec<i64> {
    let file = fs::File::open(file).unwrap();
    let mut times = Vec::new();
    for batch in ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap() {
        let batch = batch.unwrap();
        let column = batch.column_by_name("event_time").unwrap();
        times.extend_from_slice(column.as_primitive::<TimestampMicrosecondType>().values());
    }
    times
}

/// The log files of a simulated trail, in so many parts.
fn parts(here: &Here, parts: usize) -> Vec<Vec<String>> {
    let files = log_files(&here.path("trail"));
    files
        .chunks(files.len().div_ceil(parts))
        .map(|files| files.iter().map(|file| file.display().to_string()).collect())
        .collect()
}

fn ingest_part(here: &Here, part: &[String]) -> Value {
    here.ingest(&part.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn a_compaction_leaves_fewer_files_and_every_row_once() {
    let here = lake_of(5);
    let before = event_keys(here.lake());
    let summary = here.compact();
    let events = &summary["tables"]["events"];
    for (name, expected) in
        [("groups", 1), ("rows", 500), ("files_before", 5), ("files_after", 1), ("given_up", 0)]
    {
        assert_eq!(count(events, name), expected, "{name}: {summary:#}");
    }
    assert!(count(events, "bytes_after") < count(events, "bytes_before"));
    assert_eq!(count(&summary["tables"]["objects"], "files_after"), 1);
    assert_eq!(active_files(&here.path("lake/events")).len(), 1);
    assert_eq!(event_keys(here.lake()), before);
    assert_eq!(here.number("select count(*) from objects"), 5);
    assert_eq!(here.number("select count(*) from runs"), 6);
}

#[test]
fn rows_of_a_compacted_file_are_sorted_by_time() {
    let here = lake_of(3);
    here.compact();
    let files = active_files(&here.path("lake/events"));
    assert_eq!(files.len(), 1);
    let times = times(&files[0]);
    assert_eq!(times.len(), 300);
    assert!(times.is_sorted());
}

#[test]
fn a_second_compaction_has_nothing_to_do() {
    let here = lake_of(3);
    here.compact();
    let files = stored(&here.path("lake/events"));
    let summary = here.compact();
    for table in ["events", "objects", "runs"] {
        assert_eq!(count(&summary["tables"][table], "groups"), 0, "{summary:#}");
    }
    assert_eq!(stored(&here.path("lake/events")), files);
}

#[test]
fn many_runs_are_compacted_too() {
    let here = lake_of(9);
    let summary = here.compact();
    assert_eq!(count(&summary["tables"]["runs"], "files_before"), 9);
    assert_eq!(count(&summary["tables"]["runs"], "files_after"), 1);
    assert_eq!(here.number("select count(distinct run_id) from runs"), 10);
}

#[test]
fn an_ingest_after_a_compaction_knows_every_event() {
    let here = lake_of(4);
    here.compact();
    let again = here.ingest(&["logs"]);
    assert_eq!((count(&again, "objects"), count(&again, "objects_known")), (0, 4));
    let reread = here.ingest(&["logs", "--reread"]);
    assert_eq!((count(&reread, "events"), count(&reread, "duplicates")), (0, 400));
    assert_eq!(event_keys(here.lake()).len(), 400);
}

#[test]
fn questions_and_detections_have_the_same_answers_as_before() {
    let here = Here::new();
    simulate(&here, 3_000);
    for part in parts(&here, 4) {
        ingest_part(&here, &part);
    }
    let ask = || {
        let window = ["--from", "2026-10-05T00:00:00Z", "--to", "2026-10-07T00:00:00Z"];
        let found = here
            .run([&["detect", "--format", "ndjson", "--lake", here.lake()][..], &window].concat());
        assert!(matches!(found.code, Some(0 | 1)), "{found}");
        let events = here.sql(
            "select event_id, recipient_account_id, event_time, actor, request_parameters, \
             encryption_context from events order by event_id, recipient_account_id",
        );
        (found.stdout, events, here.sql("select * from grants order by grant_id, key_arn"))
    };
    let before = ask();
    assert!(count(&here.compact()["tables"]["events"], "groups") > 0);
    assert_eq!(ask(), before);
    vacuum_later(here.lake());
    assert_eq!(ask(), before);
}

#[test]
fn four_compactions_at_once_during_ingests_leave_each_event_once() {
    let here = Here::new();
    simulate(&here, 8_000);
    let truth = truth(&log_files(&here.path("trail")));
    let parts = parts(&here, 8);
    assert_eq!(parts.len(), 8);
    let (early, late) = parts.split_at(4);
    for part in early {
        ingest_part(&here, part);
    }
    let compactions: Vec<_> =
        (0..4).map(|_| here.command(here.compact_arguments()).spawn().unwrap()).collect();
    let ingests: Vec<_> = late
        .iter()
        .map(|part| here.start_ingest(&part.iter().map(String::as_str).collect::<Vec<_>>()))
        .collect();
    let seen = here
        .number("select count(*) - count(distinct event_id || recipient_account_id) from events");
    assert_eq!(seen, 0);
    for run in compactions.into_iter().chain(ingests) {
        here.finish(run).summary(0);
    }
    let once = || {
        let keys = event_keys(here.lake());
        let distinct: BTreeSet<Key> = keys.iter().cloned().collect();
        assert_eq!(distinct.len(), keys.len(), "an event is in the lake twice");
        let kms = here.sql("select event_id from events where event_source = 'kms.amazonaws.com'");
        assert_eq!(kms.len(), truth.kms.len());
    };
    once();
    let objects = i64::try_from(truth.files).unwrap();
    assert_eq!(here.number("select count(*) from objects"), objects);
    assert_eq!(here.number("select count(distinct run_id) from runs"), 12);
    assert_eq!(here.number("select count(*) from runs"), 12);
    here.compact();
    vacuum_later(here.lake());
    once();
    let events = here.path("lake/events");
    assert_eq!(stored(&events), active_files(&events));
}

#[test]
fn a_compaction_is_written_down() {
    let here = lake_of(2);
    let summary = here.compact();
    let rows = here.sql(
        "select command, outcome, details, events_version from runs where command = 'compact'",
    );
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0]["outcome"], "complete");
    assert_eq!(rows[0]["events_version"], summary["events_version"]);
    let details: Value = serde_json::from_str(rows[0]["details"].as_str().unwrap()).unwrap();
    assert_eq!(details, json!({"tables": summary["tables"]}));
}

#[test]
fn a_lake_that_is_not_there_is_not_made_by_compacting_it() {
    let here = Here::new();
    assert_snapshot!(here.run(["compact", "--lake", "lake"]), @r"
    exit code: 2
    ----- stdout -----

    ----- stderr -----
    error: there is no lake at [HERE]/lake: make one with keytrail ingest SOURCE --lake [HERE]/lake
    ");
    assert!(!here.path("lake").exists());
}
