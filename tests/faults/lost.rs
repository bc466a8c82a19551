//! Requests that are carried out and whose answers are lost: the next look at the table tells
//! what became of them.

use serde_json::{Value, json};

use super::Ground;
use crate::harness::count;

/// A rule about the put that makes this version of a table.
fn commit(fault: &str, table: &str, version: u32) -> Value {
    let path = format!("/lake/{table}/_delta_log/{version:020}.json");
    json!({"fault": fault, "method": "PUT", "path": path, "conditional": true, "times": 1})
}

/// A run with this plan must get through as if nothing had been.
#[track_caller]
fn nothing_is_noticed(name: &'static str, rules: &[Value]) {
    let (ground, truth) = Ground::with_trail(name, 600);
    ground.plan(rules);
    let said = ground.ingest();
    let first = said.summary(0);
    let fired = ground.fired();
    assert!(fired.iter().all(|&fired| fired > 0), "{fired:?}\n{said}");
    assert_eq!(count(&first, "objects"), truth.files);
    let rows = |table: &str| ground.here.number(&format!("select count(*) from {table}"));
    assert_eq!(rows("objects"), i64::try_from(truth.files).unwrap());
    assert_eq!(rows("runs"), 1);
    assert_eq!(count(&first, "events"), u64::try_from(rows("events")).unwrap());
    let last = ground.check(&truth);
    assert_eq!((count(&last, "objects"), count(&last, "events")), (0, 0));
}

#[test]
fn commits_whose_answers_are_lost_count_once() {
    nothing_is_noticed(
        "lost",
        &["events", "objects", "runs"].map(|table| commit("lose", table, 1)),
    );
}

#[test]
fn tables_whose_creation_was_not_answered_are_used() {
    nothing_is_noticed(
        "made",
        &["events", "objects", "runs"].map(|table| commit("lose", table, 0)),
    );
}

#[test]
fn commits_that_landed_although_the_server_says_it_failed_count_once() {
    let failed = |version| {
        ["events", "objects", "runs"].map(|table| {
            let mut rule = commit("fail", table, version);
            rule["status"] = json!(500);
            rule["code"] = json!("InternalError");
            rule
        })
    };
    nothing_is_noticed("failed", &[failed(0), failed(1)].concat());
}

#[test]
fn conflicts_that_s3_reports_about_puts_at_the_same_time_are_waited_out() {
    let conflict = |version| {
        ["events", "objects", "runs"].map(|table| {
            let mut rule = commit("refuse", table, version);
            rule["status"] = json!(409);
            rule["code"] = json!("ConditionalRequestConflict");
            rule["times"] = json!(2);
            rule
        })
    };
    nothing_is_noticed("conflict", &[conflict(0), conflict(1)].concat());
}

#[test]
fn files_whose_upload_was_not_answered_are_uploaded_again() {
    let put = |table: &str| json!({"fault": "lose", "method": "PUT", "path": format!("/lake/{table}/.*parquet"), "times": 1});
    nothing_is_noticed("files", &["events", "objects", "runs"].map(put));
}

#[test]
fn two_runs_of_which_one_hears_nothing_of_its_commits_add_each_event_once() {
    let (ground, truth) = Ground::with_trail("deaf", 1_000);
    let lose = json!({"fault": "lose", "method": "PUT", "path": "/_delta_log/", "share": 0.5, "seed": 3, "times": 8});
    ground.plan(&[lose]);
    let trail = ground.trail();
    let runs = [&trail, &trail].map(|trail| ground.here.start_ingest(&[trail]));
    let added: u64 =
        runs.map(|run| count(&ground.here.finish(run).summary(0), "events")).iter().sum();
    assert!(ground.fired()[0] > 0);
    assert_eq!(count(&ground.check(&truth), "events"), 0);
    assert_eq!(ground.here.number("select count(*) from events"), i64::try_from(added).unwrap());
}
