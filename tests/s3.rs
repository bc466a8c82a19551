//! A trail and a lake on an **S3** server, over the real protocol with real signatures.

mod named;

use std::collections::BTreeSet;
use std::sync::Arc;

use insta::assert_snapshot;

use crate::harness::python::S3Server;
use crate::harness::record::{ACCOUNT, call, decrypts, document, key_arn, log_name};
use crate::harness::tree::{log_files, simulate, truth};
use crate::harness::{Here, count, pack};

/// A bucket of its own, whose lake is `s3://<bucket>/lake`.
struct Bucket {
    here: Here,
    server: Arc<S3Server>,
    name: &'static str,
}

impl Bucket {
    fn new(name: &'static str) -> Self {
        let server = S3Server::shared();
        server.make_bucket(name);
        let mut here = Here::new();
        here.set("AWS_ENDPOINT_URL_S3", &server.endpoint);
        here.set("AWS_ACCESS_KEY_ID", &server.access_key);
        here.set("AWS_SECRET_ACCESS_KEY", &server.secret_key);
        here.set("AWS_REGION", "us-east-1");
        here.set_lake(format!("s3://{name}/lake"));
        Self { here, server, name }
    }

    /// Uploads a folder of the test below `trail/`.
    fn put(&self, folder: &str) {
        self.server.put(&self.here.path(folder), self.name, "trail/");
    }

    fn trail(&self) -> String {
        format!("s3://{}/trail/", self.name)
    }
}

#[test]
fn a_trail_on_s3_is_read_into_a_lake_on_s3_once() {
    let bucket = Bucket::new("once");
    let here = &bucket.here;
    simulate(here, 1_000);
    let truth = truth(&log_files(&here.path("trail")));
    bucket.put("trail");
    let first = here.ingest(&[&bucket.trail()]);
    assert_eq!((count(&first, "objects"), count(&first, "records")), (truth.files, truth.records));
    let kms = "select count(*) from events where event_source = 'kms.amazonaws.com'";
    assert_eq!(here.number(kms), i64::try_from(truth.kms.len()).unwrap());

    let second = here.ingest(&[&bucket.trail()]);
    assert_eq!((count(&second, "objects"), count(&second, "events")), (0, 0));
    assert_eq!(count(&second, "objects_known"), truth.files);

    let reread = here.ingest(&[&bucket.trail(), "--reread"]);
    assert_eq!((count(&reread, "objects"), count(&reread, "events")), (truth.files, 0));
    assert_eq!(here.number(kms), i64::try_from(truth.kms.len()).unwrap());
}

#[test]
fn a_lake_on_s3_answers_as_a_folder_does() {
    let bucket = Bucket::new("answers");
    let here = &bucket.here;
    let request = serde_json::json!({"keyId": key_arn(1), "pendingWindowInDays": 7});
    here.write("logs/a.json", document(&[call(1, "kms", "ScheduleKeyDeletion", request)]));
    here.ingest(&["logs"]);
    let window = ["--from", "2026-10-05T00:00:00Z", "--to", "2026-10-06T00:00:00Z"];
    let detect = |lake: &str| {
        let which = ["--detection", "key_deletion_scheduled", "--format", "ndjson"];
        let said = here.run([&["detect", "--lake", lake][..], &window, &which].concat());
        assert_eq!(said.code, Some(1), "{said}");
        said.stdout
    };
    let on_s3 = detect(here.lake());
    assert_eq!(here.run(["ingest", "logs", "--lake", "folder"]).code, Some(0));
    assert_eq!(on_s3, detect("folder"));
    assert_eq!(here.number("select count(*) from runs"), 2);
}

#[test]
fn new_and_late_objects_of_a_known_prefix_are_found() {
    let bucket = Bucket::new("late");
    let here = &bucket.here;
    for slot in [10, 20] {
        here.write(
            format!("first/{}", log_name(slot, "onTime")),
            pack::gzip(document(&decrypts(slot * 10..slot * 10 + 10))),
        );
    }
    bucket.put("first");
    assert_eq!(count(&here.ingest(&[&bucket.trail()]), "events"), 20);
    here.write(format!("second/{}", log_name(5, "late")), pack::gzip(document(&decrypts(50..60))));
    here.write(
        format!("second/{}", log_name(30, "new")),
        pack::gzip(document(&decrypts(300..310))),
    );
    bucket.put("second");
    let summary = here.ingest(&[&bucket.trail()]);
    assert_eq!(
        (count(&summary, "objects"), count(&summary, "objects_known"), count(&summary, "events")),
        (2, 2, 20)
    );
}

#[test]
fn all_of_a_known_prefix_is_read_again_when_asked_for() {
    let bucket = Bucket::new("again");
    let here = &bucket.here;
    for month in 1..=3 {
        let folder = format!("logs/AWSLogs/{ACCOUNT}/CloudTrail/eu-west-1/2026/{month:02}/01");
        let name = format!("{ACCOUNT}_CloudTrail_eu-west-1_2026{month:02}01T0005Z_x.json");
        here.write(format!("{folder}/{name}"), document(&decrypts([month])));
    }
    bucket.put("logs");
    let objects = |arguments: &[&str]| count(&here.ingest(arguments), "objects");
    assert_eq!(objects(&[&bucket.trail()]), 3);
    assert_eq!(objects(&[&bucket.trail()]), 0);
    assert_eq!(objects(&[&bucket.trail(), "--reread"]), 3);
}

#[test]
fn two_ingests_into_one_lake_on_s3_at_once_add_each_event_once() {
    let bucket = Bucket::new("race");
    let here = &bucket.here;
    simulate(here, 1_000);
    let truth = truth(&log_files(&here.path("trail")));
    bucket.put("trail");
    let trail = bucket.trail();
    let runs = [here.start_ingest(&[&trail]), here.start_ingest(&["trail"])];
    let added: u64 = runs.map(|run| count(&here.finish(run).summary(0), "events")).iter().sum();
    let rows = here.sql("select event_id, recipient_account_id, event_source from events");
    let keys: BTreeSet<String> = rows
        .iter()
        .map(|row| format!("{} {}", row["event_id"], row["recipient_account_id"]))
        .collect();
    assert_eq!((rows.len() as u64, keys.len() as u64), (added, added));
    assert_eq!(
        rows.iter().filter(|row| row["event_source"] == "kms.amazonaws.com").count(),
        truth.kms.len()
    );
    assert_eq!(here.number("select count(*) from runs"), 2);
}

#[test]
fn a_bad_object_on_s3_is_reported_and_the_rest_is_read() {
    let bucket = Bucket::new("damage");
    let here = &bucket.here;
    let packed = pack::gzip(document(&decrypts(0..500)));
    here.write("trail/bad.json.gz", &packed[..packed.len() / 2]);
    here.write("trail/good.json.gz", pack::gzip(document(&decrypts(1_000..1_010))));
    bucket.put("trail");
    let said = here.run(here.ingest_arguments(&[&bucket.trail()]));
    let summary = said.summary(2);
    assert_eq!(count(&summary, "objects_failed"), 1);
    assert!(count(&summary, "events") > 50);
    assert_snapshot!(said.complaints_about("bad"), @"skipped: s3://damage/trail/bad.json.gz: compressed stream ends early: the object is truncated");
}

/// A refusal in words of our own: what is wrong, and not what the server's answer looks like.
#[track_caller]
fn refused(here: &Here, arguments: [&str; 4], reason: &str) {
    let said = here.run(arguments);
    assert_eq!((said.code, said.stdout.as_str()), (Some(2), ""), "{said}");
    assert!(said.stderr.contains(reason), "{reason:?} is not in\n{said}");
    assert!(!said.stderr.contains("<?xml"), "{said}");
}

#[test]
fn a_bucket_that_is_not_there_is_reported() {
    let bucket = Bucket::new("present");
    let here = &bucket.here;
    here.write("logs/a.json", document(&decrypts(0..5)));
    refused(
        here,
        ["ingest", "s3://absent/trail", "--lake", "lake"],
        "s3://absent/trail: cannot be listed: no such bucket",
    );
    refused(here, ["ingest", "logs", "--lake", "s3://absent/lake"], "no such bucket");
}

#[test]
fn a_secret_key_that_is_wrong_is_reported() {
    let mut bucket = Bucket::new("locked");
    bucket.here.write("logs/a.json", document(&decrypts(0..5)));
    let trail = bucket.trail();
    bucket.here.set("AWS_SECRET_ACCESS_KEY", "wrong");
    let reason = "the secret key does not fit the access key";
    refused(&bucket.here, ["ingest", &trail, "--lake", "lake"], reason);
    refused(&bucket.here, ["ingest", "logs", "--lake", "s3://locked/lake"], reason);
}

#[test]
fn an_access_key_that_nobody_has_is_reported() {
    let mut bucket = Bucket::new("closed");
    bucket.here.write("logs/a.json", document(&decrypts(0..5)));
    let trail = bucket.trail();
    bucket.here.set("AWS_ACCESS_KEY_ID", "nobody");
    let reason = "the access key is not known there";
    refused(&bucket.here, ["ingest", &trail, "--lake", "lake"], reason);
    refused(&bucket.here, ["ingest", "logs", "--lake", "s3://closed/lake"], reason);
}

/// A test without a server: nothing listens on port 1.
fn alone(variables: &[(&str, &str)]) -> Here {
    let mut here = Here::new();
    here.set("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1");
    for (name, value) in variables {
        here.set(name, value);
    }
    here.write("logs/a.json", document(&decrypts(0..5)));
    here
}

const REGION: (&str, &str) = ("AWS_REGION", "us-east-1");
const KEY: (&str, &str) = ("AWS_ACCESS_KEY_ID", "x");
const SECRET: (&str, &str) = ("AWS_SECRET_ACCESS_KEY", "x");

#[test]
fn missing_credentials_are_reported() {
    let here = alone(&[REGION]);
    refused(&here, ["ingest", "s3://bucket/trail", "--lake", "lake"], "no AWS credentials found");
    refused(&here, ["ingest", "logs", "--lake", "s3://bucket/lake"], "no AWS credentials found");
}

#[test]
fn a_missing_region_is_reported() {
    let here = alone(&[KEY, SECRET]);
    refused(&here, ["ingest", "s3://bucket/trail", "--lake", "lake"], "AWS_REGION");
}

#[test]
fn a_server_that_does_not_answer_is_reported() {
    let here = alone(&[REGION, KEY, SECRET]);
    refused(&here, ["ingest", "s3://bucket/trail", "--lake", "lake"], "cannot connect");
}
