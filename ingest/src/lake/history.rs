//! The **history** of a table: what its versions added and took away.

use std::collections::HashSet;
use std::ops::RangeInclusive;

use deltalake_core::errors::DeltaTableError;
use deltalake_core::kernel::{Action, Add};
use deltalake_core::logstore::{LogStore as _, get_actions};
use futures::TryStreamExt as _;
use object_store::ObjectStore as _;
use object_store::path::Path;

use super::files::store_path;
use super::{Committed, DataFile, LakeError, LakeTable};

/// The folder of a table's log.
const LOG: &str = "_delta_log";

/// Files that are in no current version any more.
#[derive(Debug, Default)]
pub(crate) struct Removed {
    /// Removed since the moment asked for: readers may have them open.
    pub(crate) since: HashSet<Path>,
    /// Removed before it, as far as the log remembers.
    pub(crate) before: HashSet<Path>,
}

impl LakeTable {
    /// Whether all these files are in the version last looked at.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub(crate) fn holds(&self, paths: &[Path]) -> Result<bool, LakeError> {
        let present: HashSet<Path> = self.files()?.into_iter().map(|file| file.path).collect();
        Ok(paths.iter().all(|path| present.contains(path)))
    }

    /// Whether a commit of these files has landed, whatever its answer was; looks
    /// for newer versions to find out. What was refused and has not landed is of
    /// no use to anybody: its files are deleted, if this was the first attempt.
    /// After others, one of them may still be under way.
    ///
    /// # Errors
    /// When the commit was refused, or the log cannot be read.
    pub(crate) async fn has_landed(
        &mut self,
        answer: Result<Committed, LakeError>,
        paths: &[Path],
        prepared_on: u64,
        attempt: u32,
    ) -> Result<bool, LakeError> {
        let refusal = match answer {
            Ok(Committed::Version(_)) => return Ok(true),
            Ok(Committed::Moved) => None,
            Err(error) => Some(error),
        };
        let landed = match self.refresh().await {
            Ok(()) => self.has_added(paths, prepared_on).await,
            Err(error) => Err(error),
        };
        match (landed, refusal) {
            (Ok(true), _) => Ok(true),
            (Ok(false), Some(error)) => {
                if attempt == 0 {
                    self.discard(paths.to_vec()).await;
                }
                Err(error)
            }
            // The first error says why.
            (Err(_), Some(error)) => Err(error),
            (landed, None) => landed,
        }
    }

    /// Whether a version after `prepared_on` added all these files: then a
    /// commit whose answer was lost has landed, and counts even when a
    /// compaction has put other files in their place since.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn has_added(&self, paths: &[Path], prepared_on: u64) -> Result<bool, LakeError> {
        Ok(self.version_that_added(paths, prepared_on).await?.is_some())
    }

    /// The version after `prepared_on` that added all these files, if there is
    /// one.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub(crate) async fn version_that_added(
        &self,
        paths: &[Path],
        prepared_on: u64,
    ) -> Result<Option<u64>, LakeError> {
        for version in prepared_on + 1..=self.version() {
            let gone = || LakeError::table(self, DeltaTableError::InvalidVersion(version));
            let actions = self.actions(version).await?.ok_or_else(gone)?;
            let added: HashSet<Path> =
                actions.iter().filter_map(added).map(|add| store_path(&add.path)).collect();
            if !paths.is_empty() && paths.iter().all(|path| added.contains(path)) {
                return Ok(Some(version));
            }
        }
        Ok(None)
    }

    /// The files that these versions added with new rows. A version that is not
    /// in the log any more adds none: who needed it has to start anew.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub(crate) async fn added_by(
        &self,
        versions: RangeInclusive<u64>,
    ) -> Result<HashSet<Path>, LakeError> {
        let mut paths = HashSet::new();
        for version in versions {
            let actions = self.actions(version).await?.unwrap_or_default();
            let new = actions.iter().filter_map(added).filter(|add| add.data_change);
            paths.extend(new.map(|add| store_path(&add.path)));
        }
        Ok(paths)
    }

    /// As [`added_by`](Self::added_by), with what the log says of each file; none
    /// when one of the versions is not in the log any more.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub(crate) async fn files_added_by(
        &self,
        versions: RangeInclusive<u64>,
    ) -> Result<Option<Vec<DataFile>>, LakeError> {
        let mut files = Vec::new();
        for version in versions {
            let Some(actions) = self.actions(version).await? else {
                return Ok(None);
            };
            let new = actions.iter().filter_map(added).filter(|add| add.data_change);
            files.extend(new.map(DataFile::from_add));
        }
        Ok(Some(files))
    }

    /// The files removed since a moment, microseconds since 1970 UTC, and those
    /// removed before. Whatever a version committed since then removed counts as
    /// removed since, whatever time it says.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub(crate) async fn removed(&self, moment: i64) -> Result<Removed, LakeError> {
        let failed = |source: DeltaTableError| LakeError::table(self, source);
        let mut removed = Removed::default();
        let log_store = self.table.log_store();
        let state = self.table.snapshot().map_err(failed)?;
        let mut tombstones = state.all_tombstones(log_store.as_ref());
        while let Some(tombstone) = tombstones.try_next().await.map_err(failed)? {
            let time = tombstone.deletion_timestamp();
            let recent = time.is_none_or(|millis| millis >= moment.div_euclid(1_000));
            let place = if recent { &mut removed.since } else { &mut removed.before };
            place.insert(store_path(&tombstone.path()));
        }
        // A checkpoint forgets removals after a week; the commits do not.
        for version in self.versions_since(moment).await? {
            for action in self.actions(version).await?.unwrap_or_default() {
                if let Action::Remove(remove) = action {
                    let path = store_path(&remove.path);
                    removed.before.remove(&path);
                    removed.since.insert(path);
                }
            }
        }
        Ok(removed)
    }

    /// The versions whose log entries were written since a moment.
    async fn versions_since(&self, moment: i64) -> Result<Vec<u64>, LakeError> {
        let store = self.store();
        let mut entries = store.list(Some(&Path::from(LOG)));
        let mut versions = Vec::new();
        while let Some(entry) =
            entries.try_next().await.map_err(|error| LakeError::table(self, error))?
        {
            if entry.last_modified.timestamp_micros() >= moment {
                versions.extend(version(&entry.location));
            }
        }
        Ok(versions)
    }

    /// What a version did, if its log entry is still there.
    async fn actions(&self, version: u64) -> Result<Option<Vec<Action>>, LakeError> {
        let failed = |source: DeltaTableError| LakeError::table(self, source);
        let entry = self.table.log_store().read_commit_entry(version).await.map_err(failed)?;
        entry.map(|bytes| get_actions(version, &bytes)).transpose().map_err(failed)
    }
}

fn added(action: &Action) -> Option<&Add> {
    match action {
        Action::Add(add) => Some(add),
        _ => None,
    }
}

/// The version that a log entry's name stands for. Checkpoints and what a killed
/// writer left behind have other names.
fn version(entry: &Path) -> Option<u64> {
    let digits = entry.filename()?.strip_suffix(".json")?;
    if digits.len() == 20 { digits.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::Fixture;
    use crate::schema::EVENTS;

    fn refused() -> Result<Committed, LakeError> {
        let lake = "lake".to_owned();
        Err(LakeError::Disk { lake, table: EVENTS.name, reason: "the disk is full" })
    }

    /// A checkpoint that finds no room fails after the commit.
    #[tokio::test(flavor = "multi_thread")]
    async fn a_commit_that_landed_has_landed_whatever_was_refused_after_it() {
        let fixture = Fixture::with_events(&[0..10, 10..20]).await;
        let mut table = fixture.events().await;
        for file in table.files().unwrap() {
            assert!(table.has_landed(refused(), &[file.path], 0, 0).await.unwrap());
        }
        assert_eq!(fixture.stored().len(), 2);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn files_of_a_refused_commit_are_deleted_unless_an_earlier_attempt_may_land() {
        let fixture = Fixture::with_events(&[0..10, 10..20]).await;
        let mut table = fixture.events().await;
        let known = table.files().unwrap().remove(0).path;
        let (folder, _) = known.as_ref().rsplit_once('/').unwrap();
        let path = Path::from(format!("{folder}/file.parquet"));
        for (attempt, left) in [(1, 3), (0, 2)] {
            std::fs::copy(fixture.path(known.as_ref()), fixture.path(path.as_ref())).unwrap();
            let landed = table.has_landed(refused(), std::slice::from_ref(&path), 0, attempt).await;
            assert!(matches!(landed, Err(LakeError::Disk { .. })));
            assert_eq!(fixture.stored().len(), left);
        }
    }

    #[test]
    fn only_log_entries_stand_for_a_version() {
        let named = |name: &str| version(&Path::from(format!("{LOG}/{name}")));
        assert_eq!(named("00000000000000000012.json"), Some(12));
        assert_eq!(named("00000000000000000019.checkpoint.parquet"), None);
        assert_eq!(named("_last_checkpoint"), None);
        assert_eq!(named("_commit_0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0ff.json.tmp"), None);
    }
}
