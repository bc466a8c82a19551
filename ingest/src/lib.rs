//! CloudTrail objects in, typed events out, and the door to the lake.
//!
//! ```text
//! source -> object -> document -> record -> event -> batch -> lake
//! ```
//!
//! [`ingest`] runs it all; [`Lake`] is the only way in and out of the tables;
//! [`schema`] is the one description of them. There is no query engine in here.

mod arn;
mod aws;
mod date;
mod decode;
mod document;
mod error;
mod event;
mod identity;
mod inflate;
mod journal;
mod keep;
mod key;
mod known;
mod lake;
pub mod operations;
mod record;
mod report;
mod rows;
mod run;
mod scan;
pub mod schema;
mod source;

pub use error::{IngestError, SourceError};
pub use inflate::Limits;
pub use lake::{Committed, DataFile, FileStatistics, Lake, LakeError, LakeTable, TableWriter};
pub use report::{Failure, IngestReport, Progress};
pub use run::{IngestOptions, RunRecord, ingest, record_run};
pub use source::Source;
