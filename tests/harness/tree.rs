//! A **tree** of log files, and what a plain reader finds in it.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::Here;
use super::lake::Key;

/// What is in a tree, counted without KeyTrail.
#[derive(Debug, Default)]
pub(crate) struct Truth {
    pub(crate) files: u64,
    pub(crate) records: u64,
    /// KMS records, those delivered twice counted twice.
    pub(crate) kms_records: u64,
    /// Every KMS event once.
    pub(crate) kms: BTreeSet<Key>,
    /// KMS records that a service made for somebody.
    pub(crate) kms_forwarded: BTreeSet<Key>,
}

/// Simulates a trail in `trail`: the same one for the same number of events. Its
/// labels are laid aside, since no real trail has any.
pub(crate) fn simulate(here: &Here, events: u32) {
    let events = events.to_string();
    let arguments =
        ["simulate", "trail", "--events", &events, "--days", "2", "--end", "2026-10-07T00:00:00Z"];
    let said = here.run(arguments);
    assert_eq!(said.code, Some(0), "{said}");
    fs::rename(here.path("trail/incidents.json"), here.path("incidents.json")).unwrap();
}

/// All files below a folder, sorted.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut pending = vec![folder.to_owned()];
    while let Some(folder) = pending.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { pending.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}

/// The log files of a tree: no digests, no labels.
pub(crate) fn log_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = files(folder);
    found.retain(|path| path.components().any(|part| part.as_os_str() == "CloudTrail"));
    found
}

/// Reads a file, inflating it if need be.
pub(crate) fn read(path: &Path) -> Vec<u8> {
    let stored = fs::read(path).unwrap();
    if !stored.starts_with(&[0x1f, 0x8b]) {
        return stored;
    }
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(&stored[..]).read_to_end(&mut bytes).unwrap();
    bytes
}

/// The records of a log file.
pub(crate) fn records(path: &Path) -> Vec<Value> {
    let document: Value = serde_json::from_slice(&read(path)).unwrap();
    document["Records"].as_array().unwrap().clone()
}

/// Counts what is in these log files.
pub(crate) fn truth(files: &[PathBuf]) -> Truth {
    let mut truth = Truth::default();
    for path in files {
        truth.files += 1;
        for record in records(path) {
            truth.records += 1;
            if record["eventSource"] != "kms.amazonaws.com" {
                continue;
            }
            let account = record["recipientAccountId"]
                .as_str()
                .or(record["userIdentity"]["accountId"].as_str());
            let key = (
                record["eventID"].as_str().unwrap().to_owned(),
                account.unwrap_or_default().to_owned(),
            );
            if record["userIdentity"]["invokedBy"].is_string() {
                truth.kms_forwarded.insert(key.clone());
            }
            truth.kms_records += 1;
            truth.kms.insert(key);
        }
    }
    truth
}
