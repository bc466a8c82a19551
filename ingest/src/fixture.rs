//! A **fixture**: a small lake in a temporary folder, for tests.

use std::fs;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::CompactOptions;
use crate::lake::{Lake, LakeTable};
use crate::report::Progress;
use crate::run::{IngestOptions, ingest};
use crate::schema::EVENTS;
use crate::source::Source;

/// A lake, and the folder that it is in.
pub(crate) struct Fixture {
    pub(crate) lake: Lake,
    folder: TempDir,
}

impl Fixture {
    /// No lake yet.
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let lake = Lake::at(&folder.path().join("lake").to_string_lossy()).await.unwrap();
        Self { lake, folder }
    }

    /// A lake with one file of `events` for each range of event numbers.
    pub(crate) async fn with_events(ranges: &[Range<u32>]) -> Self {
        let fixture = Self::new().await;
        for range in ranges {
            fixture.ingest(range.clone()).await;
        }
        fixture
    }

    /// Ingests one log file, in a run of its own.
    pub(crate) async fn ingest(&self, events: Range<u32>) {
        self.ingest_numbers(&events.collect::<Vec<u32>>()).await;
    }

    /// As [`ingest`](Self::ingest), of these events.
    pub(crate) async fn ingest_numbers(&self, events: &[u32]) {
        let name = format!("{}-{}.json", events[0], events.len());
        let records: Vec<Value> = events.iter().copied().map(decrypt).collect();
        let source = self.folder.path().join(name);
        fs::write(&source, json!({ "Records": records }).to_string()).unwrap();
        let options = IngestOptions::new(vec![Source::Path(source)], "run".to_owned(), 0);
        ingest(&self.lake, options, Arc::new(Progress::default())).await.unwrap();
    }

    /// The table `events` as it is now.
    pub(crate) async fn events(&self) -> LakeTable {
        self.lake.existing_table(&EVENTS).await.unwrap().unwrap()
    }

    /// Rows of `events` by the log.
    pub(crate) async fn rows(&self) -> u64 {
        let files = self.events().await.files().unwrap();
        files.iter().map(|file| file.statistics.num_records.unwrap()).sum()
    }

    /// A file below `events`.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("lake/events").join(name)
    }

    /// Parquet files below `events`, of whatever version.
    pub(crate) fn stored(&self) -> Vec<PathBuf> {
        let mut found: Vec<PathBuf> = walkdir::WalkDir::new(self.path("activity=use"))
            .into_iter()
            .map(|entry| entry.unwrap().into_path())
            .filter(|path| path.is_file())
            .collect();
        found.sort();
        found
    }

    /// Compacts as of a moment.
    pub(crate) async fn compact(&self, started_at: i64) -> crate::CompactReport {
        let options = CompactOptions::new(started_at);
        crate::compact(&self.lake, &options, &crate::UpkeepProgress::default()).await.unwrap()
    }
}

/// The record of a call, one second later for each number.
pub(crate) fn decrypt(number: u32) -> Value {
    let (hour, minute, second) = (number / 3_600, number / 60 % 60, number % 60);
    json!({
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "Root",
            "principalId": "111122223333",
            "arn": "arn:aws:iam::111122223333:root",
            "accountId": "111122223333",
        },
        "eventTime": format!("2026-10-05T{hour:02}:{minute:02}:{second:02}Z"),
        "eventSource": "kms.amazonaws.com",
        "eventName": "Decrypt",
        "awsRegion": "eu-west-1",
        "eventID": format!("{number:08x}-12ab-4cd3-8ef4-{number:012x}"),
        "readOnly": true,
        "recipientAccountId": "111122223333",
        "requestParameters": {"encryptionContext": {"part": number.to_string()}},
    })
}
