//! The **summary** of an invocation: what it did, in numbers. The answer and the
//! metrics are made from it.

use serde::Serialize;

/// What an invocation did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Objects and documents read.
    pub objects: u64,
    /// Those that an earlier run had read.
    pub objects_known: u64,
    /// Objects that notifications named outside of the sources.
    pub objects_outside: u64,
    /// Events added to the lake.
    pub events: u64,
    /// Age of the newest event added, seconds: how far the lake is behind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lag_seconds: Option<u64>,
    /// Objects and records that could not be read.
    pub skipped: u64,
    /// Messages and events that are no trigger.
    pub refused: u64,
    /// Matters found for the first time, or again after they were over.
    pub findings: u64,
    /// Alerts raised.
    pub alerts_raised: u64,
    /// Alerts delivered, counted for each sink.
    pub alerts_delivered: u64,
    /// Attempts that failed and will be made again.
    pub alerts_failed: u64,
    /// Alerts that were given up, counted for each sink.
    pub alerts_dead: u64,
    /// Detections that could not run.
    pub not_judged: u64,
    /// Parts of the run that failed, objects and detections among them.
    pub failures: u64,
    /// Requests made to S3, for the trail's objects and for the lake.
    pub s3_requests: u64,
    /// Whether the time was too short; the next run goes on.
    pub stopped_early: bool,
    /// Whether everything that was to be done was done.
    pub succeeded: bool,
    /// How long it took, milliseconds.
    pub milliseconds: u64,
}
