//! Files that nobody needs any more are deleted, and no others.

use std::fs;

use insta::assert_snapshot;

use super::{lake_of, stored};
use crate::harness::lake::{
    active_files, event_keys, forget_newest_version, set_age, vacuum_later,
};
use crate::harness::{Here, Said, count};

/// Hours.
const DAY: u64 = 24;

fn vacuum(here: &Here, arguments: &[&str]) -> Said {
    here.run([&["vacuum", "--lake", here.lake()][..], arguments].concat())
}

/// A lake with one file that a killed run left behind, and its path. All data
/// files are eight days old.
fn lake_with_an_orphan() -> (Here, std::path::PathBuf) {
    let here = lake_of(2);
    let events = here.path("lake/events");
    forget_newest_version(&events);
    for file in stored(&events) {
        set_age(&file, 8 * DAY);
    }
    let active = active_files(&events);
    let orphan = stored(&events).into_iter().find(|file| !active.contains(file)).unwrap();
    (here, orphan)
}

#[test]
fn replaced_files_go_when_nobody_can_need_them() {
    let here = lake_of(4);
    let before = event_keys(here.lake());
    here.compact();
    let events = here.path("lake/events");
    assert_eq!(stored(&events).len(), 5);
    // Replaced today: a query may still read them, however old they are.
    for file in stored(&events) {
        set_age(&file, 30 * DAY);
    }
    assert_eq!(vacuum(&here, &["--retention", "1h"]).code, Some(0));
    assert_eq!(stored(&events).len(), 5);

    let report = vacuum_later(here.lake());
    assert_eq!((report.tables["events"].files, report.tables["events"].files_replaced), (4, 4));
    assert_eq!(stored(&events), active_files(&events));
    assert_eq!(event_keys(here.lake()), before);
    let again = here.ingest(&["logs", "--reread"]);
    assert_eq!((count(&again, "events"), count(&again, "duplicates")), (0, 400));
}

#[test]
fn files_of_a_killed_run_go_when_they_are_old() {
    let (here, orphan) = lake_with_an_orphan();
    set_age(&orphan, 6 * DAY);
    vacuum(&here, &["--format", "json"]).summary(0);
    assert!(orphan.exists());
    set_age(&orphan, 8 * DAY);
    let summary = vacuum(&here, &["--format", "json"]).summary(0);
    assert_eq!(count(&summary["tables"]["events"], "files"), 1, "{summary:#}");
    assert_eq!(count(&summary["tables"]["events"], "files_replaced"), 0);
    assert!(!orphan.exists());
    assert_eq!(here.number("select count(*) from events"), 100);
    assert_eq!(count(&here.ingest(&["logs", "--reread"]), "events"), 100);
    assert_eq!(here.number("select count(*) from runs where command = 'vacuum'"), 2);
}

#[test]
fn a_dry_run_names_the_files_and_deletes_none() {
    let (here, orphan) = lake_with_an_orphan();
    let said = vacuum(&here, &["--dry-run"]);
    assert_eq!(said.code, Some(0), "{said}");
    let name = orphan.strip_prefix(here.path("lake")).unwrap();
    assert_eq!(said.stdout, format!("{}\n", name.display()));
    assert!(said.stderr.contains("events: 1 file to delete"), "{said}");
    assert!(orphan.exists());
    assert_eq!(here.number("select count(*) from runs where command = 'vacuum'"), 0);
}

#[test]
fn a_retention_that_a_running_ingest_could_outlast_is_refused() {
    let (here, orphan) = lake_with_an_orphan();
    assert_snapshot!(vacuum(&here, &["--retention", "30m"]), @r"
    exit code: 2
    ----- stdout -----

    ----- stderr -----
    error: a retention of 30m is too short: a running ingest or query may still need the files; the minimum is 1h
    ");
    assert!(orphan.exists());
}

#[test]
fn the_log_of_a_table_is_not_touched() {
    let here = lake_of(3);
    here.compact();
    let log = |here: &Here| fs::read_dir(here.path("lake/events/_delta_log")).unwrap().count();
    let before = log(&here);
    vacuum_later(here.lake());
    assert_eq!(log(&here), before);
}

#[test]
fn a_lake_that_is_not_there_is_not_made_by_vacuuming_it() {
    let here = Here::new();
    assert_snapshot!(here.run(["vacuum", "--lake", "lake"]), @r"
    exit code: 2
    ----- stdout -----

    ----- stderr -----
    error: there is no lake at [HERE]/lake: make one with keytrail ingest SOURCE --lake [HERE]/lake
    ");
    assert!(!here.path("lake").exists());
}
