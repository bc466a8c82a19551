//! A disk that is full, or a limit that does as if: said clearly, and made good by the next run.

use std::process::Command;

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::harness::lake::{active_files, event_keys, stored};
use crate::harness::record::{changed, decrypt, decrypts, document};
use crate::harness::{Here, Said, count};

/// Runs `keytrail` with a bound on the size of files, in blocks of 512 bytes.
/// What is written beyond is refused as on a full disk.
fn within(here: &Here, blocks: u32, arguments: &[&str]) -> Said {
    let script = format!(r#"trap "" XFSZ; ulimit -f {blocks}; "$@""#);
    here.finish(here.command_in(&script, arguments).spawn().unwrap())
}

/// Runs a script in which it may mount small disks that nobody else sees. None
/// where that is not allowed, in some containers for instance.
fn with_mounts(here: &Here, script: &str, arguments: &[&str]) -> Option<Said> {
    let try_it = "mount -t tmpfs none /mnt";
    let ways: [&[&str]; 2] = [&["-m"], &["-U", "-r", "-m"]];
    let way = ways.into_iter().find(|way| {
        let tried = Command::new("unshare").args(*way).args(["sh", "-c", try_it]).output();
        tried.is_ok_and(|tried| tried.status.success())
    })?;
    let script = format!("exec unshare {} sh -c '{script}' sh \"$@\"", way.join(" "));
    Some(here.finish(here.command_in(&script, arguments).spawn().unwrap()))
}

/// What a run says that found no room: one line, and no panic.
#[track_caller]
fn refusal(said: &Said) -> &str {
    assert_eq!((said.code, said.stdout.as_str()), (Some(2), ""), "{said}");
    assert_eq!(said.stderr.lines().count(), 1, "{said}");
    &said.stderr
}

/// A log file of many events.
fn ready() -> Here {
    let here = Here::new();
    here.write("logs/a.json", document(&decrypts(0..3_000)));
    here
}

const INGEST: &[&str] = &["ingest", "logs", "--lake", "lake"];

#[test]
fn a_full_disk_is_said_and_the_next_run_adds_every_event_once() {
    let mut here = ready();
    // What is on the small disk is moved to a large one, as anybody would do.
    let script = r#"
        mkdir lake kept && mount -t tmpfs -o size=96k none lake || exit 9
        "$@"; code=$?
        cp -r lake/. kept; exit $code"#;
    let Some(said) = with_mounts(&here, script, INGEST) else { return };
    assert_snapshot!(refusal(&said), @"error: lake [HERE]/lake: table events: the disk is full; make room, then run the same command again: nothing is lost, and nothing is added twice");
    here.set_lake(here.path("kept").display().to_string());
    assert_eq!(count(&here.ingest(&["logs"]), "events"), 3_000);
    assert_eq!(event_keys(here.lake()).len(), 3_000);
}

#[test]
fn a_disk_that_is_full_at_the_commit_is_said_and_nothing_is_left_behind() {
    let here = ready();
    here.write("first/a.json", document(&decrypts(0..100)));
    here.ingest(&["first"]);
    // The log alone lies on a disk without room.
    let script = r#"
        log=lake/events/_delta_log
        cp -r $log copy && mount -t tmpfs -o size=64k none $log && cp copy/* $log || exit 9
        dd if=/dev/zero of=$log/filler bs=4k 2> filled
        "$@""#;
    let Some(said) = with_mounts(&here, script, INGEST) else { return };
    assert_snapshot!(refusal(&said), @"error: lake [HERE]/lake: table events: the disk is full; make room, then run the same command again: nothing is lost, and nothing is added twice");
    let events = here.path("lake/events");
    assert_eq!(stored(&events), active_files(&events));
    assert_eq!(count(&here.ingest(&["logs"]), "events"), 2_900);
    assert_eq!(event_keys(here.lake()).len(), 3_000);
}

#[test]
fn a_file_that_may_not_grow_is_said_and_the_next_run_adds_every_event_once() {
    let here = ready();
    // The log of a new table fits, the events do not.
    assert_snapshot!(refusal(&within(&here, 64, INGEST)), @"error: lake [HERE]/lake: table events: a file would be larger than is allowed; raise the limit (ulimit -f), then run the same command again: nothing is lost, and nothing is added twice");
    assert_eq!(here.number("select count(*) from events"), 0);
    assert_eq!(count(&here.ingest(&["logs"]), "events"), 3_000);
    assert_eq!(event_keys(here.lake()).len(), 3_000);
}

#[test]
fn a_commit_that_may_not_grow_is_said_and_nothing_is_left_behind() {
    let here = Here::new();
    // One event a month: many small files, and a commit that is larger than each.
    let records: Vec<Value> = (0..80)
        .map(|month| {
            let time = format!("{}-{:02}-05T00:00:00Z", 2018 + month / 12, 1 + month % 12);
            changed(decrypt(month), json!({"eventTime": time}))
        })
        .collect();
    here.write("logs/a.json", document(&records));
    let said = within(&here, 128, INGEST);
    assert_snapshot!(refusal(&said), @"error: lake [HERE]/lake: table events: a file would be larger than is allowed; raise the limit (ulimit -f), then run the same command again: nothing is lost, and nothing is added twice");
    assert!(stored(&here.path("lake/events")).is_empty());
    assert_eq!(here.number("select count(*) from events"), 0);
    assert_eq!(count(&here.ingest(&["logs"]), "events"), 80);
    assert_eq!(event_keys(here.lake()).len(), 80);
}

#[test]
fn a_compaction_without_room_is_said_and_changes_nothing() {
    let here = Here::new();
    for file in 0..4 {
        here.write(format!("logs/{file}.json"), document(&decrypts(file * 100..(file + 1) * 100)));
        here.ingest(&["logs"]);
    }
    let (events, before) = (here.path("lake/events"), event_keys(here.lake()));
    let said = within(&here, 32, &["compact", "--lake", "lake"]);
    assert_snapshot!(refusal(&said), @"error: lake [HERE]/lake: table events: a file would be larger than is allowed; raise the limit (ulimit -f), then run the same command again: nothing is lost, and nothing is added twice");
    assert_eq!(active_files(&events).len(), 4);
    assert_eq!(event_keys(here.lake()), before);
    here.compact();
    assert_eq!(active_files(&events).len(), 1);
    assert_eq!(event_keys(here.lake()), before);
}
