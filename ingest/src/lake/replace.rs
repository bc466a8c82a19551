//! Commits that **replace** files: with others, or with nothing.

use deltalake_core::kernel::{Action, Add, Transaction};
use deltalake_core::protocol::{DeltaOperation, SaveMode};

use super::{Committed, DataFile, LakeError, LakeTable};

impl LakeTable {
    /// Puts written files in the place of others that hold the same rows, as of
    /// `removed_at`, microseconds since 1970 UTC. What [`append`](Self::append)
    /// says about [`Committed::Moved`] holds here, too; the others may be gone.
    ///
    /// # Errors
    /// When the store refuses for a reason that trying again will not mend.
    pub async fn rewrite(
        &mut self,
        replaced: &[DataFile],
        files: Vec<Add>,
        application: &str,
        removed_at: i64,
    ) -> Result<Committed, LakeError> {
        let bytes = files.iter().map(|file| file.size).max().unwrap_or_default();
        let operation = DeltaOperation::Optimize { predicate: None, target_size: bytes };
        // Followers of the table must not take these rows for new ones.
        let adds = files.into_iter().map(|file| Action::Add(Add { data_change: false, ..file }));
        let removes =
            replaced.iter().map(|file| Action::Remove(file.removed_at(removed_at, false)));
        let actions = removes.chain(adds).collect();
        self.commit(actions, operation, Transaction::new(application, removed_at)).await
    }

    /// Puts written files in the place of others, whose rows are gone then, under
    /// an application id and its version, as of `removed_at`, microseconds since
    /// 1970 UTC. What [`append`](Self::append)
    /// says about [`Committed::Moved`] holds here, too.
    ///
    /// # Errors
    /// When the store refuses for a reason that trying again will not mend.
    pub async fn replace(
        &mut self,
        replaced: &[DataFile],
        files: Vec<Add>,
        application: &str,
        run_number: i64,
        removed_at: i64,
    ) -> Result<Committed, LakeError> {
        let operation = DeltaOperation::Write {
            mode: SaveMode::Overwrite,
            partition_by: Some(
                self.schema.partitioned_by.iter().map(|&name| name.to_owned()).collect(),
            ),
            predicate: None,
        };
        let removes = replaced.iter().map(|file| Action::Remove(file.removed_at(removed_at, true)));
        let actions = removes.chain(files.into_iter().map(Action::Add)).collect();
        self.commit(actions, operation, Transaction::new(application, run_number)).await
    }

    /// Takes files out that are lost anyway, and their rows with them. What
    /// [`append`](Self::append) says about [`Committed::Moved`] holds here, too.
    ///
    /// # Errors
    /// When the store refuses for a reason that trying again will not mend.
    pub(crate) async fn give_up(
        &mut self,
        lost: &[DataFile],
        application: &str,
        removed_at: i64,
    ) -> Result<Committed, LakeError> {
        let removes = lost.iter().map(|file| Action::Remove(file.removed_at(removed_at, true)));
        let operation = DeltaOperation::Delete { predicate: None };
        let application = Transaction::new(application, removed_at);
        self.commit(removes.collect(), operation, application).await
    }
}
