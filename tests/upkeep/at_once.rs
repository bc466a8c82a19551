//! Ingests, compactions, vacuums and queries, all at once and in several processes.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::stored;
use crate::harness::lake::{active_files, event_keys, set_age};
use crate::harness::record::{ACCOUNT, decrypts, document, event_id};
use crate::harness::watch::Watch;
use crate::harness::{Here, count};

/// Files that are there before, and those that come meanwhile.
const EARLY: u32 = 6;
const LATE: u32 = 12;
const INGESTS_AT_ONCE: u32 = 3;

fn name(file: u32) -> String {
    format!("logs/{file}.json")
}

/// Says that the others are done, also when one of them fails.
struct Done<'d>(&'d AtomicBool);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Runs a command over and over until the others are done; returns how often.
fn over_and_over(others_are_done: &AtomicBool, mut command: impl FnMut()) -> u32 {
    let mut times = 0;
    while !others_are_done.load(Ordering::Relaxed) {
        command();
        times += 1;
    }
    times
}

#[test]
fn ingests_compactions_vacuums_and_queries_at_once_never_fail_and_lose_nothing() {
    let here = Here::new();
    for file in 0..EARLY + LATE {
        here.write(name(file), document(&decrypts(file * 100..file * 100 + 120)));
    }
    for file in 0..EARLY {
        here.ingest(&[&name(file)]);
    }
    let events = here.path("lake/events");
    let orphan = active_files(&events)[0].with_file_name("part-of-a-killed-run.parquet");
    fs::copy(&active_files(&events)[0], &orphan).unwrap();
    set_age(&orphan, 2);

    let watch = Watch::on(here.lake());
    let done = AtomicBool::new(false);
    let query = "select count(*) as rows, count(distinct event_id) as events from events";
    let (queries, vacuums) = thread::scope(|scope| {
        let others = Done(&done);
        let queries = scope.spawn(|| {
            over_and_over(&done, || {
                let rows = here.sql(query);
                assert_eq!(rows[0]["rows"], rows[0]["events"], "an event is in the lake twice");
            })
        });
        let vacuums = scope.spawn(|| {
            let vacuum = ["vacuum", "--format", "json", "--retention", "1h", "--lake", here.lake()];
            over_and_over(&done, || {
                here.run(vacuum).summary(0);
            })
        });
        // Each file is ingested by two processes.
        let ingests = (0..INGESTS_AT_ONCE).map(|process| {
            let here = &here;
            scope.spawn(move || {
                for file in (0..LATE).filter(|file| file % INGESTS_AT_ONCE != process) {
                    here.ingest(&[&name(EARLY + file)]);
                }
            })
        });
        let ingests: Vec<_> = ingests.collect();
        for _ in 0..2 {
            let compactions: Vec<_> =
                (0..4).map(|_| here.command(here.compact_arguments()).spawn().unwrap()).collect();
            for compaction in compactions {
                here.finish(compaction).summary(0);
            }
        }
        for ingest in ingests {
            ingest.join().unwrap();
        }
        drop(others);
        (queries.join().unwrap(), vacuums.join().unwrap())
    });
    let looks = watch.end();
    println!("{queries} queries, {vacuums} vacuums, looked at {looks} times");

    let truth: Vec<_> = (0..(EARLY + LATE) * 100 + 20)
        .map(|number| (event_id(number), ACCOUNT.to_owned()))
        .collect();
    assert_eq!(event_keys(here.lake()), truth);
    // What was replaced lately is still there for those who read it.
    assert!(!orphan.exists());
    assert!(stored(&events).len() > active_files(&events).len());
    let paths = "select count(distinct object_uri) from objects";
    assert_eq!(here.number(paths), i64::from(EARLY + LATE));
    let runs = "select count(*) from runs where command in ('ingest', 'compact')";
    assert_eq!(here.number(runs), i64::from(EARLY + LATE * 2 + 8));
    let again = here.ingest(&["logs", "--reread"]);
    assert_eq!(count(&again, "events"), 0);
}
