//! **Errors** that end a run. What is wrong with one object or one record is
//! not an error but a count with a reason: see [`crate::IngestReport`].

use std::path::PathBuf;

use crate::lake::LakeError;

/// A source that cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// Not a source.
    #[error("{source_name}: not a source: {reason}")]
    Unusable {
        /// As typed.
        source_name: String,
        /// Why not.
        reason: String,
    },
    /// No such file or folder, or no permission.
    #[error("{}: cannot be read", path.display())]
    NotThere {
        /// As typed.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A bucket that cannot be listed.
    #[error("{place}: cannot be listed: {reason}")]
    List {
        /// Bucket and prefix.
        place: String,
        /// What S3 said.
        reason: String,
    },
}

/// Why an ingest run ended early.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// A source named by the user is not there.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The lake cannot be read or written.
    #[error(transparent)]
    Lake(#[from] LakeError),
    /// Rows did not fit the schema: a defect of KeyTrail.
    #[error("rows do not fit the lake's schema")]
    Rows(#[from] arrow::error::ArrowError),
    /// A reading thread died: a defect of KeyTrail.
    #[error("a reading thread ended unexpectedly")]
    Worker,
}
