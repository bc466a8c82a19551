//! Requests that are refused, answered late, or answered in part: they are made again, and what
//! stays unreadable is reported and read by the next run.

use serde_json::{Value, json};

use super::{Ground, ended_well};
use crate::harness::count;

const TRAIL: &str = "/trail/.*json.gz";

#[test]
fn a_fifth_of_all_requests_refused_loses_nothing() {
    let (ground, truth) = Ground::with_trail("refused", 1_500);
    let slow_down = json!({"fault": "refuse", "share": 0.1, "seed": 1});
    let error =
        json!({"fault": "refuse", "share": 0.1, "seed": 2, "status": 500, "code": "InternalError"});
    ground.plan(&[slow_down, error]);
    let said = ground.ingest();
    assert!(ground.fired().iter().all(|&fired| fired > 10), "{:?}", ground.fired());
    ended_well(&said);
    ground.check(&truth);
}

#[test]
fn a_server_that_refuses_everything_is_reported() {
    let (ground, truth) = Ground::with_trail("closed", 300);
    ground.plan(&[json!({"fault": "refuse", "path": "list-type=2.*trail"})]);
    let said = ground.ingest();
    assert_eq!(said.code, Some(2), "{said}");
    assert!(said.stderr.contains("cannot be listed: S3 is overloaded"), "{said}");
    ground.plan(&[json!({"fault": "refuse", "path": "/lake"})]);
    let said = ground.ingest();
    assert_eq!((said.code, said.stdout.as_str()), (Some(2), ""), "{said}");
    assert!(said.stderr.contains("lake: S3 is overloaded"), "{said}");
    ground.check(&truth);
}

#[test]
fn bodies_that_break_off_are_got_again() {
    let (ground, truth) = Ground::with_trail("cut", 1_000);
    ground.plan(&[json!({"fault": "cut", "method": "GET", "path": TRAIL, "times": 5})]);
    ground.ingest().summary(0);
    assert_eq!(ground.fired(), [5]);
    // The second run reads the lake, too.
    let lake = |path: &str| json!({"fault": "cut", "method": "GET", "path": path, "times": 2});
    ground.plan(&[
        lake("events/.*parquet"),
        lake("objects/.*parquet"),
        lake("events/_delta_log/.*json"),
    ]);
    let trail = ground.trail();
    let again = ground.here.ingest(&[&trail, "--reread"]);
    assert!(ground.fired().iter().any(|&fired| fired > 0), "{:?}", ground.fired());
    assert_eq!(count(&again, "events"), 0);
    ground.check(&truth);
}

#[test]
fn an_object_whose_body_always_breaks_off_is_reported_and_read_by_the_next_run() {
    let (ground, truth) = Ground::with_trail("broken", 600);
    // Whatever is asked for first: the proxy then knows its name by the rule's path.
    let key = ground.server.ask(&json!({"bucket": super::BUCKET, "keys": "broken/trail/"}))["keys"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .find(|key| key.contains("/CloudTrail/"))
        .unwrap()
        .to_owned();
    ground.plan(&[json!({"fault": "cut", "method": "GET", "path": key})]);
    let said = ground.ingest();
    let summary = said.summary(2);
    assert_eq!((count(&summary, "objects"), count(&summary, "objects_failed")), (truth.files, 1));
    assert!(said.stderr.contains(&format!("{key}: the connection broke off")), "{said}");
    assert_eq!(count(&ground.check(&truth), "objects"), 1);
}

#[test]
fn slow_answers_change_nothing() {
    let (ground, truth) = Ground::with_trail("slow", 400);
    ground.plan(&[json!({"fault": "delay", "ms": 150})]);
    assert_eq!(count(&ground.ingest().summary(0), "objects"), truth.files);
    ground.check(&truth);
}

/// All at once, since each waits until patience is at its end.
#[test]
fn connections_that_stall_are_given_up_and_their_requests_made_again() {
    let rules = [
        ("silent", json!({"fault": "stall", "method": "GET", "path": TRAIL, "times": 2})),
        ("choked", json!({"fault": "choke", "method": "GET", "path": TRAIL, "times": 2})),
        ("unlisted", json!({"fault": "stall", "path": "list-type=2.*trail", "times": 1})),
        (
            "commit",
            json!({"fault": "stall", "method": "PUT", "path": "events/_delta_log/0+1.json", "times": 1}),
        ),
        (
            "upload",
            json!({"fault": "stall", "method": "PUT", "path": "events/.*parquet", "times": 1}),
        ),
        (
            "log",
            json!({"fault": "choke", "method": "GET", "path": "events/_delta_log/.*json", "times": 1}),
        ),
    ];
    let runs = rules.map(|(name, rule)| {
        let (ground, truth) = Ground::with_trail(name, 200);
        ground.plan(&[rule]);
        let trail = ground.trail();
        let run = ground.here.start_ingest(&[&trail]);
        (ground, truth, run)
    });
    for (ground, truth, run) in runs {
        let said = ground.here.finish(run);
        assert!(ground.fired()[0] > 0, "{}\n{said}", ground.name);
        assert_eq!(said.code, Some(0), "{}\n{said}", ground.name);
        ground.check(&truth);
    }
}
