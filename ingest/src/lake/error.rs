//! A **lake error**: which table of which lake, what the store said, and what
//! to do about it.

use std::error::Error;
use std::io::ErrorKind;

use deltalake_core::errors::DeltaTableError;
use object_store::path::Path;

use super::{COMMIT_ATTEMPTS_MAX, Lake, LakeTable};
use crate::aws;
use crate::schema::{OBJECTS, RUNS, TableSchema};

/// What can go wrong at the door of the lake.
#[derive(Debug, thiserror::Error)]
pub enum LakeError {
    /// The location is not one a lake can be at.
    #[error("{location}: not a place for a lake: {reason}")]
    Location {
        /// As given.
        location: String,
        /// Why not.
        reason: String,
    },
    /// A table could not be opened.
    #[error("lake {lake}: cannot open table {table}")]
    Open {
        /// Location of the lake.
        lake: String,
        /// Name of the table.
        table: &'static str,
        /// What the store said.
        #[source]
        source: Box<DeltaTableError>,
    },
    /// A table could not be created.
    #[error("lake {lake}: cannot create table {table}; is the place writable?")]
    Create {
        /// Location of the lake.
        lake: String,
        /// Name of the table.
        table: &'static str,
        /// What the store said.
        #[source]
        source: Box<DeltaTableError>,
    },
    /// The log of a table is damaged.
    #[error("lake {lake}: the log of table {table} is damaged ({reason}); {advice}")]
    Log {
        /// Location of the lake.
        lake: String,
        /// Name of the table.
        table: &'static str,
        /// What is wrong with it.
        reason: String,
        /// What to do.
        advice: String,
    },
    /// The disk is full, or does not let us.
    #[error(
        "lake {lake}: table {table}: {reason}, then run the same command again: nothing is lost, and nothing is added twice"
    )]
    Disk {
        /// Location of the lake.
        lake: String,
        /// Name of the table.
        table: &'static str,
        /// Why, and what to do about it.
        reason: &'static str,
    },
    /// S3 says why not, and there is something to do about it.
    #[error("lake {lake}: {hint}")]
    Refused {
        /// Location of the lake.
        lake: String,
        /// What to do.
        hint: &'static str,
    },
    /// A newer KeyTrail made this lake.
    #[error(
        "lake {lake}: table {table} has schema version {found}, this keytrail reads up to {supported}; use a newer keytrail"
    )]
    Newer {
        /// Location of the lake.
        lake: String,
        /// Name of the table.
        table: &'static str,
        /// Version found.
        found: u32,
        /// Newest version this build knows.
        supported: u32,
    },
    /// A Delta table that KeyTrail did not make.
    #[error("lake {lake}: table {table} was not made by keytrail; choose another --lake")]
    Foreign {
        /// Location of the lake.
        lake: String,
        /// Name of the table.
        table: &'static str,
    },
    /// An open table could not be read or written.
    #[error("lake {lake}: table {table}: cannot read or write")]
    Table {
        /// Location of the lake.
        lake: String,
        /// Name of the table.
        table: &'static str,
        /// What the store said.
        #[source]
        source: Box<DeltaTableError>,
    },
    /// A file of an open table could not be read.
    #[error("lake {lake}: table {table}: cannot read file {file}")]
    File {
        /// Location of the lake.
        lake: String,
        /// Name of the table.
        table: &'static str,
        /// Path below the table.
        file: Path,
        /// What the store said.
        #[source]
        source: Box<DeltaTableError>,
    },
    /// Other writers kept winning.
    #[error(
        "lake {lake}: table {table}: other writers committed first {attempts} times; try again"
    )]
    Contended {
        /// Location of the lake.
        lake: String,
        /// Name of the table.
        table: &'static str,
        /// Attempts made.
        attempts: u32,
    },
    /// The store did not take a commit, and not because of other writers.
    #[error("lake {lake}: table {table}: cannot commit, tried {attempts} times: {reason}")]
    NotTaken {
        /// Location of the lake.
        lake: String,
        /// Name of the table.
        table: &'static str,
        /// Attempts made.
        attempts: u32,
        /// What the store said last.
        reason: String,
    },
}

impl LakeError {
    pub(super) fn open(lake: &Lake, table: &TableSchema, source: DeltaTableError) -> Self {
        if let Some(hint) = aws::hint(&chain(&source)) {
            return Self::Refused { lake: lake.uri(), hint };
        }
        if is_damaged_log(&source) {
            let (reason, advice) = (short(&source), advice(&lake.uri(), table));
            return Self::Log { lake: lake.uri(), table: table.name, reason, advice };
        }
        Self::Open { lake: lake.uri(), table: table.name, source: Box::new(source) }
    }

    pub(super) fn create(lake: &Lake, table: &TableSchema, source: DeltaTableError) -> Self {
        if let Some(reason) = disk(&source) {
            return Self::Disk { lake: lake.uri(), table: table.name, reason };
        }
        if chain(&source).contains("AccessDenied") {
            let hint = "access denied: s3:PutObject is needed (and kms:GenerateDataKey, if the lake is under a KMS key)";
            return Self::Refused { lake: lake.uri(), hint };
        }
        Self::Create { lake: lake.uri(), table: table.name, source: Box::new(source) }
    }

    pub(crate) fn table(table: &LakeTable, source: impl Into<DeltaTableError>) -> Self {
        let (lake, source) = (table.lake(), source.into());
        let table = table.schema().name;
        match disk(&source) {
            Some(reason) => Self::Disk { lake, table, reason },
            None => Self::Table { lake, table, source: Box::new(source) },
        }
    }

    pub(crate) fn file(table: &LakeTable, file: &Path, source: impl Into<DeltaTableError>) -> Self {
        Self::File {
            lake: table.lake(),
            table: table.schema().name,
            file: file.clone(),
            source: Box::new(source.into()),
        }
    }

    /// All attempts at a commit were in vain; says why the last one was that the
    /// store did not take, if there was one.
    pub(super) fn not_committed(table: &LakeTable, reason: Option<&str>) -> Self {
        let (lake, attempts) = (table.lake(), COMMIT_ATTEMPTS_MAX);
        let table = table.schema().name;
        match reason.map(str::to_owned) {
            Some(reason) => Self::NotTaken { lake, table, attempts, reason },
            None => Self::Contended { lake, table, attempts },
        }
    }

    /// Whether trying again is pointless: a full disk, no permission, no such
    /// bucket.
    pub(super) fn is_refusal(&self) -> bool {
        match self {
            Self::Disk { .. } => true,
            Self::Table { source, .. } => is_refusal(source),
            _ => false,
        }
    }

    /// Whether a file is not there.
    pub(crate) fn is_gone(&self) -> bool {
        let Self::File { source, .. } = self else { return false };
        let mut causes = causes(source);
        causes
            .any(|cause| matches!(cause.downcast_ref(), Some(object_store::Error::NotFound { .. })))
    }

    /// Whether the bytes of a file are there and make no sense.
    pub(crate) fn is_nonsense(&self) -> bool {
        use deltalake_core::parquet::errors::ParquetError;
        let Self::File { source, .. } = self else { return false };
        match &**source {
            DeltaTableError::Parquet { source: ParquetError::External(_) } => false,
            DeltaTableError::Parquet { .. } | DeltaTableError::Arrow { .. } => true,
            _ => false,
        }
    }

    /// Whether the table may be there now: somebody else created it first, or
    /// we did and were not told.
    pub(super) fn may_have_landed(&self) -> bool {
        matches!(self, Self::Create { source, .. } if !is_refusal(source))
    }
}

/// An error and its causes, outermost first.
fn causes<'a>(error: &'a DeltaTableError) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    let first: &'a (dyn Error + 'static) = error;
    std::iter::successors(Some(first), |&error| error.source())
}

/// An error and its causes, as text.
fn chain(error: &DeltaTableError) -> String {
    causes(error).map(ToString::to_string).collect()
}

/// What is wrong with the disk under a lake, and what to do.
fn disk(error: &DeltaTableError) -> Option<&'static str> {
    causes(error).filter_map(|cause| cause.downcast_ref::<std::io::Error>()).find_map(|error| {
        Some(match error.kind() {
            ErrorKind::StorageFull => "the disk is full; make room",
            ErrorKind::QuotaExceeded => "the disk quota is used up; make room",
            ErrorKind::FileTooLarge => {
                "a file would be larger than is allowed; raise the limit (ulimit -f)"
            }
            ErrorKind::ReadOnlyFilesystem => "the file system is read-only; make it writable",
            ErrorKind::PermissionDenied => "permission denied; allow reading and writing there",
            _ => return None,
        })
    })
}

/// Whether a table cannot be opened because its log makes no sense, as opposed to
/// a store that cannot be reached.
fn is_damaged_log(error: &DeltaTableError) -> bool {
    let of_the_store = |cause: &(dyn Error + 'static)| {
        cause.is::<object_store::Error>() || cause.is::<std::io::Error>()
    };
    matches!(error, DeltaTableError::KernelError(_)) && !causes(error).any(of_the_store)
}

/// What the kernel says, without its innards.
fn short(error: &DeltaTableError) -> String {
    let text = error.to_string();
    let line = text.lines().next().unwrap_or_default();
    let line = line.split(": ParsedLogPath").next().unwrap_or_default();
    line.trim_start_matches("Kernel error: ").trim_end_matches('.').chars().take(200).collect()
}

/// What to do about a table whose log is damaged.
fn advice(lake: &str, table: &TableSchema) -> String {
    let name = table.name;
    if name == OBJECTS.name {
        format!(
            "it only saves reading: move {lake}/{name} away and run ingest again, which adds nothing twice"
        )
    } else if name == RUNS.name {
        format!("it only tells of past runs: move {lake}/{name} away")
    } else {
        "restore it from a copy, or ingest the logs into another --lake".to_owned()
    }
}

/// Whether the store has said that it will not, whatever is tried.
fn is_refusal(error: &DeltaTableError) -> bool {
    use object_store::Error;
    causes(error).find_map(|cause| cause.downcast_ref::<Error>()).is_some_and(|store| {
        matches!(
            store,
            Error::PermissionDenied { .. }
                | Error::Unauthenticated { .. }
                | Error::NotImplemented { .. }
                | Error::NotFound { .. }
        )
    })
}
