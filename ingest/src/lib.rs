//! CloudTrail objects in, typed events out, and the door to the lake.
//!
//! ```text
//! source -> object -> document -> record -> event -> batch -> lake
//! ```
//!
//! [`ingest`] runs it all; [`Lake`] is the only way in and out of the tables;
//! [`schema`] is the one description of them. [`compact()`] and [`vacuum()`] keep
//! the lake small. There is no query engine in here.

mod arn;
mod aws;
mod budget;
mod compact;
mod date;
mod decode;
mod document;
mod error;
mod event;
mod finding;
#[cfg(test)]
mod fixture;
#[doc(hidden)]
pub mod fuzz;
mod hours;
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
mod requests;
mod rows;
mod run;
mod scan;
pub mod schema;
mod source;
mod stop;
mod surrogate;
mod usage;
mod vacuum;

pub use budget::{MEMORY_LIMIT_BYTES_MIN, MemoryBudget};
pub use compact::{CompactOptions, CompactReport, CompactedTable, compact};
pub use error::{IngestError, SourceError, UpkeepError};
pub use finding::{
    DETECT_APPLICATION, FindingChange, FindingRow, append_findings, append_findings_always,
    hour_start, hour_text,
};
pub use hours::{NewHours, new_hours};
pub use inflate::Limits;
pub use lake::{
    Committed, DataFile, FileStatistics, Lake, LakeError, LakeTable, Packing, TableWriter,
};
pub use report::{Failure, IngestReport, Progress, UpkeepProgress};
pub use requests::S3Requests;
pub use run::{IngestOptions, RunRecord, ingest, record_run};
pub use source::Source;
pub use surrogate::without_lone_surrogates;
pub use usage::{Uncounted, UsageReport, follow_usage, uncounted};
pub use vacuum::{
    FOLLOWERS, Follower, RETENTION_SECONDS_MIN, VacuumFailure, VacuumOptions, VacuumReport,
    VacuumedTable, vacuum,
};
