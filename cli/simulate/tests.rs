//! Tests of whole trees: what a plan fixes, and what every record has.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::path::PathBuf;

use serde_json::Value;

use super::*;

/// A plan that is written in a moment.
pub(super) fn small_plan() -> Plan {
    Plan {
        events: 6_000,
        days: 3,
        accounts: 2,
        kms_share: 0.5,
        seed: 11,
        partition: Partition::Aws,
        end: DateTime::from_timestamp(1_795_132_800, 0).unwrap_or_default(),
        organization: true,
    }
}

/// A folder that is removed when the test ends.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path =
            std::env::temp_dir().join(format!("keytrail-simulate-{}-{name}", std::process::id()));
        let _absent = fs::remove_dir_all(&path);
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _best_effort = fs::remove_dir_all(&self.0);
    }
}

fn files(folder: &Path, found: &mut BTreeMap<PathBuf, Vec<u8>>, root: &Path) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found, root);
        } else {
            found.insert(path.strip_prefix(root).unwrap().to_owned(), fs::read(&path).unwrap());
        }
    }
}

fn tree(plan: &Plan, name: &str) -> (Summary, BTreeMap<PathBuf, Vec<u8>>) {
    let folder = Folder::new(name);
    let mut last = 0;
    let summary = write_trail(plan, &folder.0, &mut |records| last = records).unwrap();
    assert_eq!(last, summary.records);
    let mut found = BTreeMap::new();
    files(&folder.0, &mut found, &folder.0);
    (summary, found)
}

fn records(tree: &BTreeMap<PathBuf, Vec<u8>>) -> Vec<Value> {
    let mut all = Vec::new();
    for (path, bytes) in
        tree.iter().filter(|(path, _)| path.to_string_lossy().contains("/CloudTrail/"))
    {
        let mut text = String::new();
        flate2::read::GzDecoder::new(bytes.as_slice()).read_to_string(&mut text).unwrap();
        let mut document: Value = serde_json::from_str(&text)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        all.append(document["Records"].as_array_mut().unwrap());
    }
    all
}

#[test]
fn the_same_plan_gives_the_same_bytes_and_another_seed_does_not() {
    let plan = small_plan();
    let first = tree(&plan, "first");
    assert_eq!(first, tree(&plan, "second"));
    assert_ne!(first, tree(&Plan { seed: 12, ..plan }, "other"));
}

#[test]
fn every_record_has_an_id_a_time_and_a_version() {
    for partition in [Partition::Aws, Partition::AwsUsGov, Partition::AwsCn] {
        let (summary, tree) =
            tree(&Plan { partition, ..small_plan() }, &format!("shapes-{partition}"));
        let records = records(&tree);
        assert_eq!(records.len() as u64, summary.records);
        for record in &records {
            assert_eq!(record["eventID"].as_str().unwrap().len(), 36, "{record}");
            assert!(record["eventTime"].as_str().unwrap().ends_with('Z'), "{record}");
            let minor: u32 = record["eventVersion"].as_str().unwrap()[2..].parse().unwrap();
            assert!((8..=11).contains(&minor), "{record}");
            let mfa = &record["userIdentity"]["sessionContext"]["attributes"]["mfaAuthenticated"];
            assert!(mfa.is_null() || mfa.is_string(), "{record}");
            let arn = record["resources"][0]["ARN"].as_str().unwrap_or("arn:x").to_owned();
            assert!(arn == "arn:x" || arn.starts_with(&format!("arn:{partition}:")), "{arn}");
        }
    }
}

#[test]
fn the_volume_is_near_the_plan() {
    let plan = Plan { events: 40_000, ..small_plan() };
    let (summary, _) = tree(&plan, "volume");
    assert!((36_000..46_000).contains(&summary.records), "{summary:?}");
    let share = summary.kms_records as f64 / summary.records as f64;
    assert!((0.42..0.58).contains(&share), "{share}");
}

#[test]
fn every_detection_has_an_incident_whose_events_are_in_the_tree() {
    let plan = Plan { days: 400, accounts: 1, events: 6_000, ..small_plan() };
    let (summary, tree) = tree(&plan, "incidents");
    let labels: Value = serde_json::from_slice(&tree[Path::new("incidents.json")]).unwrap();
    let incidents = labels["incidents"].as_array().unwrap();
    assert_eq!(incidents.len() as u64, summary.incidents);
    let found: BTreeSet<&str> =
        incidents.iter().map(|incident| incident["detection"].as_str().unwrap()).collect();
    let detections = analyze::built_in().unwrap();
    let mut expected: BTreeSet<&str> =
        detections.iter().map(|detection| detection.header.id.as_str()).collect();
    // Silence is told only of an account that tells nothing else.
    expected.remove("coverage_gap");
    assert_eq!(found, expected);
    let records = records(&tree);
    let ids: BTreeSet<&str> =
        records.iter().map(|record| record["eventID"].as_str().unwrap()).collect();
    for id in incidents.iter().flat_map(|incident| incident["event_ids"].as_array().unwrap()) {
        assert!(ids.contains(id.as_str().unwrap()), "{id} is in no file");
    }
}

#[test]
fn a_folder_that_holds_a_trail_is_refused() {
    let folder = Folder::new("refused");
    fs::create_dir_all(folder.0.join("AWSLogs")).unwrap();
    assert!(write_trail(&small_plan(), &folder.0, &mut |_| {}).is_err());
}
