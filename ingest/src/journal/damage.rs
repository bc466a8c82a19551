//! **Damage** to the journal: files of the table that its log names and that are
//! not there, or make no sense.

use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::RecordBatch;
use object_store::path::Path;
use object_store::{Error, ObjectStoreExt as _};

use crate::lake::{COMMIT_ATTEMPTS_MAX, Committed, DataFile, Lake, LakeError, LakeTable, back_off};
use crate::scan::{ColumnsOf, Within, scan};
use crate::schema::OBJECTS;

/// Application id of the commits that mend the table.
const APPLICATION: &str = "mend";

/// The damaged files met so far.
#[derive(Debug, Default, Clone)]
pub(crate) struct Damage(Arc<Mutex<Vec<DataFile>>>);

impl Damage {
    fn take(&self, file: &DataFile) {
        let mut files = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !files.iter().any(|known| known.path == file.path) {
            files.push(file.clone());
        }
    }

    fn files(&self) -> Vec<DataFile> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The table behind a journal.
#[derive(Debug, Clone)]
pub(crate) struct JournalTable {
    table: LakeTable,
    damage: Damage,
}

impl JournalTable {
    pub(super) fn of(table: &LakeTable) -> Self {
        Self { table: table.clone(), damage: Damage::default() }
    }

    pub(super) fn damage(&self) -> Damage {
        self.damage.clone()
    }

    pub(super) fn files(&self) -> Result<Vec<DataFile>, LakeError> {
        self.table.files()
    }
}

/// Scans a file, as far as it can be read.
///
/// # Errors
/// When the store cannot be reached. A damaged file is noted.
pub(super) async fn scan_what_is_there(
    journal: &JournalTable,
    file: &DataFile,
    columns: ColumnsOf,
    within: Option<Within>,
    receive: impl FnMut(&RecordBatch),
) -> Result<(), LakeError> {
    match scan(&journal.table, file, columns, within, receive).await {
        Err(error) if is_damaged(&journal.table, file, &error).await => {
            tracing::warn!(file = %file.path, %error, "a file of the journal is damaged");
            journal.damage.take(file);
            Ok(())
        }
        result => result,
    }
}

/// Whether a file that could not be read is the reason itself, and not the store.
async fn is_damaged(table: &LakeTable, file: &DataFile, error: &LakeError) -> bool {
    match table.store().head(&file.path).await {
        Ok(found) => found.size != file.bytes || error.is_nonsense(),
        Err(Error::NotFound { .. }) => true,
        Err(_) => false,
    }
}

/// Takes the damaged files out of the table; returns those that were still part
/// of it.
///
/// # Errors
/// When the lake cannot be read or written.
pub(crate) async fn mend(
    lake: &Lake,
    damage: &Damage,
    moment: i64,
) -> Result<Vec<Path>, LakeError> {
    let damaged = damage.files();
    if damaged.is_empty() {
        return Ok(Vec::new());
    }
    let mut table = lake.table(&OBJECTS).await?;
    for attempt in 0..COMMIT_ATTEMPTS_MAX {
        // A file that a compaction has replaced meanwhile was not damaged: it was
        // vacuumed.
        let mut lost = Vec::new();
        for file in &damaged {
            if table.holds(std::slice::from_ref(&file.path))? {
                lost.push(file.clone());
            }
        }
        if lost.is_empty() {
            return Ok(Vec::new());
        }
        if let Committed::Version(_) = table.give_up(&lost, APPLICATION, moment).await? {
            return Ok(lost.into_iter().map(|file| file.path).collect());
        }
        table.refresh().await?;
        back_off(attempt).await;
    }
    Err(table.not_committed())
}
