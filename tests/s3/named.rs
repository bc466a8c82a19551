//! Objects that are **named one by one**, as notifications do, and what listing makes of them.

use serde_json::Value;

use super::Bucket;
use crate::harness::record::{ACCOUNT, REGION, decrypts, document, log_name};
use crate::harness::{count, pack};

/// Arguments of an ingest of these objects below `trail/`.
fn named(bucket: &Bucket, names: &[&str]) -> Vec<String> {
    let mut arguments = vec!["--objects".to_owned()];
    arguments.extend(names.iter().map(|name| format!("{}{name}", bucket.trail())));
    arguments
}

fn ingest_named(bucket: &Bucket, names: &[&str]) -> Value {
    let arguments = named(bucket, names);
    bucket.here.ingest(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
}

fn requests(summary: &Value) -> [u64; 3] {
    ["get", "head", "list"].map(|kind| count(&summary["requests"], kind))
}

/// The name of the one log file of a month.
fn monthly(month: u32) -> String {
    format!(
        "AWSLogs/{ACCOUNT}/CloudTrail/{REGION}/2026/{month:02}/01/{ACCOUNT}_CloudTrail_{REGION}_2026{month:02}01T0005Z_x.json"
    )
}

/// A bucket with a log file of one event for each of these months.
fn bucket_of_months(name: &'static str, months: u32) -> Bucket {
    let bucket = Bucket::new(name);
    for month in 1..=months {
        bucket.here.write(format!("logs/{}", monthly(month)), document(&decrypts([month])));
    }
    bucket.put("logs");
    bucket
}

#[test]
fn named_objects_are_read_once_and_nothing_is_listed() {
    let bucket = Bucket::new("named");
    let names = [log_name(1, "a+b c"), log_name(2, "x")];
    for (name, first) in names.iter().zip([0, 10]) {
        let records = decrypts(first..first + 10);
        bucket.here.write(format!("logs/{name}"), pack::gzip(document(&records)));
    }
    bucket.put("logs");
    let digest = format!("AWSLogs/{ACCOUNT}/CloudTrail-Digest/{REGION}/2026/10/05/d.json.gz");
    let all = [&*names[0], &*names[1], &*names[0], &digest, "README.md", "folder/"];
    let first = ingest_named(&bucket, &all);
    let counts = ["objects", "events", "objects_left_alone", "objects_passed_over"];
    assert_eq!(counts.map(|name| count(&first, name)), [2, 20, 1, 1]);
    assert_eq!(requests(&first), [2, 2, 0]);
    let again = ingest_named(&bucket, &all);
    let counts = ["objects", "objects_known", "events"].map(|name| count(&again, name));
    assert_eq!((counts, requests(&again)), ([0, 2, 0], [0, 2, 0]));
    assert_eq!(bucket.here.number("select count(*) from objects where named"), 2);
}

#[test]
fn a_named_object_does_not_hide_older_ones_from_listing() {
    let bucket = bucket_of_months("ahead", 4);
    assert_eq!(count(&ingest_named(&bucket, &[&monthly(4)]), "events"), 1);
    // The one that was named is read once more, so that listing gets on.
    let listed = bucket.here.ingest(&[&bucket.trail()]);
    let counts = ["objects", "events", "duplicates"].map(|name| count(&listed, name));
    assert_eq!(counts, [4, 3, 1]);
    let next = bucket.here.ingest(&[&bucket.trail()]);
    assert_eq!((count(&next, "objects"), count(&next, "objects_known")), (0, 1));
}

#[test]
fn a_named_object_that_is_gone_is_a_failure_that_does_not_pass() {
    let bucket = bucket_of_months("gone", 1);
    let arguments = named(&bucket, &[&monthly(1), &monthly(2)]);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let said = bucket.here.run(bucket.here.ingest_arguments(&arguments));
    let summary = said.summary(2);
    assert_eq!((count(&summary, "events"), count(&summary, "objects_failed")), (1, 1));
    let failure = &summary["failures"][0];
    assert_eq!(failure["may_pass"], false);
    assert!(failure["reason"].as_str().unwrap().starts_with("the object is gone"), "{failure}");
}

#[test]
fn sources_that_name_no_object_are_refused() {
    let bucket = Bucket::new("unnamed");
    for source in ["s3://unnamed", "s3://unnamed/", "logs", "-"] {
        let said = bucket.here.run(["ingest", "--lake", "lake", "--objects", source]);
        assert_eq!(said.code, Some(2), "{said}");
        assert!(said.stderr.contains("an object is named as s3://bucket/key"), "{said}");
    }
}

#[test]
fn only_what_was_delivered_since_a_day_is_listed_and_the_rest_is_found_by_relisting() {
    let bucket = bucket_of_months("since", 4);
    let here = &bucket.here;
    let trail = bucket.trail();
    let since = |from: &str| here.ingest(&[&trail, "--delivered-from", from]);
    let first = since("2026-03-01");
    assert_eq!((count(&first, "objects"), count(&first, "objects_early")), (2, 0));
    // In the middle of a day: that day is listed, and what came before is counted.
    let relisted = here.ingest(&[&trail, "--delivered-from", "2026-02-01T12:00:00Z", "--relist"]);
    let counts = ["objects", "objects_known", "objects_early"].map(|name| count(&relisted, name));
    assert_eq!(counts, [0, 2, 1]);
    assert_eq!(count(&here.ingest(&[&trail]), "objects"), 0);
    let all = here.ingest(&[&trail, "--relist"]);
    assert_eq!((count(&all, "objects"), count(&all, "objects_known")), (2, 2));
}
