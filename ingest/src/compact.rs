//! A **compaction** merges the small files of a table into few large ones,
//! sorted by time.
//!
//! Files are merged in groups that fit into memory, and each group is one commit
//! that takes its files out and puts the merged one in. Ingests and other
//! compactions may go on meanwhile: a commit that lost a race is tried again for
//! as long as all files it takes out are still there. When one is gone, somebody
//! else has merged it, and the group is given up.

use std::collections::BTreeMap;

use deltalake_core::kernel::Add;
use object_store::path::Path;
use serde::Serialize;

use crate::error::UpkeepError;
use crate::lake::{
    COMMIT_ATTEMPTS_MAX, DataFile, FILE_BYTES, Lake, LakeError, LakeTable, back_off,
};
use crate::report::UpkeepProgress;
use crate::schema::{EVENTS, FINDINGS, OBJECTS, RUNS, TableSchema, USAGE};

mod group;
mod merge;
#[cfg(test)]
mod tests;

use group::{Size, groups, measured, small_files};
use merge::{merged, written};

/// Application id of a compaction's commits.
const APPLICATION: &str = "compact";

/// Files with at least this part of a full file's bytes are left alone.
const FULL_PART: (u64, u64) = (3, 4);

/// How to compact.
#[derive(Debug, Clone)]
pub struct CompactOptions {
    /// Rows merged at once, at most.
    pub group_rows_max: u64,
    /// Memory that the rows merged at once take, at most. Writing them takes a
    /// part of that again.
    pub group_memory_bytes_max: u64,
    /// Start of the run, microseconds since 1970 UTC. Files that are taken out
    /// are marked as removed then.
    pub started_at: i64,
}

impl CompactOptions {
    /// The usual bounds, for a run that starts now.
    #[must_use]
    pub fn new(started_at: i64) -> Self {
        Self { group_rows_max: 1_000_000, group_memory_bytes_max: 512 << 20, started_at }
    }
}

/// What a compaction did.
#[derive(Debug, Default, Clone, Serialize)]
pub struct CompactReport {
    /// Where.
    pub lake: String,
    /// Name of a table to what happened to it.
    pub tables: BTreeMap<&'static str, CompactedTable>,
    /// Version of `events` afterwards.
    pub events_version: u64,
}

/// What a compaction did to one table.
#[derive(Debug, Default, Clone, Serialize)]
pub struct CompactedTable {
    /// Groups of files merged, each in one commit.
    pub groups: u64,
    /// Groups left to somebody else, who merged the same files at the same time.
    pub given_up: u64,
    /// Rows that are in other files now.
    pub rows: u64,
    /// Files of the table before.
    pub files_before: u64,
    /// Files of the table afterwards, those that others added meanwhile too.
    pub files_after: u64,
    /// Size of the table before.
    pub bytes_before: u64,
    /// Size of the table afterwards.
    pub bytes_after: u64,
}

/// How a table is merged.
#[derive(Debug, Clone, Copy)]
struct Order {
    schema: &'static TableSchema,
    /// Columns that rows are sorted by; the first is a time.
    sorted_by: &'static [&'static str],
    /// Fewer files than these are not worth a commit.
    files_min: usize,
}

const ORDERS: &[Order] = &[
    Order { schema: &EVENTS, sorted_by: &["event_time"], files_min: 2 },
    Order { schema: &USAGE, sorted_by: &["hour", "actor"], files_min: 4 },
    Order { schema: &FINDINGS, sorted_by: &["recorded_at", "fingerprint"], files_min: 4 },
    Order { schema: &OBJECTS, sorted_by: &["delivered_at", "object_uri"], files_min: 2 },
    // Each compaction adds a file here, about itself.
    Order { schema: &RUNS, sorted_by: &["started_at"], files_min: 8 },
];

/// Compacts all tables of a lake.
///
/// # Errors
/// When there is no lake, or it cannot be read or written. That other writers
/// were faster is no error.
pub async fn compact(
    lake: &Lake,
    options: &CompactOptions,
    progress: &UpkeepProgress,
) -> Result<CompactReport, UpkeepError> {
    if lake.existing_table(&EVENTS).await?.is_none() {
        return Err(UpkeepError::NoLake { lake: lake.uri() });
    }
    let mut report = CompactReport { lake: lake.uri(), ..CompactReport::default() };
    for &order in ORDERS {
        let Some(table) = lake.existing_table(order.schema).await? else {
            continue;
        };
        let mut compaction = Compaction { table, order, options, progress };
        report.tables.insert(order.schema.name, compaction.run().await?);
        if order.schema.name == EVENTS.name {
            report.events_version = compaction.table.version();
        }
    }
    Ok(report)
}

/// What became of a group.
#[derive(Debug, Clone, Copy)]
enum Outcome {
    Merged {
        rows: u64,
    },
    /// Somebody else has merged files of it, or kept committing first.
    GivenUp,
    /// Its rows did not fit into memory.
    LeftAlone,
}

/// One table under compaction.
struct Compaction<'a> {
    table: LakeTable,
    order: Order,
    options: &'a CompactOptions,
    progress: &'a UpkeepProgress,
}

impl Compaction<'_> {
    async fn run(&mut self) -> Result<CompactedTable, UpkeepError> {
        let files = self.table.files()?;
        let mut report = CompactedTable {
            files_before: files.len() as u64,
            bytes_before: files.iter().map(|file| file.bytes).sum(),
            ..CompactedTable::default()
        };
        for group in self.plan(files).await? {
            match self.compact_group(&group).await? {
                Outcome::Merged { rows } => {
                    report.groups += 1;
                    report.rows += rows;
                }
                Outcome::GivenUp => report.given_up += 1,
                Outcome::LeftAlone => {}
            }
            self.progress.take(group.len());
        }
        let files = self.table.files()?;
        report.files_after = files.len() as u64;
        report.bytes_after = files.iter().map(|file| file.bytes).sum();
        Ok(report)
    }

    /// The groups of files to merge.
    async fn plan(&self, files: Vec<DataFile>) -> Result<Vec<Vec<DataFile>>, LakeError> {
        let most = Size {
            rows: self.options.group_rows_max,
            memory_bytes: self.options.group_memory_bytes_max,
            // More would not become one file.
            stored_bytes: FILE_BYTES.get(),
        };
        let full_bytes = FILE_BYTES.get() * FULL_PART.0 / FULL_PART.1;
        let time = self.order.sorted_by[0];
        let mut plan = Vec::new();
        for files in small_files(files, self.order.schema, time, full_bytes) {
            if files.len() >= self.order.files_min {
                let candidates = measured(&self.table, files).await?;
                plan.extend(groups(candidates, most, self.order.files_min));
            }
        }
        self.progress.expect(plan.iter().map(Vec::len).sum());
        Ok(plan)
    }

    async fn compact_group(&mut self, group: &[DataFile]) -> Result<Outcome, UpkeepError> {
        self.table.refresh().await?;
        if !self.table.holds(&paths(group))? {
            return Ok(Outcome::GivenUp);
        }
        let result = self.replace(group).await;
        if result.is_err() {
            // Files that somebody has merged may be deleted by now.
            self.table.refresh().await?;
            if !self.table.holds(&paths(group))? {
                return Ok(Outcome::GivenUp);
            }
        }
        result
    }

    async fn replace(&mut self, group: &[DataFile]) -> Result<Outcome, UpkeepError> {
        let memory_bytes_max = self.options.group_memory_bytes_max;
        let merged = merged(&self.table, group, self.order.sorted_by, memory_bytes_max).await?;
        // Rows can take more memory than their files led to expect.
        let group = &group[..merged.files];
        if group.len() < self.order.files_min {
            return Ok(Outcome::LeftAlone);
        }
        let files = written(&self.table, &merged, self.order.sorted_by[0]).await?;
        let rows = merged.rows;
        drop(merged);
        let landed = self.commit(group, files).await?;
        Ok(if landed { Outcome::Merged { rows } } else { Outcome::GivenUp })
    }

    /// Puts the written files in the place of the group, or deletes them when
    /// somebody else was faster.
    async fn commit(&mut self, group: &[DataFile], files: Vec<Add>) -> Result<bool, LakeError> {
        let (theirs, ours) = (paths(group), added_paths(&files));
        let mut prepared_on = self.table.version();
        for attempt in 0..COMMIT_ATTEMPTS_MAX {
            prepared_on = self.table.version();
            let at = self.options.started_at;
            let answer = self.table.rewrite(group, files.clone(), APPLICATION, at).await;
            if self.table.has_landed(answer, &ours, prepared_on, attempt).await? {
                return Ok(true);
            }
            if !self.table.holds(&theirs)? {
                break;
            }
            back_off(attempt).await;
        }
        // A put that is still under way lands on the next version or never.
        if self.table.version() > prepared_on {
            self.table.discard(ours).await;
        }
        Ok(false)
    }
}

fn paths(files: &[DataFile]) -> Vec<Path> {
    files.iter().map(|file| file.path.clone()).collect()
}

fn added_paths(files: &[Add]) -> Vec<Path> {
    files.iter().map(|add| DataFile::from_add(add).path).collect()
}
