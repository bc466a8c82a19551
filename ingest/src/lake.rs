//! The **lake**: Delta tables in a folder or an S3 prefix, and the one door to
//! them.
//!
//! Everything that opens, creates or commits is here; nothing else retries a
//! commit. A commit lands only on the version it was prepared on
//! (`max_retries(0)`): whoever loses a race gets [`Committed::Moved`], looks at
//! what is new, and tries again.

use std::sync::Arc;
use std::time::Duration;

use deltalake_core::DeltaTable;
use deltalake_core::errors::DeltaTableError;
use deltalake_core::kernel::engine::arrow_conversion::TryIntoKernel;
use deltalake_core::kernel::transaction::{CommitBuilder, CommitProperties, TransactionError};
use deltalake_core::kernel::{Action, Add, StructField, Transaction};
use deltalake_core::logstore::{LogStoreRef, StorageConfig, default_logstore};
use deltalake_core::operations::create::CreateBuilder;
use deltalake_core::protocol::{DeltaOperation, SaveMode};
use object_store::ObjectStore;
use object_store::prefix::PrefixStore;
use url::Url;

use crate::requests::{RequestCounter, S3Requests};
use crate::schema::{SCHEMA_VERSION, TableSchema};

mod error;
mod files;
mod history;
mod replace;
mod store;
mod writer;

pub use error::LakeError;
pub use files::{DataFile, FileStatistics};
pub(crate) use writer::{FILE_BYTES, ROW_GROUP_ROWS};
pub use writer::{Packing, TableWriter};

/// Table property that holds [`SCHEMA_VERSION`].
const SCHEMA_VERSION_PROPERTY: &str = "keytrail.schemaVersion";

/// Commits between checkpoints of the log.
const CHECKPOINT_INTERVAL: &str = "20";

/// How long another writer's commits are waited out, in attempts.
pub(crate) const COMMIT_ATTEMPTS_MAX: u32 = 30;

/// How often a table is tried to be created.
const CREATE_ATTEMPTS_MAX: u32 = 5;

/// Where a lake is, and how its bytes are reached.
#[derive(Debug, Clone)]
pub struct Lake {
    location: Url,
    root: Arc<dyn ObjectStore>,
    requests: Arc<RequestCounter>,
}

/// What became of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Committed {
    /// It is this version now.
    Version(u64),
    /// Somebody else committed first, or the answer was lost: nothing can be
    /// said before the table is looked at again.
    Moved,
}

impl Lake {
    /// A lake at a folder path, a `file://` URL or an `s3://` URL. Nothing is
    /// read yet.
    ///
    /// # Errors
    /// When the location is neither, or S3 cannot be set up.
    pub async fn at(location: &str) -> Result<Self, LakeError> {
        let location = store::location(location)?;
        let requests = Arc::new(RequestCounter::default());
        let root = store::root(&location, requests.clone()).await?;
        Ok(Self { location, root, requests })
    }

    /// Requests made to S3 so far, through this lake and its clones and tables.
    #[must_use]
    pub fn requests(&self) -> S3Requests {
        self.requests.so_far()
    }

    /// Where the lake is, for people.
    #[must_use]
    pub fn uri(&self) -> String {
        match self.location.to_file_path() {
            Ok(path) => path.display().to_string().trim_end_matches('/').to_owned(),
            Err(()) => self.location.as_str().trim_end_matches('/').to_owned(),
        }
    }

    /// Opens a table, creating it when it is not there.
    ///
    /// # Errors
    /// When the lake cannot be reached or written, or was made by a newer
    /// version.
    pub async fn table(&self, schema: &'static TableSchema) -> Result<LakeTable, LakeError> {
        let mut attempt = 0;
        loop {
            if let Some(table) = self.existing_table(schema).await? {
                return Ok(table);
            }
            match self.create(schema).await {
                // Somebody else created it or is about to, or we did and were
                // not told: look again.
                Err(error) if attempt < CREATE_ATTEMPTS_MAX && error.may_have_landed() => {
                    attempt += 1;
                    back_off(attempt).await;
                }
                result => return result,
            }
        }
    }

    /// Opens a table, if it is there.
    ///
    /// # Errors
    /// When the lake cannot be reached, or was made by a newer version.
    pub async fn existing_table(
        &self,
        schema: &'static TableSchema,
    ) -> Result<Option<LakeTable>, LakeError> {
        let mut table = DeltaTable::new(self.log_store(schema)?);
        let failed = |source| LakeError::open(self, schema, source);
        if !table.verify_deltatable_existence().await.map_err(failed)? {
            return Ok(None);
        }
        table.load().await.map_err(failed)?;
        let table = LakeTable { schema, table, not_taken: None };
        table.check_version(self)?;
        Ok(Some(table))
    }

    async fn create(&self, schema: &'static TableSchema) -> Result<LakeTable, LakeError> {
        let failed = |source| LakeError::create(self, schema, source);
        let fields: Result<Vec<StructField>, _> =
            schema.arrow().fields().iter().map(|field| field.as_ref().try_into_kernel()).collect();
        let fields = fields.map_err(|error| failed(error.into()))?;
        let settings = [
            ("delta.checkpointInterval", CHECKPOINT_INTERVAL.to_owned()),
            ("delta.dataSkippingStatsColumns", schema.statistics.join(",")),
            (SCHEMA_VERSION_PROPERTY, SCHEMA_VERSION.to_string()),
        ];
        let table = CreateBuilder::new()
            .with_log_store(self.log_store(schema)?)
            .with_table_name(schema.name)
            .with_comment(schema.row)
            .with_columns(fields)
            .with_partition_columns(schema.partitioned_by.iter().copied())
            .with_configuration(settings.map(|(key, value)| (key.to_owned(), Some(value))))
            .with_raise_if_key_not_exists(false)
            .with_commit_properties(CommitProperties::default().with_max_retries(0))
            .await
            .map_err(failed)?;
        Ok(LakeTable { schema, table, not_taken: None })
    }

    fn log_store(&self, schema: &TableSchema) -> Result<LogStoreRef, LakeError> {
        let location = store::join(&self.location, schema.name)?;
        let path = object_store::path::Path::from_url_path(location.path()).map_err(|error| {
            LakeError::Location { location: location.to_string(), reason: error.to_string() }
        })?;
        let prefixed = Arc::new(PrefixStore::new(self.root.clone(), path));
        Ok(default_logstore(prefixed, self.root.clone(), &location, &StorageConfig::default()))
    }
}

/// One open table, at the version last looked at.
#[derive(Debug, Clone)]
pub struct LakeTable {
    schema: &'static TableSchema,
    table: DeltaTable,
    /// Why the store did not take the last commit, when other writers were not
    /// the reason.
    not_taken: Option<String>,
}

impl LakeTable {
    /// The table's columns.
    #[must_use]
    pub fn schema(&self) -> &'static TableSchema {
        self.schema
    }

    /// The version last looked at.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.table.version().unwrap_or_default()
    }

    /// The table's own store: paths of [`DataFile`]s are relative to it.
    #[must_use]
    pub fn store(&self) -> Arc<dyn ObjectStore> {
        self.table.object_store()
    }

    /// Where the table is.
    #[must_use]
    pub fn url(&self) -> &Url {
        self.table.table_url()
    }

    /// Where the lake is, for people.
    fn lake(&self) -> String {
        let table = match self.url().to_file_path() {
            Ok(path) => path.display().to_string(),
            Err(()) => self.url().to_string(),
        };
        let lake = table.trim_end_matches('/').strip_suffix(self.schema.name);
        lake.unwrap_or(&table).trim_end_matches('/').to_owned()
    }

    /// Looks for newer versions.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn refresh(&mut self) -> Result<(), LakeError> {
        self.table.update_incremental(None).await.map_err(|source| LakeError::table(self, source))
    }

    /// The files that make up this version.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub fn files(&self) -> Result<Vec<DataFile>, LakeError> {
        let state = self.table.snapshot().map_err(|source| LakeError::table(self, source))?;
        Ok(state.log_data().iter().map(|view| DataFile::from_view(&view)).collect())
    }

    /// The version that an application recorded with its last commit.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn consumed(&self, application: &str) -> Result<Option<i64>, LakeError> {
        let state = self.table.snapshot().map_err(|source| LakeError::table(self, source))?;
        state
            .transaction_version(self.table.log_store().as_ref(), application)
            .await
            .map_err(|source| LakeError::table(self, source))
    }

    /// Adds written files to the version last looked at, under an application
    /// id. On [`Committed::Moved`] nothing was added, or it cannot be known:
    /// [`refresh`](Self::refresh), compare, and call again.
    ///
    /// # Errors
    /// When the store refuses for a reason that trying again will not mend. The
    /// files may be part of the table even so, when it refused what comes after
    /// the commit: a checkpoint.
    pub async fn append(
        &mut self,
        files: Vec<Add>,
        application: &str,
        run_number: i64,
    ) -> Result<Committed, LakeError> {
        let operation = DeltaOperation::Write {
            mode: SaveMode::Append,
            partition_by: Some(
                self.schema.partitioned_by.iter().map(|&name| name.to_owned()).collect(),
            ),
            predicate: None,
        };
        let actions = files.into_iter().map(Action::Add).collect();
        self.commit(actions, operation, Transaction::new(application, run_number)).await
    }

    async fn commit(
        &mut self,
        actions: Vec<Action>,
        operation: DeltaOperation,
        application: Transaction,
    ) -> Result<Committed, LakeError> {
        let properties = CommitProperties::default()
            .with_max_retries(0)
            // Followers may still need old versions; and a store that forbids
            // deletes must not fail a commit that has landed.
            .with_cleanup_expired_logs(Some(false))
            .with_application_transaction(application);
        let result = {
            let state = self.table.snapshot().map_err(|source| LakeError::table(self, source))?;
            CommitBuilder::from(properties)
                .with_actions(actions)
                .build(Some(state), self.table.log_store(), operation)
                .await
        };
        self.not_taken = None;
        match result {
            Ok(commit) => {
                let version = commit.version();
                self.refresh().await?;
                Ok(Committed::Version(version))
            }
            Err(
                DeltaTableError::VersionAlreadyExists(_)
                | DeltaTableError::Transaction {
                    source:
                        TransactionError::MaxCommitAttempts(_)
                        | TransactionError::CommitConflict(_)
                        | TransactionError::VersionAlreadyExists(_),
                },
            ) => Ok(Committed::Moved),
            Err(source) => {
                let reason = source.to_string();
                let error = LakeError::table(self, source);
                if error.is_refusal() {
                    return Err(error);
                }
                // The put may have landed and only its answer been lost.
                tracing::warn!(table = self.schema.name, %reason, "commit failed; looking again");
                self.not_taken = Some(reason);
                Ok(Committed::Moved)
            }
        }
    }

    /// All attempts at a commit were in vain.
    pub(crate) fn not_committed(&self) -> LakeError {
        LakeError::not_committed(self, self.not_taken.as_deref())
    }

    fn check_version(&self, lake: &Lake) -> Result<(), LakeError> {
        let state = self.table.snapshot().map_err(|source| LakeError::table(self, source))?;
        let found = state.metadata().configuration().get(SCHEMA_VERSION_PROPERTY);
        match found.and_then(|version| version.parse::<u32>().ok()) {
            Some(version) if version > SCHEMA_VERSION => Err(LakeError::Newer {
                lake: lake.uri(),
                table: self.schema.name,
                found: version,
                supported: SCHEMA_VERSION,
            }),
            Some(_) => Ok(()),
            None => Err(LakeError::Foreign { lake: lake.uri(), table: self.schema.name }),
        }
    }
}

/// Waits before the next attempt, longer each time and never in step with
/// other writers.
pub(crate) async fn back_off(attempt: u32) {
    let most = 25_u64 << attempt.min(6);
    let jitter = uuid::Uuid::new_v4().as_u64_pair().0 % most;
    tokio::time::sleep(Duration::from_millis(jitter)).await;
}
