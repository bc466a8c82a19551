//! The same records again, in other files, orders and runs: every event is in the lake once.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::harness::lake::{Key, event_keys};
use crate::harness::record::{ACCOUNT, REGION, changed, decrypt, decrypts, document, log_name};
use crate::harness::tree::{Truth, log_files, simulate, truth};
use crate::harness::{Here, count, pack};

/// A simulated trail and what is in it.
fn simulated(events: u32) -> (Here, Truth) {
    let here = Here::new();
    simulate(&here, events);
    let truth = truth(&log_files(&here.path("trail")));
    assert!(truth.kms_records > truth.kms.len() as u64, "the trail has no duplicates to find");
    (here, truth)
}

/// The keys of the KMS events in the lake; each may be there once.
#[track_caller]
fn kms_keys(here: &Here) -> BTreeSet<Key> {
    let rows = here.sql("select event_id, recipient_account_id as account from events where event_source = 'kms.amazonaws.com'");
    let keys: BTreeSet<Key> =
        rows.iter().map(|row| (text(row, "event_id"), text(row, "account"))).collect();
    assert_eq!(keys.len(), rows.len(), "an event is in the lake twice");
    keys
}

fn text(row: &Value, column: &str) -> String {
    row[column].as_str().unwrap().to_owned()
}

/// All events of the lake, checked to be there once.
#[track_caller]
fn keys_once(here: &Here) -> Vec<Key> {
    let keys = event_keys(here.lake());
    let distinct: BTreeSet<&Key> = keys.iter().collect();
    assert_eq!(distinct.len(), keys.len(), "an event is in the lake twice");
    keys
}

#[test]
fn a_tree_read_three_times_adds_its_events_once() {
    let (here, truth) = simulated(4_000);
    let first = here.ingest(&["trail"]);
    assert_eq!(count(&first, "objects"), truth.files);
    assert_eq!(count(&first, "records"), truth.records);
    assert_eq!(count(&first, "kept"), count(&first, "events") + count(&first, "duplicates"));
    let keys = keys_once(&here);
    assert_eq!(keys.len() as u64, count(&first, "events"));
    assert_eq!(kms_keys(&here), truth.kms);

    let second = here.ingest(&["trail"]);
    assert_eq!(count(&second, "objects"), 0);
    assert_eq!(count(&second, "objects_known"), truth.files);
    assert_eq!(count(&second, "events"), 0);

    let reread = here.ingest(&["trail", "--reread"]);
    assert_eq!(count(&reread, "objects"), truth.files);
    assert_eq!(count(&reread, "objects_known"), 0);
    assert_eq!(count(&reread, "events"), 0);
    assert_eq!(count(&reread, "duplicates"), count(&first, "kept"));
    assert_eq!(keys_once(&here), keys);
}

#[test]
fn files_delivered_again_under_other_names_add_nothing() {
    let (here, truth) = simulated(4_000);
    for (number, path) in log_files(&here.path("trail")).iter().enumerate() {
        let copy = path.with_file_name(format!("copy-{number}.json.gz"));
        fs::copy(path, copy).unwrap();
    }
    let summary = here.ingest(&["trail"]);
    assert_eq!(count(&summary, "objects"), 2 * truth.files);
    assert_eq!(count(&summary, "records"), 2 * truth.records);
    assert_eq!(kms_keys(&here), truth.kms);
    keys_once(&here);
}

#[test]
fn a_file_is_read_once_when_sources_overlap() {
    let (here, truth) = simulated(2_000);
    let absolute = here.path("trail").display().to_string();
    let summary = here.ingest(&["trail", "trail/AWSLogs", &absolute, "./trail"]);
    assert_eq!(count(&summary, "objects"), truth.files);
    assert_eq!(kms_keys(&here), truth.kms);
}

#[test]
fn a_file_under_two_paths_adds_its_events_once() {
    let (here, truth) = simulated(2_000);
    std::os::unix::fs::symlink(here.path("trail"), here.path("link")).unwrap();
    here.ingest(&["link", "trail/../trail"]);
    here.ingest(&["trail"]);
    assert_eq!(kms_keys(&here), truth.kms);
    keys_once(&here);
}

#[test]
fn two_trails_into_one_prefix_add_each_event_once() {
    let here = Here::new();
    // The second trail packs the same records otherwise and in another order.
    for number in 0..20 {
        let first: Vec<u32> = (number * 50..(number + 1) * 50).collect();
        here.write(
            Path::new("trail").join(log_name(number, "first")),
            pack::gzip(document(&decrypts(first))),
        );
        let second = (0..50).map(|position| (position * 20 + number) * 7 % 1_000);
        here.write(
            Path::new("trail").join(log_name(number, "second")),
            pack::gzip(document(&decrypts(second))),
        );
    }
    let summary = here.ingest(&["trail"]);
    assert_eq!(count(&summary, "records"), 2_000);
    assert_eq!((count(&summary, "events"), count(&summary, "duplicates")), (1_000, 1_000));
    assert_eq!(keys_once(&here).len(), 1_000);
}

#[test]
fn the_same_event_in_two_accounts_is_two_rows_and_one_action() {
    let here = Here::new();
    let shared = json!({"sharedEventID": "0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0ff"});
    let callers = changed(decrypt(1), shared.clone());
    let owners = changed(decrypt(1), json!({"recipientAccountId": "444455556666"}));
    here.write("logs/a.json", document(&[callers.clone(), changed(owners, shared)]));
    here.write("logs/b.json", document(&[callers]));
    let summary = here.ingest(&["logs"]);
    assert_eq!((count(&summary, "events"), count(&summary, "duplicates")), (2, 1));
    assert_eq!(here.number("select count(distinct action_id) from events"), 1);
}

#[test]
fn late_files_add_what_is_new_to_hours_that_are_in_the_lake() {
    let here = Here::new();
    here.write("logs/a.json", document(&decrypts((0..600).step_by(2))));
    here.ingest(&["logs"]);
    here.write("logs/b.json", document(&decrypts(300..900)));
    let late = here.ingest(&["logs"]);
    assert_eq!((count(&late, "objects"), count(&late, "objects_known")), (1, 1));
    assert_eq!((count(&late, "events"), count(&late, "duplicates")), (450, 150));
    assert_eq!(keys_once(&here).len(), 750);
}

#[test]
fn one_event_that_says_1970_is_an_event_like_any_other() {
    let here = Here::new();
    let ancient = changed(decrypt(1), json!({"eventTime": "1970-01-01T00:00:00Z"}));
    let far = changed(decrypt(2), json!({"eventTime": "2199-12-31T23:59:59Z"}));
    here.write("logs/a.json", document(&[ancient, decrypt(3), far]));
    assert_eq!(count(&here.ingest(&["logs"]), "events"), 3);
    let again = here.ingest(&["logs", "--reread"]);
    assert_eq!((count(&again, "events"), count(&again, "duplicates")), (0, 3));
    let months = here.sql("select event_month, event_time from events order by event_time");
    assert_eq!(months[0], json!({"event_month": "1970-01", "event_time": "1970-01-01T00:00:00Z"}));
    assert_eq!(months[2]["event_month"], "2199-12");
}

#[test]
fn a_record_without_an_event_id_is_known_by_its_text() {
    let here = Here::new();
    let nameless = crate::harness::record::without(decrypt(1), "eventID");
    let other = changed(nameless.clone(), json!({"requestID": "another"}));
    here.write("logs/a.json", document(&[nameless.clone(), other]));
    here.write("logs/b.json", document(&[nameless]));
    let summary = here.ingest(&["logs"]);
    assert_eq!((count(&summary, "events"), count(&summary, "duplicates")), (2, 1));
}

#[test]
fn a_trail_of_a_year_is_known_the_second_time_and_a_late_file_is_not() {
    let here = Here::new();
    let put = |month: u32, day: u32, number: u32| {
        let folder = format!("trail/{ACCOUNT}/CloudTrail/{REGION}/2025/{month:02}/{day:02}");
        let name =
            format!("{ACCOUNT}_CloudTrail_{REGION}_2025{month:02}{day:02}T0005Z_{number}.json");
        fs::create_dir_all(here.path(&folder)).unwrap();
        fs::write(here.path(format!("{folder}/{name}")), document(&decrypts([number]))).unwrap();
    };
    for month in 1..=12 {
        put(month, 1, month);
        put(month, 28, 100 + month);
    }
    fs::write(here.path("trail/without-a-date.json"), document(&decrypts([500]))).unwrap();
    let first = here.ingest(&["trail"]);
    assert_eq!((count(&first, "objects"), count(&first, "events")), (25, 25));

    put(3, 14, 600);
    let second = here.ingest(&["trail"]);
    assert_eq!((count(&second, "objects_known"), count(&second, "objects")), (25, 1));
    assert_eq!(count(&second, "events"), 1);
    assert_eq!(keys_once(&here).len(), 26);
}
