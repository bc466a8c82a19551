//! Runs that are asked to end early, and objects that are refused for a while: what was not read
//! is read by the next run.

use std::process::{Child, Command};

use serde_json::{Value, json};

use super::{BUCKET, Ground, keys_once};
use crate::harness::record::{ACCOUNT, REGION, decrypts, document};
use crate::harness::{Said, count};

const DAYS: u32 = 20;

/// A log file of one event for each of the first days of a month.
fn ground(name: &'static str) -> Ground {
    let ground = Ground::new(name);
    for day in 1..=DAYS {
        ground.here.write(format!("logs/{}", daily(day)), document(&decrypts([day])));
    }
    ground.put("logs");
    ground
}

fn daily(day: u32) -> String {
    format!(
        "AWSLogs/{ACCOUNT}/CloudTrail/{REGION}/2026/09/{day:02}/{ACCOUNT}_CloudTrail_{REGION}_202609{day:02}T0005Z_x.json"
    )
}

/// Tells a run to end, as a system does.
fn terminate(run: &Child) {
    let said = Command::new("kill").arg(run.id().to_string()).status().unwrap();
    assert!(said.success());
}

#[track_caller]
fn the_rest_is_read(ground: &Ground, stopped: &Value) {
    ground.plan(&[]);
    let next = ground.ingest().summary(0);
    let events = count(stopped, "events") + count(&next, "events");
    assert_eq!((events, next["stopped_early"].as_bool()), (u64::from(DAYS), Some(false)));
    assert_eq!(keys_once(&ground.here).0.len(), DAYS as usize);
    assert_eq!(count(&ground.ingest().summary(0), "objects"), 0);
}

#[test]
fn a_run_told_to_end_commits_what_it_has_and_the_next_one_goes_on() {
    let ground = ground("stopped");
    // The ninth object never comes; those after it are there and have to wait.
    ground.plan(&[json!({"fault": "hold", "method": "GET", "path": daily(9)})]);
    let trail = ground.trail();
    let run = ground.here.start_ingest(&[&trail]);
    ground.wait_for(0, 1);
    terminate(&run);
    let said = ground.here.finish(run);
    let summary = said.summary(2);
    assert_eq!(summary["stopped_early"], true, "{said}");
    assert!(count(&summary, "events") < 9, "{said}");
    assert_eq!(count(&summary, "objects_failed"), 0);
    assert!(said.stderr.contains("the same command goes on from here"), "{said}");
    the_rest_is_read(&ground, &summary);
}

#[test]
fn a_run_told_to_end_while_it_lists_ends() {
    let ground = ground("unlisted");
    ground.plan(&[
        json!({"fault": "hold", "method": "GET", "path": "list-type=2.*2F2026|list-type=2.*trail"}),
    ]);
    let trail = ground.trail();
    let run = ground.here.start_ingest(&[&trail]);
    ground.wait_for(0, 1);
    terminate(&run);
    let summary = ground.here.finish(run).summary(2);
    assert_eq!((count(&summary, "objects"), summary["stopped_early"].as_bool()), (0, Some(true)));
    the_rest_is_read(&ground, &summary);
}

/// A refusal of every object, or of those with this in their path.
fn denied(ground: &Ground, method: &str, path: &str) -> Said {
    ground.plan(&[json!({"fault": "refuse", "method": method, "path": path, "status": 403, "code": "AccessDenied"})]);
    ground.ingest()
}

#[test]
fn a_trail_that_was_forbidden_for_a_while_is_read_from_its_beginning() {
    let ground = ground("forbidden");
    let said = denied(&ground, "GET", "trail/.*json");
    let summary = said.summary(2);
    assert_eq!(count(&summary, "objects_failed"), u64::from(DAYS));
    let failure = &summary["failures"][0];
    let reason = failure["reason"].as_str().unwrap();
    assert!(reason.starts_with("access denied: s3:GetObject (and kms:Decrypt"), "{reason}");
    assert_eq!(failure["may_pass"], true);
    the_rest_is_read(&ground, &summary);
}

#[test]
fn a_listing_that_is_forbidden_names_the_permission() {
    let ground = ground("hidden");
    let said = denied(&ground, "GET", "list-type=2.*trail");
    assert_eq!(said.code, Some(2), "{said}");
    assert!(said.stderr.contains("access denied: s3:ListBucket is needed"), "{said}");
}

#[test]
fn a_named_object_that_cannot_be_described_is_read_all_the_same() {
    let ground = ground("nameless");
    ground.plan(&[json!({"fault": "refuse", "method": "HEAD", "path": daily(1), "status": 403, "code": "AccessDenied"})]);
    let object = format!("s3://{BUCKET}/nameless/trail/{}", daily(1));
    let first = ground.here.ingest(&["--objects", &object]);
    assert_eq!((count(&first, "objects"), count(&first, "events")), (1, 1));
    ground.plan(&[]);
    let again = ground.here.ingest(&["--objects", &object]);
    assert_eq!((count(&again, "objects"), count(&again, "objects_known")), (0, 1));
}
