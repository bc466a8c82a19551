//! Compactions and vacuums that die half-way, again and again: no event notices.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::Here;
use crate::harness::killing::{Killer, kills};
use crate::harness::lake::{active_files, event_keys, log, orphans, set_age, vacuum_later};
use crate::harness::record::{call, changed, decrypt, document};
use crate::harness::tree::files;
use crate::harness::watch::Watch;

/// Eight months with two kinds of activity each, so that a compaction has so many
/// groups.
const PLACES: usize = 16;

/// Adds a small file to every partition of a lake with each ingest.
fn add_small_files(here: &Here, ingests: std::ops::Range<u32>) {
    for ingest in ingests {
        let records: Vec<Value> = (0..16)
            .map(|place| {
                let number = ingest * 16 + place;
                let record = if place % 2 == 0 {
                    decrypt(number)
                } else {
                    call(number, "kms", "DisableKey", json!({"keyId": "alias/orders"}))
                };
                let (month, minute) = (1 + place / 2, ingest % 60);
                changed(
                    record,
                    json!({"eventTime": format!("2026-{month:02}-05T00:{minute:02}:00Z")}),
                )
            })
            .collect();
        here.write(format!("logs/{ingest}.json"), document(&records));
        here.ingest(&[&format!("logs/{ingest}.json")]);
    }
}

#[test]
fn a_compaction_that_is_killed_again_and_again_leaves_every_event_once() {
    let mut here = Here::new();
    here.set_lake(here.path("clean").display().to_string());
    add_small_files(&here, 0..3);
    let began = Instant::now();
    here.compact();
    let whole_run = began.elapsed();

    here.set_lake(here.path("lake").display().to_string());
    add_small_files(&here, 0..3);
    let watch = Watch::on(here.lake());
    let mut death = Killer::new(7);
    let (wanted, mut killed, mut ingests, mut done) = (kills(20), 0, 3, 0);
    let before = event_keys(here.lake());
    while killed < wanted {
        let run = here.command(here.compact_arguments()).spawn().unwrap();
        let log = here.path("lake/events/_delta_log");
        let died = if killed % 3 == 2 {
            death.kill_after_next_file(run, &log, Duration::from_millis(12))
        } else {
            death.kill_within(run, whole_run)
        };
        if died {
            killed += 1;
        } else {
            done += 1;
            add_small_files(&here, ingests..ingests + 2);
            ingests += 2;
        }
    }
    let looks = watch.end();
    let keys = event_keys(here.lake());
    assert_eq!(keys.len(), ingests as usize * PLACES);
    assert!(before.iter().all(|key| keys.binary_search(key).is_ok()));
    println!("{killed} kills, {done} compactions came to their end, looked at {looks} times");

    here.compact();
    assert_eq!(active_files(&here.path("lake/events")).len(), PLACES);
    assert_eq!(event_keys(here.lake()), keys);
    vacuum_later(here.lake());
    assert_eq!(orphans(&here.path("lake/events")), Vec::<PathBuf>::new());
    assert_eq!(event_keys(here.lake()), keys);
    assert_eq!(here.number("select count(*) from objects"), i64::from(ingests));
}

/// Makes a lake look two hours older than it is: its files, and when it says that
/// files were replaced.
fn let_two_hours_pass(lake: &Path) {
    for file in files(lake) {
        if file.extension().is_some_and(|ending| ending == "json") {
            let text = fs::read_to_string(&file).unwrap();
            let lines: Vec<String> = text
                .lines()
                .map(|line| {
                    let mut entry: Value = serde_json::from_str(line).unwrap();
                    if let Some(time) = entry["remove"]["deletionTimestamp"].as_i64() {
                        entry["remove"]["deletionTimestamp"] = json!(time - 7_200_000);
                    }
                    entry.to_string()
                })
                .collect();
            // At once, since somebody watches.
            let rewritten = lake.join("rewritten");
            fs::write(&rewritten, lines.join("\n")).unwrap();
            fs::rename(rewritten, &file).unwrap();
        }
        set_age(&file, 2);
    }
}

#[test]
fn a_vacuum_that_is_killed_again_and_again_deletes_what_nobody_needs_and_nothing_else() {
    let here = Here::new();
    add_small_files(&here, 0..2);
    here.compact();
    let (lake, events) = (here.path("lake"), here.path("lake/events"));
    // Else a checkpoint would tell the true time.
    assert!(log(&events).last().unwrap().0 < 19);
    let before = event_keys(&lake);
    // What was replaced, and what killed runs left behind, whole and half.
    let leave_orphans = |round: u32| {
        let active = active_files(&events);
        for number in 0..150 {
            let name = format!("part-00000-{round}-{number}.zstd.parquet");
            let half = if number % 5 == 0 { "#1" } else { "" };
            fs::copy(&active[0], active[0].with_file_name(format!("{name}{half}"))).unwrap();
        }
        let_two_hours_pass(&lake);
    };
    leave_orphans(0);
    let watch = Watch::on(&lake);
    let mut death = Killer::new(11);
    let vacuum = ["vacuum", "--lake", here.lake(), "--retention", "1h"];
    let began = Instant::now();
    assert_eq!(here.run(vacuum).code, Some(0));
    let whole_run = began.elapsed();
    let (wanted, mut killed, mut done) = (kills(12), 0, 0);
    leave_orphans(1);
    while killed < wanted {
        if death.kill_within(here.command(vacuum).spawn().unwrap(), whole_run) {
            killed += 1;
        } else {
            done += 1;
            leave_orphans(1 + done);
        }
    }
    assert_eq!(here.run(vacuum).code, Some(0));
    let looks = watch.end();
    println!("{killed} kills, {done} vacuums came to their end, looked at {looks} times");
    assert_eq!(event_keys(&lake), before);
    assert_eq!(orphans(&events), Vec::<PathBuf>::new());
    assert_eq!(here.number("select count(*) from events"), i64::try_from(before.len()).unwrap());
}
