//! A **vacuum** deletes files of a lake that nobody needs any more.
//!
//! Needed are: the files of the newest version; files that were taken out of it
//! so lately that a query may still read them; files so young that a run may
//! still commit them; and files with rows that a follower has not read yet. All
//! other Parquet files below a table are deleted: those that compactions have
//! replaced, and those that killed runs left behind. A table's log is never
//! touched.

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;

use futures::TryStreamExt as _;
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore as _};
use serde::Serialize;

use crate::error::UpkeepError;
use crate::lake::{Lake, LakeError, LakeTable};
use crate::report::UpkeepProgress;
use crate::schema::{EVENTS, TABLES};

mod delete;
mod follower;
mod part;
#[cfg(test)]
mod tests;

pub use follower::{FOLLOWERS, Follower};

/// The shortest retention that is accepted, seconds.
///
/// It must be longer than any ingest works on files that it has not committed
/// yet, and than any query reads the version it began with. Neither is known to
/// take an hour; the default of the command is a week.
pub const RETENTION_SECONDS_MIN: i64 = 3_600;

/// What to delete.
#[derive(Debug, Clone)]
pub struct VacuumOptions {
    /// How long files that are not needed are kept.
    pub retention_seconds: i64,
    /// Refuse less than this.
    pub retention_seconds_min: i64,
    /// The present, microseconds since 1970 UTC.
    pub now: i64,
    /// Delete nothing, only list.
    pub dry_run: bool,
    /// Whose unread files are kept.
    pub followers: Vec<Follower>,
}

impl VacuumOptions {
    /// Deletes what has not been needed for so long; heeds all followers there
    /// are.
    #[must_use]
    pub fn new(retention_seconds: i64, now: i64) -> Self {
        Self {
            retention_seconds,
            retention_seconds_min: RETENTION_SECONDS_MIN,
            now,
            dry_run: false,
            followers: FOLLOWERS.to_vec(),
        }
    }
}

/// What a vacuum did, or would do.
#[derive(Debug, Default, Clone, Serialize)]
pub struct VacuumReport {
    /// Where.
    pub lake: String,
    /// Whether nothing was really deleted.
    pub dry_run: bool,
    /// Name of a table to what happened to it.
    pub tables: BTreeMap<&'static str, VacuumedTable>,
    /// The first files that could not be deleted.
    pub failures: Vec<VacuumFailure>,
}

/// What a vacuum did to one table.
#[derive(Debug, Default, Clone, Serialize)]
pub struct VacuumedTable {
    /// Files deleted.
    pub files: u64,
    /// Their size.
    pub bytes: u64,
    /// Those of them that a compaction had replaced; the others were never part
    /// of the table, or so long ago that its log has forgotten.
    pub files_replaced: u64,
    /// Files that no version needs and that are kept for a follower.
    pub files_kept_for_followers: u64,
    /// Files that could not be deleted.
    pub files_failed: u64,
    /// The files, when nothing was really deleted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<String>,
}

/// A file that could not be deleted.
#[derive(Debug, Clone, Serialize)]
pub struct VacuumFailure {
    /// Name of its table.
    pub table: &'static str,
    /// What the store said; it names the file.
    pub reason: String,
}

impl VacuumReport {
    /// Whether something could not be deleted.
    #[must_use]
    pub fn is_incomplete(&self) -> bool {
        self.tables.values().any(|table| table.files_failed > 0)
    }
}

/// Files to delete from one table.
#[derive(Debug, Default)]
struct Waste {
    files: Vec<ObjectMeta>,
    /// Unfinished files in a folder, which the store does not show.
    parts: Vec<(PathBuf, u64)>,
    replaced: u64,
    kept_for_followers: u64,
}

/// Deletes what nobody needs from all tables of a lake.
///
/// # Errors
/// When there is no lake, it cannot be read, or the retention is too short.
/// What cannot be deleted is in the report.
pub async fn vacuum(
    lake: &Lake,
    options: &VacuumOptions,
    progress: &UpkeepProgress,
) -> Result<VacuumReport, UpkeepError> {
    if options.retention_seconds < options.retention_seconds_min {
        return Err(UpkeepError::Retention {
            retention_seconds: options.retention_seconds,
            retention_seconds_min: options.retention_seconds_min,
        });
    }
    if lake.existing_table(&EVENTS).await?.is_none() {
        return Err(UpkeepError::NoLake { lake: lake.uri() });
    }
    let mut report =
        VacuumReport { lake: lake.uri(), dry_run: options.dry_run, ..VacuumReport::default() };
    for schema in TABLES {
        let Some(table) = lake.existing_table(schema).await? else {
            continue;
        };
        let waste = find(lake, &table, options).await?;
        let mut done = VacuumedTable {
            files_replaced: waste.replaced,
            files_kept_for_followers: waste.kept_for_followers,
            ..VacuumedTable::default()
        };
        progress.expect(waste.files.len() + waste.parts.len());
        if options.dry_run {
            list(&waste, &table, &mut done);
        } else {
            delete::delete(waste, &table, &mut done, &mut report.failures, progress).await;
        }
        report.tables.insert(schema.name, done);
    }
    Ok(report)
}

/// Looks for files that nobody needs.
async fn find(lake: &Lake, table: &LakeTable, options: &VacuumOptions) -> Result<Waste, LakeError> {
    let moment = options.now - options.retention_seconds * 1_000_000;
    let live: HashSet<Path> = table.files()?.into_iter().map(|file| file.path).collect();
    let removed = table.removed(moment).await?;
    let unread = unread(lake, table, &options.followers).await?;
    let mut waste = Waste { parts: part::find(table.url(), moment), ..Waste::default() };
    let store = table.store();
    let mut listing = store.list(None);
    while let Some(file) =
        listing.try_next().await.map_err(|error| LakeError::table(table, error))?
    {
        let path = &file.location;
        let young = file.last_modified.timestamp_micros() >= moment;
        if !is_data(path) || young || live.contains(path) || removed.since.contains(path) {
            continue;
        }
        if unread.contains(path) {
            waste.kept_for_followers += 1;
            continue;
        }
        waste.replaced += u64::from(removed.before.contains(path));
        waste.files.push(file);
    }
    Ok(waste)
}

/// The files with rows that a follower has not read yet.
async fn unread(
    lake: &Lake,
    table: &LakeTable,
    followers: &[Follower],
) -> Result<HashSet<Path>, LakeError> {
    match follower::first_unread(lake, table.schema().name, followers).await? {
        Some(version) => table.added_by(version..=table.version()).await,
        None => Ok(HashSet::new()),
    }
}

/// Whether a file is one of those that tables are made of. Folders with names
/// like `_delta_log` are nobody's business but their owner's.
fn is_data(path: &Path) -> bool {
    let hidden = path.parts().any(|part| part.as_ref().starts_with(['_', '.']));
    !hidden && path.extension() == Some("parquet")
}

fn list(waste: &Waste, table: &LakeTable, done: &mut VacuumedTable) {
    for file in &waste.files {
        done.files += 1;
        done.bytes += file.size;
        done.paths.push(format!("{}/{}", table.schema().name, file.location));
    }
    for (path, bytes) in &waste.parts {
        done.files += 1;
        done.bytes += bytes;
        done.paths.push(path.display().to_string());
    }
}
