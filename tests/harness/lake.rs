//! A **lake** as its files tell it, read by the Delta protocol's rules without KeyTrail's help.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use ::ingest::{Lake, UpkeepProgress, VacuumOptions, VacuumReport};
use arrow::array::{Array as _, AsArray as _};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::Value;

/// Event id and recipient account: what an event is known by.
pub(crate) type Key = (String, String);

/// The entries of a table's log, oldest first, with the version each is of.
pub(crate) fn log(table: &Path) -> Vec<(u64, Value)> {
    let mut files: Vec<PathBuf> = fs::read_dir(table.join("_delta_log"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.retain(|path| path.extension().is_some_and(|ending| ending == "json"));
    files.sort();
    let mut entries = Vec::new();
    for path in files {
        let version = path.file_stem().unwrap().to_str().unwrap().parse().unwrap();
        for line in fs::read_to_string(&path).unwrap().lines() {
            entries.push((version, serde_json::from_str(line).unwrap()));
        }
    }
    entries
}

/// The files that make up the newest version of a table.
pub(crate) fn active_files(table: &Path) -> Vec<PathBuf> {
    let mut active = BTreeSet::new();
    for (_, entry) in log(table) {
        if let Some(path) = entry["remove"]["path"].as_str() {
            active.remove(&table.join(path));
        }
        if let Some(path) = entry["add"]["path"].as_str() {
            active.insert(table.join(path));
        }
    }
    active.into_iter().collect()
}

/// The keys of all rows of `events`, sorted: one that stands twice is in the lake twice.
pub(crate) fn event_keys(lake: impl AsRef<Path>) -> Vec<Key> {
    let mut keys = Vec::new();
    for path in active_files(&lake.as_ref().join("events")) {
        let file = fs::File::open(&path).unwrap();
        for batch in ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap() {
            let batch = batch.unwrap();
            let text = |name: &str| batch.column_by_name(name).unwrap().as_string::<i32>().clone();
            let (ids, accounts) = (text("event_id"), text("recipient_account_id"));
            keys.extend((0..batch.num_rows()).map(|row| {
                assert!(ids.is_valid(row) && accounts.is_valid(row));
                (ids.value(row).to_owned(), accounts.value(row).to_owned())
            }));
        }
    }
    keys.sort();
    keys
}

/// Deletes what nobody needs, as somebody will in the year 2100: no retention is
/// that long.
pub(crate) fn vacuum_later(lake: &str) -> VacuumReport {
    const THEN: i64 = 4_102_444_800_000_000;
    let options = VacuumOptions::new(3_600, THEN);
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let lake = Lake::at(lake).await.unwrap();
        ::ingest::vacuum(&lake, &options, &UpkeepProgress::default()).await.unwrap()
    })
}

/// Takes back the newest version of a table, as if its writer had been killed
/// just before the commit: its files stay behind.
pub(crate) fn forget_newest_version(table: &Path) {
    let newest = log(table).last().unwrap().0;
    fs::remove_file(table.join(format!("_delta_log/{newest:020}.json"))).unwrap();
}
