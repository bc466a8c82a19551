//! Calls are added up once, whenever and in whatever order they came.

use serde_json::Value;

use crate::harness::tree::{log_files, simulate};
use crate::harness::{Here, count};

/// All of `key_usage`, in one order.
fn usage(here: &Here) -> Vec<Value> {
    here.sql(
        "select * from key_usage order by hour, actor, key_arn, key_side, event_name, error_code, \
         invoked_by, vpc_endpoint, mfa, actor_kind, principal_unique_id, first_event_id",
    )
}

fn follow(here: &Here, flags: &[&str]) -> Value {
    let head = ["usage", "--format", "json", "--lake", here.lake()];
    here.run(head.iter().chain(flags)).summary(0)["usage"].clone()
}

#[test]
fn usage_that_followed_many_runs_equals_usage_counted_anew() {
    let here = Here::new();
    simulate(&here, 6_000);
    let mut files = log_files(&here.path("trail"));
    files.reverse();
    for (number, part) in files.chunks(files.len().div_ceil(3)).enumerate() {
        let part: Vec<String> = part.iter().map(|file| file.display().to_string()).collect();
        here.ingest(&part.iter().map(String::as_str).collect::<Vec<_>>());
        if number == 1 {
            here.compact();
        }
        if number != 1 {
            follow(&here, &[]);
        }
    }
    let followed = usage(&here);
    assert!(!followed.is_empty());
    assert_eq!(here.number("select count(*) from events_not_in_usage"), 0);
    let calls = here.number("select sum(calls) from usage where key_side = 'key'");
    let events = here.number(
        "select count(*) from events where event_source = 'kms.amazonaws.com' \
         and event_category <> 'NetworkActivity' and addendum_original_event_id is null",
    );
    assert_eq!(calls, events);
    let rebuilt = follow(&here, &["--rebuild"]);
    assert_eq!(rebuilt["rebuilt"], true);
    assert_eq!(usage(&here), followed);
    assert_eq!(count(&follow(&here, &[]), "rows"), 0);
}

#[test]
fn what_usage_has_not_counted_yet_is_counted_by_whoever_asks() {
    let here = Here::new();
    simulate(&here, 3_000);
    let files: Vec<String> =
        log_files(&here.path("trail")).iter().map(|file| file.display().to_string()).collect();
    let (first, second) = files.split_at(files.len() / 2);
    here.ingest(&first.iter().map(String::as_str).collect::<Vec<_>>());
    follow(&here, &[]);
    here.ingest(&second.iter().map(String::as_str).collect::<Vec<_>>());
    here.compact();
    assert!(here.number("select count(*) from events_not_in_usage") > 0);
    let asked = usage(&here);
    follow(&here, &["--rebuild"]);
    assert_eq!(usage(&here), asked);
}

#[test]
fn two_that_count_at_once_count_each_event_once() {
    let here = Here::new();
    simulate(&here, 3_000);
    here.ingest(&["trail"]);
    let head = ["usage", "--format", "json", "--lake", here.lake()];
    let runs = [here.command(head).spawn().unwrap(), here.command(head).spawn().unwrap()];
    for run in runs {
        here.finish(run).summary(0);
    }
    let counted = usage(&here);
    follow(&here, &["--rebuild"]);
    assert_eq!(usage(&here), counted);
}
