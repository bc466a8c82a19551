//! Two runs at once, into one lake.

use std::collections::BTreeSet;

use crate::harness::lake::event_keys;
use crate::harness::record::{decrypts, document};
use crate::harness::tree::{log_files, simulate, truth};
use crate::harness::watch::Watch;
use crate::harness::{Here, count};

#[test]
fn two_ingests_of_one_tree_at_once_add_each_event_once() {
    let here = Here::new();
    simulate(&here, 8_000);
    let truth = truth(&log_files(&here.path("trail")));
    let runs = [here.start_ingest(&["trail"]), here.start_ingest(&["trail"])];
    let summaries = runs.map(|run| here.finish(run).summary(0));
    let keys = event_keys(here.lake());
    let distinct: BTreeSet<_> = keys.iter().collect();
    assert_eq!(distinct.len(), keys.len(), "an event is in the lake twice");
    assert_eq!(
        summaries.iter().map(|summary| count(summary, "events")).sum::<u64>(),
        keys.len() as u64
    );
    for summary in &summaries {
        assert_eq!(count(summary, "kept"), count(summary, "events") + count(summary, "duplicates"));
        assert!(
            count(summary, "objects") + count(summary, "objects_known") == truth.files,
            "{summary:#}"
        );
    }
    let kms = here.sql("select event_id from events where event_source = 'kms.amazonaws.com'");
    assert_eq!(kms.len(), truth.kms.len());
    assert_eq!(
        here.number("select count(*) from runs where command = 'ingest' and outcome = 'complete'"),
        2
    );
}

#[test]
fn five_ingests_of_overlapping_files_at_once_add_each_event_once() {
    let here = Here::new();
    for file in 0..5 {
        here.write(format!("logs/{file}.json"), document(&decrypts(file * 100..file * 100 + 300)));
    }
    let names: Vec<String> = (0..5).map(|file| format!("logs/{file}.json")).collect();
    let runs: Vec<_> = names.iter().map(|name| here.start_ingest(&[name])).collect();
    let added: u64 =
        runs.into_iter().map(|run| count(&here.finish(run).summary(0), "events")).sum();
    assert_eq!(added, 700);
    assert_eq!(event_keys(here.lake()).len(), 700);
    assert_eq!(here.number("select count(*) from objects"), 5);
    assert_eq!(here.number("select count(*) from runs"), 5);
}

#[test]
fn a_query_during_an_ingest_sees_whole_commits() {
    let here = Here::new();
    here.write("logs/a.json", document(&decrypts(0..50)));
    here.ingest(&["logs"]);
    simulate(&here, 8_000);
    let run = here.start_ingest(&["trail"]);
    let seen = here.number("select count(*) from events");
    let added = count(&here.finish(run).summary(0), "events");
    let all = 50 + i64::try_from(added).unwrap();
    assert!(seen == 50 || seen == all, "{seen} of {all} events seen");
    assert_eq!(here.number("select count(*) from events"), all);
}

#[test]
fn eight_processes_make_a_lake_together_and_none_of_them_fails() {
    for round in 0..3 {
        let here = Here::new();
        // Each process shares half of its files with the next one.
        for file in 0..16_u32 {
            here.write(
                format!("logs/{file}.json"),
                document(&decrypts(file * 100..file * 100 + 150)),
            );
        }
        let watch = Watch::on(here.lake());
        let runs: Vec<_> = (0..8)
            .map(|process| {
                let names: Vec<String> =
                    (0..4).map(|file| format!("logs/{}.json", (process * 2 + file) % 16)).collect();
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                here.start_ingest(&[&names[..], &["--unit-events", "1"]].concat())
            })
            .collect();
        let added: u64 =
            runs.into_iter().map(|run| count(&here.finish(run).summary(0), "events")).sum();
        watch.end();
        let keys = event_keys(here.lake());
        let distinct: BTreeSet<_> = keys.iter().collect();
        assert_eq!((keys.len(), distinct.len(), added), (1_650, 1_650, 1_650), "round {round}");
        assert_eq!(here.number("select count(distinct object_uri) from objects"), 16);
        assert_eq!(here.number("select count(*) from runs where outcome = 'complete'"), 8);
    }
}
