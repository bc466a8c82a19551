//! **Ingesting**: what the trigger named, or what a listing finds, into the lake.

use std::collections::HashSet;
use std::sync::Arc;

use ingest::{
    IngestError, IngestOptions, IngestReport, Lake, Progress, RunRecord, ingest, record_run,
};
use serde_json::json;

use super::{Invocation, Work, total};

/// What became of the objects and documents.
#[derive(Debug)]
pub(super) struct Ingested {
    /// Those that could not be read and may be another time.
    may_pass: HashSet<String>,
    /// Whether more failed than were named, or the time was too short: then none
    /// is certain.
    is_uncertain: bool,
}

impl Ingested {
    fn of(report: &IngestReport) -> Self {
        let may_pass = report.failures.iter().filter(|failure| failure.may_pass);
        Self {
            may_pass: may_pass.map(|failure| failure.object_uri.clone()).collect(),
            is_uncertain: report.stopped_early
                || report.objects_failed > report.failures.len() as u64,
        }
    }

    /// Whether this one must be asked for again. One that was read is known then.
    pub(super) fn must_come_again(&self, uri: &str) -> bool {
        self.is_uncertain || self.may_pass.contains(uri)
    }
}

impl Invocation<'_> {
    /// Reads what there is to read. None when that failed as a whole.
    pub(super) async fn ingest(&mut self, lake: &Lake, work: &Work) -> Option<Ingested> {
        let started_at = self.request.started.timestamp_micros();
        let settings = &self.function.settings;
        let options = IngestOptions {
            delivered_from: settings.ingest_from.map(|from| from.timestamp_micros()),
            memory: settings.memory,
            stop: self.stop.clone(),
            ..IngestOptions::new(
                work.sources(&settings.sources),
                self.request.id.clone(),
                started_at,
            )
        };
        let result = Box::pin(ingest(lake, options, Arc::new(Progress::default()))).await;
        let mut record = RunRecord {
            run_id: self.request.id.clone(),
            command: "ingest",
            started_at,
            outcome: "failed",
            ..RunRecord::default()
        };
        let ingested = match result {
            Ok(report) => {
                take(&mut record, &report);
                self.take_report(&report, work.listing);
                Some(Ingested::of(&report))
            }
            Err(error) => {
                self.lake_is_out = matches!(error, IngestError::Lake(_));
                self.fail(format!("{:#}", anyhow::Error::from(error)));
                None
            }
        };
        if self.lake_is_out {
            return None;
        }
        record.ended_at = (self.request.now)().timestamp_micros();
        if let Err(error) = record_run(lake, &record).await {
            self.fail(format!("the run could not be recorded: {:#}", anyhow::Error::from(error)));
        }
        ingested
    }

    fn take_report(&mut self, report: &IngestReport, is_listing: bool) {
        let summary = &mut self.summary;
        summary.objects = report.objects;
        summary.objects_known = report.objects_known;
        summary.events = report.events;
        summary.skipped = report.objects_failed + report.records_skipped;
        summary.s3_requests = total(report.requests);
        summary.stopped_early |= report.stopped_early;
        summary.lag_seconds = report.newest_event_time.and_then(|newest| {
            let lag = self.request.started.timestamp_micros() - newest;
            u64::try_from(lag.max(0) / 1_000_000).ok()
        });
        for failure in &report.failures {
            tracing::warn!(object_uri = failure.object_uri, reason = failure.reason, "skipped");
        }
        // Damage stays, and is counted; what may pass is a failure of ours.
        let passing: Vec<_> = report.failures.iter().filter(|failure| failure.may_pass).collect();
        self.summary.failures += passing.len() as u64;
        if let Some(first) = passing.first() {
            let first = format!("{}: {}", first.object_uri, first.reason);
            let more = passing.len() - 1;
            let more = if more > 0 { format!(", and {more} more") } else { String::new() };
            self.reasons.push(format!("could not be read: {first}{more}"));
        }
        // Nobody else comes for the rest of what was named; the next schedule
        // lists again by itself.
        if report.stopped_early && !is_listing {
            self.reasons.push("there was no time to read everything".to_owned());
        }
    }
}

/// The run's record in the lake.
fn take(record: &mut RunRecord, report: &IngestReport) {
    record.outcome = if report.is_incomplete() { "incomplete" } else { "complete" };
    record.counts = vec![
        ("events_version", report.events_version),
        ("objects", report.objects),
        ("objects_known", report.objects_known),
        ("records", report.records),
        ("events", report.events),
        ("duplicates", report.duplicates),
        ("skipped", report.objects_failed + report.records_skipped),
    ];
    let details = json!({
        "skipped_reasons": report.skipped_reasons,
        "kept": report.kept_by_source,
        "stopped_early": report.stopped_early,
        "requests": report.requests,
    });
    record.details = Some(details.to_string());
}
