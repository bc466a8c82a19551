//! What can go wrong between a question and its answer.

use std::path::PathBuf;

use datafusion::error::DataFusionError;
use ingest::{IngestError, LakeError};

/// An error of this crate.
#[derive(Debug, thiserror::Error)]
pub enum AnalyzeError {
    /// The lake cannot be opened.
    #[error(transparent)]
    Lake(#[from] LakeError),
    /// The run could not be recorded, or fixtures not be ingested.
    #[error(transparent)]
    Ingest(#[from] IngestError),
    /// A query failed.
    #[error("{what}")]
    Query {
        /// Which query.
        what: String,
        /// What the engine said.
        #[source]
        source: Box<DataFusionError>,
    },
    /// A detection file is not what it should be.
    #[error("detection {id}: {reason}")]
    Detection {
        /// Its file stem.
        id: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A file cannot be read or written.
    #[error("{}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The configuration is not what it should be.
    #[error("configuration {}: {reason}", path.display())]
    Configuration {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A value given on the command line does not fit.
    #[error("{reason}")]
    Setting {
        /// Which one, and what is wrong with it.
        reason: String,
    },
}

impl AnalyzeError {
    pub(crate) fn query(what: impl Into<String>, source: DataFusionError) -> Self {
        Self::Query { what: what.into(), source: Box::new(source) }
    }

    pub(crate) fn detection(id: &str, reason: impl Into<String>) -> Self {
        Self::Detection { id: id.to_owned(), reason: reason.into() }
    }
}
