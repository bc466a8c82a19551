//! Lakes that cannot be used: said clearly, and left as they were.

use std::fs;

use insta::assert_snapshot;
use serde_json::json;

use super::GOOD;
use crate::harness::record::{decrypts, document};
use crate::harness::tree::files;
use crate::harness::{Here, Said, count};

/// One good file to ingest.
fn ready() -> Here {
    let here = Here::new();
    here.write("logs/good.json", document(&decrypts(GOOD)));
    here
}

fn ingest_into(here: &Here, lake: &str) -> Said {
    here.run(["ingest", "logs", "--lake", lake])
}

/// One line that says what failed, and why, once.
#[track_caller]
fn refused(said: &Said, what: &str, why: &str) {
    assert_eq!((said.code, said.stdout.as_str()), (Some(2), ""), "{said}");
    assert!(said.stderr.starts_with(&format!("error: {what}")), "{said}");
    assert_eq!((said.stderr.matches(why).count(), said.stderr.lines().count()), (1, 1), "{said}");
}

#[test]
fn a_file_where_the_lake_should_be_is_reported() {
    let here = ready();
    here.write("lake", "not a folder");
    let said = ingest_into(&here, "lake");
    refused(&said, "lake [HERE]/lake: cannot open table events", "Not a directory (os error 20)");
    assert_eq!(fs::read_to_string(here.path("lake")).unwrap(), "not a folder");
}

#[test]
fn a_lake_that_cannot_be_written_is_reported() {
    let said = ingest_into(&ready(), "/proc/keytrail");
    let what = "lake /proc/keytrail: cannot create table events; is the place writable?";
    refused(&said, what, "No such file or directory (os error 2)");
}

#[test]
fn a_location_that_is_no_place_for_a_lake_is_reported() {
    let said = ["", "https://example.com/lake", "gs://bucket/lake"]
        .map(|lake| ingest_into(&ready(), lake));
    assert!(said.iter().all(|said| said.code == Some(2) && said.stdout.is_empty()), "{said:#?}");
    assert_snapshot!(said.map(|said| said.stderr).concat(), @r"
    error: : not a place for a lake: it is empty
    error: https://example.com/lake: not a place for a lake: give a folder, file:// or s3://bucket/prefix
    error: gs://bucket/lake: not a place for a lake: give a folder, file:// or s3://bucket/prefix
    ");
}

#[test]
fn a_lake_made_by_a_newer_version_is_refused_by_name() {
    let here = ready();
    here.ingest(&["logs"]);
    let first = here.path("lake/events/_delta_log/00000000000000000000.json");
    let log = fs::read_to_string(&first).unwrap();
    let newer = log.replace(r#""keytrail.schemaVersion":"1""#, r#""keytrail.schemaVersion":"99""#);
    assert_ne!(log, newer);
    fs::write(&first, newer).unwrap();
    let before = files(&here.path("lake"));
    assert_snapshot!(ingest_into(&here, "lake"), @r"
    exit code: 2
    ----- stdout -----

    ----- stderr -----
    error: lake [HERE]/lake: table events has schema version 99, this keytrail reads up to 1; use a newer keytrail
    ");
    assert_snapshot!(here.run(["sql", "select count(*) from events", "--lake", "lake"]), @r"
    exit code: 2
    ----- stdout -----

    ----- stderr -----
    error: lake [HERE]/lake: table events has schema version 99, this keytrail reads up to 1; use a newer keytrail
    ");
    assert_snapshot!(here.run(["detect", "--lake", "lake"]), @r"
    exit code: 2
    ----- stdout -----

    ----- stderr -----
    error: lake [HERE]/lake: table events has schema version 99, this keytrail reads up to 1; use a newer keytrail
    ");
    assert_eq!(files(&here.path("lake")), before);
}

#[test]
fn a_delta_table_of_somebody_else_is_left_alone() {
    let here = ready();
    let schema = json!({"type": "struct", "fields": [{"name": "x", "type": "long", "nullable": true, "metadata": {}}]});
    let log = [
        json!({"protocol": {"minReaderVersion": 1, "minWriterVersion": 2}}),
        json!({"metaData": {
            "id": "0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0ff", "format": {"provider": "parquet", "options": {}},
            "schemaString": schema.to_string(), "partitionColumns": [], "configuration": {}, "createdTime": 1_791_190_800_000_u64,
        }}),
    ];
    let lines: Vec<String> = log.iter().map(ToString::to_string).collect();
    here.write("lake/events/_delta_log/00000000000000000000.json", lines.join("\n"));
    assert_snapshot!(ingest_into(&here, "lake"), @r"
    exit code: 2
    ----- stdout -----

    ----- stderr -----
    error: lake [HERE]/lake: table events was not made by keytrail; choose another --lake
    ");
    assert_eq!(files(&here.path("lake/events")).len(), 1);
}

#[test]
fn a_lake_that_is_not_there_is_not_made_by_reading_it() {
    let here = Here::new();
    assert_snapshot!(here.run(["sql", "select count(*) from events", "--lake", "lake"]), @r"
    exit code: 2
    ----- stdout -----

    ----- stderr -----
    error: there is no lake at [HERE]/lake: make one with keytrail ingest
    ");
    assert_snapshot!(here.run(["detect", "--lake", "lake"]), @r"
    exit code: 2
    ----- stdout -----

    ----- stderr -----
    error: there is no lake at [HERE]/lake: make one with keytrail ingest SOURCE --lake [HERE]/lake
    ");
    assert!(!here.path("lake").exists());
}

#[test]
fn a_damaged_log_is_reported_and_not_written_to() {
    let here = ready();
    here.ingest(&["logs"]);
    let newest = here.path("lake/events/_delta_log/00000000000000000001.json");
    let log = fs::read_to_string(&newest).unwrap();
    fs::write(&newest, &log[..log.len() / 2]).unwrap();
    here.write("logs/more.json", document(&decrypts(0..5)));
    let said = ingest_into(&here, "lake");
    assert_eq!(said.code, Some(2), "{said}");
    assert!(said.stderr.contains("table events"), "{said}");
    fs::write(&newest, log).unwrap();
    assert_eq!(count(&here.ingest(&["logs"]), "events"), 5);
}

#[test]
fn a_missing_data_file_is_reported() {
    let here = ready();
    here.ingest(&["logs"]);
    let data = files(&here.path("lake/events"))
        .into_iter()
        .find(|path| path.extension().is_some_and(|ending| ending == "parquet"));
    fs::remove_file(data.unwrap()).unwrap();
    for arguments in [
        &["sql", "select event_id from events", "--lake", "lake"][..],
        &["ingest", "logs", "--reread", "--lake", "lake"],
    ] {
        let said = here.run(arguments);
        assert_eq!(said.code, Some(2), "{said}");
        assert!(said.stderr.contains("events") && said.stderr.contains(".parquet"), "{said}");
    }
}
