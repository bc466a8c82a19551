//! **Usage**: KMS calls added up by hour, in a table that follows `events`.
//!
//! Whoever asks about months asks this table. It is a function of the log of
//! `events`: each commit to it carries the version of `events` that it has
//! counted up to, so that every row is counted once, whoever counts, and however
//! often they are killed.

use std::collections::HashSet;

use deltalake_core::kernel::Add;
use object_store::path::Path;
use serde::Serialize;

mod contexts;
mod sum;

use sum::Sums;

use crate::error::IngestError;
use crate::lake::{
    COMMIT_ATTEMPTS_MAX, Committed, DataFile, Lake, LakeError, LakeTable, Packing, TableWriter,
    back_off,
};
use crate::scan::{ColumnsOf, scan};
use crate::schema::{EVENTS, USAGE};

/// Application id of the commits to `usage`; their version is one of `events`.
pub(crate) const APPLICATION: &str = "usage";

/// Sums held in memory before they are written, as partial ones.
const SUMS_MAX: usize = 100_000;

/// What following did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct UsageReport {
    /// Version of `events` that `usage` has counted up to.
    pub events_version: u64,
    /// Files of `events` read.
    pub files: u64,
    /// Events counted.
    pub events: u64,
    /// Rows added to `usage`.
    pub rows: u64,
    /// Whether everything was counted from the start.
    pub rebuilt: bool,
}

/// The files of `events` that hold what `usage` has not counted.
#[derive(Debug)]
pub struct Uncounted {
    /// Those files.
    pub files: Vec<DataFile>,
    /// Whether nothing that is in `usage` counts, because the log of `events`
    /// does not go back to where it stopped, or it never began.
    pub from_the_start: bool,
}

/// What `usage` lacks, as of the versions that both tables stand at.
///
/// # Errors
/// When a log cannot be read.
pub async fn uncounted(
    events: &LakeTable,
    usage: Option<&LakeTable>,
) -> Result<Uncounted, LakeError> {
    let everything = || Ok(Uncounted { files: events.files()?, from_the_start: true });
    let Some(usage) = usage else {
        return everything();
    };
    let Some(consumed) = usage.consumed(APPLICATION).await? else {
        return everything();
    };
    let consumed = u64::try_from(consumed).unwrap_or_default();
    if consumed >= events.version() {
        return Ok(Uncounted { files: Vec::new(), from_the_start: false });
    }
    match events.files_added_by(consumed + 1..=events.version()).await? {
        Some(files) => Ok(Uncounted { files, from_the_start: false }),
        None => everything(),
    }
}

/// Counts what is new in `events` into `usage`, or everything with `rebuild`.
/// None when there is no lake yet. `now` is in microseconds since 1970 UTC.
///
/// # Errors
/// When the lake cannot be read or written.
pub async fn follow_usage(
    lake: &Lake,
    rebuild: bool,
    now: i64,
) -> Result<Option<UsageReport>, IngestError> {
    let Some(mut events) = lake.existing_table(&EVENTS).await? else {
        return Ok(None);
    };
    let mut usage = lake.table(&USAGE).await?;
    for attempt in 0..COMMIT_ATTEMPTS_MAX {
        let mut uncounted = uncounted(&events, Some(&usage)).await?;
        if rebuild && !uncounted.from_the_start {
            uncounted = Uncounted { files: events.files()?, from_the_start: true };
        }
        let mut report = UsageReport {
            events_version: events.version(),
            files: uncounted.files.len() as u64,
            rebuilt: uncounted.from_the_start,
            ..UsageReport::default()
        };
        if uncounted.files.is_empty() && !uncounted.from_the_start {
            return Ok(Some(report));
        }
        let files = added_up(&events, &usage, &uncounted.files, &mut report).await?;
        if commit(&mut usage, files, &report, now).await? {
            return Ok(Some(report));
        }
        // Somebody else counted meanwhile, and what was written here is waste.
        events.refresh().await?;
        back_off(attempt).await;
    }
    Err(usage.not_committed().into())
}

/// Commits what was counted; false when it must be counted again.
async fn commit(
    usage: &mut LakeTable,
    files: Vec<Add>,
    report: &UsageReport,
    now: i64,
) -> Result<bool, LakeError> {
    let ours: Vec<Path> = files.iter().map(|add| DataFile::from_add(add).path).collect();
    let counted_to = i64::try_from(report.events_version).unwrap_or(i64::MAX);
    let prepared_on = usage.version();
    let committed = if report.rebuilt {
        let replaced = usage.files()?;
        usage.replace(&replaced, files, APPLICATION, counted_to, now).await?
    } else {
        usage.append(files, APPLICATION, counted_to).await?
    };
    if committed == Committed::Moved {
        usage.refresh().await?;
        return usage.has_added(&ours, prepared_on).await;
    }
    Ok(true)
}

/// Adds up the KMS calls in these files, and writes the sums.
async fn added_up(
    events: &LakeTable,
    usage: &LakeTable,
    files: &[DataFile],
    report: &mut UsageReport,
) -> Result<Vec<Add>, IngestError> {
    let mut writer = TableWriter::new(usage, "hour", Packing::FRESH);
    let mut sums = Sums::default();
    let mut seen = HashSet::new();
    for file in files.iter().filter(|file| seen.insert(file.path.clone())) {
        let activity = file.partition_values.get("activity").cloned().flatten();
        let activity = activity.unwrap_or_default();
        // A batch is small, so sums overshoot by little.
        let mut full = Vec::new();
        scan(events, file, ColumnsOf(sum::COLUMNS), None, |batch| {
            report.events += sums.add(batch, &activity);
            if sums.len() >= SUMS_MAX {
                full.push(sums.finish());
            }
        })
        .await?;
        for batch in full {
            let batch = batch?;
            report.rows += batch.num_rows() as u64;
            writer.write(&batch, None).await?;
        }
    }
    let batch = sums.finish()?;
    if batch.num_rows() > 0 {
        report.rows += batch.num_rows() as u64;
        writer.write(&batch, None).await?;
    }
    Ok(writer.close().await?)
}
