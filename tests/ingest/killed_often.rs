//! One ingest is killed again and again until all is read: at random instants, and in the gaps
//! between its commits.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::harness::killing::{Killer, kills};
use crate::harness::lake::{Key, event_keys, orphans, set_age, stored};
use crate::harness::record::{ACCOUNT, call, decrypt, document, event_id};
use crate::harness::tree::files;
use crate::harness::watch::Watch;
use crate::harness::{Here, count, pack};

const FILES: u32 = 240;
/// New events of each file, and those that the file before it had, too.
const NEW: u32 = 100;
const AGAIN: u32 = 20;

/// Both kinds of activity, so that a commit has several files.
fn record(number: u32) -> Value {
    if number.is_multiple_of(40) {
        call(number, "kms", "DisableKey", serde_json::json!({"keyId": "alias/orders"}))
    } else {
        decrypt(number)
    }
}

/// A trail of many files that overlap, and the events in it.
fn trail(here: &Here) -> Vec<Key> {
    for file in 0..FILES {
        let numbers = (file * NEW).saturating_sub(AGAIN)..(file + 1) * NEW;
        let records: Vec<Value> = numbers.map(record).collect();
        here.write(format!("trail/{file}.json.gz"), pack::gzip(document(&records)));
    }
    (0..FILES * NEW).map(|number| (event_id(number), ACCOUNT.to_owned())).collect()
}

/// One thread, and a commit for every batch.
fn arguments(here: &Here) -> [String; 5] {
    let trail = here.path("trail").display().to_string();
    [&trail, "--threads", "1", "--unit-events", "1"].map(str::to_owned)
}

#[test]
fn an_ingest_that_is_killed_again_and_again_adds_every_event_once() {
    let mut here = Here::new();
    let truth = trail(&here);
    let arguments = arguments(&here);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let began = Instant::now();
    let clean = here.ingest(&arguments);
    let whole_run = began.elapsed();
    assert_eq!((count(&clean, "events"), count(&clean, "duplicates")), (24_000, 4_780));
    assert!(count(&clean, "commits") > 5, "a run commits too seldom: {clean:#}");
    // Long enough for a commit or two; how long that is changes with the load.
    let mut longest = whole_run / 5;

    let (wanted, mut killed, mut lakes, mut looks) = (kills(60), 0, 0, 0);
    while killed < wanted {
        let killed_before = killed;
        lakes += 1;
        here.set_lake(here.path(format!("lake-{lakes}")).display().to_string());
        let watch = Watch::on(here.lake());
        let mut death = Killer::new(lakes);
        loop {
            let run = here.start_ingest(&arguments);
            let committed = here.path(format!("lake-{lakes}/events/_delta_log"));
            let died = if killed % 3 == 2 {
                death.kill_after_next_file(run, &committed, Duration::from_millis(12))
            } else {
                death.kill_within(run, longest)
            };
            if !died {
                break;
            }
            killed += 1;
        }
        let quarters = if killed - killed_before < 12 { 3 } else { 5 };
        longest = longest * quarters / 4;
        here.ingest(&arguments);
        looks += watch.end();
        all_is_there_once(&here, &arguments, &truth);
        only_orphans_are_deleted(&here, &truth);
    }
    println!("{killed} kills of {lakes} lakes, looked at {looks} times");
}

fn all_is_there_once(here: &Here, arguments: &[&str], truth: &[Key]) {
    assert_eq!(event_keys(here.lake()), truth);
    let again = here.ingest(arguments);
    assert_eq!((count(&again, "objects"), count(&again, "objects_known")), (0, FILES.into()));
    assert_eq!(here.number("select count(*) from objects"), i64::from(FILES));
    let keys = "select count(distinct event_id || recipient_account_id) from events";
    assert_eq!(here.number(keys), i64::try_from(truth.len()).unwrap());
}

fn only_orphans_are_deleted(here: &Here, truth: &[Key]) {
    let lake = std::path::Path::new(here.lake());
    for file in files(lake) {
        set_age(&file, 2);
    }
    let vacuum = |more: &[&str]| {
        let said =
            here.run([&["vacuum", "--lake", here.lake(), "--retention", "1h"][..], more].concat());
        assert_eq!(said.code, Some(0), "{said}");
        said
    };
    let tables = ["events", "objects", "runs"].map(|table| lake.join(table));
    let left: usize = tables.iter().map(|table| orphans(table).len()).sum();
    assert_eq!(vacuum(&["--dry-run"]).stdout.lines().count(), left);
    vacuum(&[]);
    for table in &tables {
        assert!(orphans(table).is_empty(), "{:?}", orphans(table));
        assert!(!stored(table).is_empty());
    }
    assert_eq!(event_keys(here.lake()), truth);
}
