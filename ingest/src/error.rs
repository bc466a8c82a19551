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

/// Why a compaction or a vacuum ended early.
#[derive(Debug, thiserror::Error)]
pub enum UpkeepError {
    /// Nothing was ever read into this place.
    #[error("there is no lake at {lake}: make one with keytrail ingest SOURCE --lake {lake}")]
    NoLake {
        /// Where it should be.
        lake: String,
    },
    /// Files would go that a run or a query may have open.
    #[error(
        "a retention of {} is too short: a running ingest or query may still need the files; the minimum is {}",
        span(*retention_seconds), span(*retention_seconds_min)
    )]
    Retention {
        /// As asked for.
        retention_seconds: i64,
        /// What is safe.
        retention_seconds_min: i64,
    },
    /// Rows would be lost or doubled: a defect of KeyTrail, or a log that does
    /// not tell what is in its files.
    #[error(
        "table {table}: {rows} rows should come out of {place} and {rows_found} would; nothing was changed"
    )]
    Rows {
        /// Name of the table.
        table: &'static str,
        /// A file, or the files that were written.
        place: String,
        /// Rows by the log.
        rows: u64,
        /// Rows in truth.
        rows_found: u64,
    },
    /// Rows did not fit the schema: a defect of KeyTrail.
    #[error("rows do not fit the lake's schema")]
    Arrow(#[from] arrow::error::ArrowError),
    /// The lake cannot be read or written.
    #[error(transparent)]
    Lake(#[from] LakeError),
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

/// A number of seconds in the largest unit that leaves no rest, as it is typed.
fn span(seconds: i64) -> String {
    for (unit_seconds, unit) in [(86_400, 'd'), (3_600, 'h'), (60, 'm')] {
        if seconds != 0 && seconds % unit_seconds == 0 {
            return format!("{}{unit}", seconds / unit_seconds);
        }
    }
    format!("{seconds}s")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_said_as_they_are_typed() {
        let said = [604_800, 7_200, 5_400, 3_601, 0].map(span);
        assert_eq!(said, ["7d", "2h", "90m", "3601s", "0s"]);
    }
}
