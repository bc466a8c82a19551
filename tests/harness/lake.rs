//! A **lake** as its files tell it, read by the Delta protocol's rules without KeyTrail's help.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use ::ingest::{Lake, UpkeepProgress, VacuumOptions, VacuumReport};
use arrow::array::{Array as _, AsArray as _};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::Value;

use super::tree::files;

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
    files_at(table, u64::MAX)
}

/// The files that make up a version of a table.
fn files_at(table: &Path, version: u64) -> Vec<PathBuf> {
    let mut active = BTreeSet::new();
    for (_, entry) in log(table).into_iter().filter(|(of, _)| *of <= version) {
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
        let reader =
            ParquetRecordBatchReaderBuilder::try_new(fs::File::open(path).unwrap()).unwrap();
        let columns = ["event_id", "recipient_account_id"];
        let mask = ProjectionMask::columns(reader.parquet_schema(), columns);
        for batch in reader.with_projection(mask).build().unwrap() {
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

/// Rows of `events` after each commit, oldest first. The log tells, since files of
/// old versions may be deleted.
pub(crate) fn events_by_version(lake: &Path) -> Vec<usize> {
    let events = lake.join("events");
    let entries = log(&events);
    let mut rows_of: BTreeMap<PathBuf, usize> = BTreeMap::new();
    for (_, entry) in &entries {
        if let (Some(path), Some(stats)) =
            (entry["add"]["path"].as_str(), entry["add"]["stats"].as_str())
        {
            let stats: Value = serde_json::from_str(stats).unwrap();
            let rows = stats["numRecords"].as_u64().unwrap();
            rows_of.insert(events.join(path), usize::try_from(rows).unwrap());
        }
    }
    (0..=entries.last().unwrap().0)
        .map(|version| files_at(&events, version).iter().map(|path| rows_of[path]).sum())
        .collect()
}

/// The Parquet files below a table, of whatever version.
pub(crate) fn stored(table: &Path) -> Vec<PathBuf> {
    let mut found = files(table);
    found.retain(|path| path.extension().is_some_and(|ending| ending == "parquet"));
    found.retain(|path| !path.display().to_string().contains("_delta_log"));
    found
}

/// Everything below a table that is no part of its newest version and not its log:
/// what killed runs have left behind.
pub(crate) fn orphans(table: &Path) -> Vec<PathBuf> {
    let active = active_files(table);
    let mut found = files(table);
    found.retain(|path| !path.display().to_string().contains("_delta_log"));
    found.retain(|path| !active.contains(path));
    found
}

/// Says that a file was last written so many hours ago.
pub(crate) fn set_age(file: &Path, hours: u64) {
    let then = SystemTime::now() - Duration::from_hours(hours);
    fs::File::options().write(true).open(file).unwrap().set_modified(then).unwrap();
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
