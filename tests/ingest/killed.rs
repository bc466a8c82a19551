//! A run that dies half-way, at whatever instant, costs nothing but a second run.

use std::collections::BTreeSet;
use std::path::Path;
use std::thread;
use std::time::Instant;

use serde_json::json;

use crate::harness::lake::{active_files, event_keys, forget_newest_version};
use crate::harness::record::{decrypts, document};
use crate::harness::tree::{files, log_files, simulate, truth};
use crate::harness::{Here, count};

/// Kills a run after each of these parts of the time that a whole run takes.
const INSTANTS: [f64; 6] = [0.1, 0.4, 0.6, 0.75, 0.87, 0.95];

#[test]
fn a_run_killed_at_any_instant_is_made_good_by_the_next() {
    let here = Here::new();
    simulate(&here, 12_000);
    let truth = truth(&log_files(&here.path("trail")));
    let began = Instant::now();
    let clean = here.ingest(&["trail"]);
    let whole_run = began.elapsed();
    let expected = event_keys(here.lake());
    assert_eq!(expected.len() as u64, count(&clean, "events"));

    let mut lake = Here::new();
    let trail = here.path("trail").display().to_string();
    for (number, part) in INSTANTS.into_iter().enumerate() {
        let name = lake.path(format!("lake-{number}")).display().to_string();
        lake.set_lake(name);
        let mut run = lake.start_ingest(&[&trail]);
        thread::sleep(whole_run.mul_f64(part));
        run.kill().unwrap();
        run.wait().unwrap();

        let next = lake.ingest(&[&trail]);
        let read = count(&next, "objects") + count(&next, "objects_known");
        assert_eq!(read, truth.files, "killed after {part} of a run");
        assert_eq!(count(&next, "kept"), count(&next, "events") + count(&next, "duplicates"));
        assert_eq!(event_keys(lake.lake()), expected, "killed after {part} of a run");
        assert_eq!(
            lake.number("select count(*) from objects"),
            i64::try_from(truth.files).unwrap()
        );
    }
}

#[test]
fn a_run_killed_between_events_and_journal_reads_again_and_adds_nothing() {
    let here = Here::new();
    here.write("logs/a.json", document(&decrypts(0..100)));
    here.ingest(&["logs"]);
    forget_newest_version(&here.path("lake/objects"));
    let next = here.ingest(&["logs"]);
    assert_eq!((count(&next, "objects"), count(&next, "objects_known")), (1, 0));
    assert_eq!((count(&next, "events"), count(&next, "duplicates")), (0, 100));
    assert_eq!(here.number("select count(*) from objects"), 1);
}

#[test]
fn a_run_killed_before_its_commit_leaves_files_that_nobody_reads() {
    let here = Here::new();
    here.write("logs/a.json", document(&decrypts(0..100)));
    here.ingest(&["logs"]);
    forget_newest_version(&here.path("lake/events"));
    forget_newest_version(&here.path("lake/objects"));
    assert!(event_keys(here.lake()).is_empty());
    assert_eq!(here.number("select count(*) from events"), 0);
    assert_eq!(count(&here.ingest(&["logs"]), "events"), 100);
    assert_eq!(event_keys(here.lake()).len(), 100);
    let written: BTreeSet<_> = parquet_files(&here.path("lake/events"));
    let active: BTreeSet<_> = active_files(&here.path("lake/events")).into_iter().collect();
    assert_eq!((written.len(), active.len()), (2, 1));
}

#[test]
fn a_temporary_commit_file_of_a_killed_run_is_in_nobodys_way() {
    let here = Here::new();
    here.write("logs/a.json", document(&decrypts(0..10)));
    here.ingest(&["logs"]);
    let entry = json!({"commitInfo": {}}).to_string();
    here.write(
        "lake/events/_delta_log/_commit_0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0ff.json.tmp",
        &entry[..5],
    );
    here.write("logs/b.json", document(&decrypts(5..20)));
    assert_eq!(count(&here.ingest(&["logs"]), "events"), 10);
    assert_eq!(here.number("select count(*) from events"), 20);
}

fn parquet_files(table: &Path) -> BTreeSet<std::path::PathBuf> {
    files(table)
        .into_iter()
        .filter(|path| path.extension().is_some_and(|ending| ending == "parquet"))
        .collect()
}
