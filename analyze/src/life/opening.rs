//! **Opening** a lake to be judged, and the record that a judging run leaves.

use ingest::{IngestError, Lake, RunRecord, follow_usage};

use crate::configuration::Configuration;
use crate::detection::DetectionRun;
use crate::error::AnalyzeError;
use crate::session::Session;

/// Which run this is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunMark {
    /// Unique id.
    pub run_id: String,
    /// When it began, and what is now for it: microseconds since 1970 UTC.
    pub started_at: i64,
}

/// A lake whose usage is counted.
pub struct UpToDate {
    /// The lake, opened.
    pub session: Session,
    /// Why usage could not be counted: answers stay right, since what is not
    /// counted is counted for this run alone.
    pub not_counted: Option<IngestError>,
}

/// Counts usage and opens the lake.
///
/// # Errors
/// When the lake cannot be read.
pub async fn up_to_date(
    lake: &Lake,
    configuration: &Configuration,
    now: i64,
) -> Result<UpToDate, AnalyzeError> {
    let not_counted = follow_usage(lake, false, now).await.err();
    Ok(UpToDate { session: Session::open(lake, configuration).await?, not_counted })
}

/// What a run leaves behind in the table `runs`; the end is the caller's to say.
#[must_use]
pub fn run_record(
    mark: &RunMark,
    run: &DetectionRun,
    session: &Session,
    configuration: &Configuration,
) -> RunRecord {
    let skipped = run.outcomes.iter().filter(|outcome| outcome.error.is_some()).count();
    RunRecord {
        run_id: mark.run_id.clone(),
        command: "detect",
        started_at: mark.started_at,
        ended_at: mark.started_at,
        window: Some((run.window.start, run.window.end)),
        counts: vec![
            ("events_version", session.events_version().unwrap_or_default()),
            ("events", run.events),
            ("detections", run.outcomes.len() as u64),
            ("findings", run.findings.len() as u64),
            ("not_determinable", run.not_determinable_entities()),
            ("skipped", skipped as u64),
        ],
        detections_hash: Some(run.detections_hash.clone()),
        configuration_hash: configuration.hash.clone(),
        outcome: if run.is_incomplete() { "incomplete" } else { "complete" },
        details: None,
    }
}
