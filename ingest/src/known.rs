//! **Known events**: which events are in the lake already, for the hours that
//! new ones touch.
//!
//! An event is identified by its id and the account that received it; a
//! duplicate has the same time, so only rows of the same hour can be one. Hours
//! are read when they are first touched, from files and row groups whose
//! statistics overlap them: a batch costs what it touches, whatever the length
//! of history, and one record dated 1970 reads one hour of 1970.

use std::collections::{BTreeMap, HashSet};

use arrow::array::{AsArray, BooleanArray, RecordBatch};
use arrow::datatypes::TimestampMicrosecondType;
use object_store::path::Path;
use sha2::{Digest, Sha256};

use crate::date::{self, MICROS_PER_HOUR};
use crate::lake::{DataFile, LakeError, LakeTable};
use crate::scan::{ColumnsOf, Within, scan};

/// The columns that identify an event.
pub(crate) const KEY_COLUMNS: &[&str] = &["event_time", "event_id", "recipient_account_id"];

/// Event id and recipient account, without loss for the forms that AWS writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct EventKey {
    id: u128,
    account: u64,
}

impl EventKey {
    fn new(event_id: &str, account: &str) -> Self {
        let id = match uuid::Uuid::try_parse(event_id) {
            Ok(id) if event_id.len() == 36 => id.as_u128(),
            _ => short_hash(event_id),
        };
        let account = match account.parse::<u64>() {
            Ok(number) if account.len() == 12 => number,
            // Above any account number.
            _ => u64::try_from(short_hash(account) >> 64).unwrap_or_default() | (1 << 63),
        };
        Self { id, account }
    }
}

fn short_hash(text: &str) -> u128 {
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().take(16).fold(0, |value, &byte| (value << 8) | u128::from(byte))
}

/// The known events of the hours looked at so far.
#[derive(Debug, Default)]
pub(crate) struct KnownEvents {
    hours: BTreeMap<i64, HashSet<EventKey>>,
    keys: usize,
    files_seen: HashSet<Path>,
}

impl KnownEvents {
    /// Nothing is known but which files there are.
    pub(crate) fn new(events: &LakeTable) -> Result<Self, LakeError> {
        let files_seen = events.files()?.into_iter().map(|file| file.path).collect();
        Ok(Self { files_seen, ..Self::default() })
    }

    /// Marks the rows of a batch that are new, and knows them from then on.
    /// Duplicates within the batch are found too.
    pub(crate) async fn admit(
        &mut self,
        events: &LakeTable,
        batch: &RecordBatch,
    ) -> Result<BooleanArray, LakeError> {
        let rows = keyed_rows(batch);
        let touched: HashSet<i64> = rows.iter().map(|(hour, _)| *hour).collect();
        let missing = touched.into_iter().filter(|hour| !self.hours.contains_key(hour)).collect();
        self.load(events, missing).await?;
        let mut added = 0;
        let fresh = rows
            .into_iter()
            .map(|(hour, key)| {
                let new = self.hours.entry(hour).or_default().insert(key);
                added += usize::from(new);
                new
            })
            .collect();
        self.keys += added;
        Ok(fresh)
    }

    /// Takes in the files that other writers added since, and returns the keys
    /// in them: rows of ours with such a key must not be committed.
    pub(crate) async fn look_again(
        &mut self,
        events: &LakeTable,
    ) -> Result<HashSet<EventKey>, LakeError> {
        let mut theirs = HashSet::new();
        let wanted: HashSet<i64> = self.hours.keys().copied().collect();
        for file in events.files()? {
            if self.files_seen.insert(file.path.clone()) {
                read_hours(events, &file, &wanted, |hour, key| {
                    theirs.insert(key);
                    self.keys += usize::from(self.hours.entry(hour).or_default().insert(key));
                })
                .await?;
            }
        }
        Ok(theirs)
    }

    /// Our own files are no news.
    pub(crate) fn committed<'a>(&mut self, files: impl IntoIterator<Item = &'a Path>) {
        self.files_seen.extend(files.into_iter().cloned());
    }

    async fn load(&mut self, events: &LakeTable, hours: Vec<i64>) -> Result<(), LakeError> {
        if hours.is_empty() {
            return Ok(());
        }
        let wanted: HashSet<i64> = hours.into_iter().collect();
        for &hour in &wanted {
            self.hours.entry(hour).or_default();
        }
        for file in events.files()? {
            // A file that came after the last look is taken in by look_again.
            if self.files_seen.contains(&file.path) {
                read_hours(events, &file, &wanted, |hour, key| {
                    self.keys += usize::from(self.hours.entry(hour).or_default().insert(key));
                })
                .await?;
            }
        }
        Ok(())
    }

    /// Lets go of the oldest hours when more keys are held than wanted. Only
    /// while nothing waits for a commit: what waits would be forgotten.
    pub(crate) fn make_room(&mut self, keys_max: usize) {
        while self.keys > keys_max {
            let Some((_, keys)) = self.hours.pop_first() else {
                return;
            };
            self.keys -= keys.len();
        }
    }
}

/// Hour and key of every row.
pub(crate) fn keyed_rows(batch: &RecordBatch) -> Vec<(i64, EventKey)> {
    let text =
        |name: &str| batch.column_by_name(name).and_then(|column| column.as_string_opt::<i32>());
    let times = batch
        .column_by_name("event_time")
        .and_then(|column| column.as_primitive_opt::<TimestampMicrosecondType>());
    let (Some(times), Some(ids), Some(accounts)) =
        (times, text("event_id"), text("recipient_account_id"))
    else {
        return Vec::new();
    };
    (0..batch.num_rows())
        .map(|row| {
            (date::hour(times.value(row)), EventKey::new(ids.value(row), accounts.value(row)))
        })
        .collect()
}

/// Hands on the keys of a file's rows that lie in the wanted hours.
async fn read_hours(
    events: &LakeTable,
    file: &DataFile,
    wanted: &HashSet<i64>,
    mut receive: impl FnMut(i64, EventKey),
) -> Result<(), LakeError> {
    let (first, last) = file.time_range("event_time").unwrap_or((i64::MIN, i64::MAX));
    let inside = |hour: &&i64| **hour >= date::hour(first) && **hour <= date::hour(last);
    let (Some(&start), Some(&end)) =
        (wanted.iter().filter(inside).min(), wanted.iter().filter(inside).max())
    else {
        return Ok(());
    };
    let within = Within {
        column: "event_time",
        moments: start * MICROS_PER_HOUR..=(end + 1) * MICROS_PER_HOUR - 1,
    };
    scan(events, file, ColumnsOf(KEY_COLUMNS), Some(within), |batch| {
        for (hour, key) in keyed_rows(batch) {
            if wanted.contains(&hour) {
                receive(hour, key);
            }
        }
    })
    .await
}
