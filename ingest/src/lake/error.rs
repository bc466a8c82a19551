//! A **lake error**: which table of which lake, and what the store said.

use deltalake_core::errors::DeltaTableError;

use super::{Lake, LakeTable};
use crate::aws;
use crate::schema::TableSchema;

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
    #[error("table {table}: cannot read or write")]
    Table {
        /// Name of the table.
        table: &'static str,
        /// What the store said.
        #[source]
        source: Box<DeltaTableError>,
    },
    /// Other writers kept winning.
    #[error("table {table}: other writers committed first {attempts} times; try again")]
    Contended {
        /// Name of the table.
        table: &'static str,
        /// Attempts made.
        attempts: u32,
    },
}

impl LakeError {
    pub(super) fn open(lake: &Lake, table: &TableSchema, source: DeltaTableError) -> Self {
        if let Some(hint) = aws::hint(&chain(&source)) {
            return Self::Refused { lake: lake.uri(), hint };
        }
        Self::Open { lake: lake.uri(), table: table.name, source: Box::new(source) }
    }

    pub(super) fn create(lake: &Lake, table: &TableSchema, source: DeltaTableError) -> Self {
        Self::Create { lake: lake.uri(), table: table.name, source: Box::new(source) }
    }

    pub(crate) fn table(table: &LakeTable, source: impl Into<DeltaTableError>) -> Self {
        Self::Table { table: table.schema().name, source: Box::new(source.into()) }
    }

    /// Whether the table may be there now: somebody else created it first, or
    /// we did and were not told.
    pub(super) fn may_have_landed(&self) -> bool {
        matches!(self, Self::Create { source, .. } if !is_refusal(source))
    }
}

/// An error and its causes, as text.
fn chain(error: &DeltaTableError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(next) = cause {
        text.push_str(&next.to_string());
        cause = next.source();
    }
    text
}

/// Whether trying again is pointless: no permission, no such bucket.
pub(super) fn is_refusal(error: &DeltaTableError) -> bool {
    use object_store::Error;
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(current) = cause {
        if let Some(store) = current.downcast_ref::<Error>() {
            return matches!(
                store,
                Error::PermissionDenied { .. }
                    | Error::Unauthenticated { .. }
                    | Error::NotImplemented { .. }
                    | Error::NotFound { .. }
            );
        }
        cause = current.source();
    }
    false
}
