//! A **report**: what an ingest run did, and what it could not read.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use serde::Serialize;

use crate::decode::ObjectReport;
use crate::requests::S3Requests;
use crate::source::Aside;

/// Objects that failed are named up to this many; all are counted.
const FAILURES_NAMED_MAX: usize = 100;

/// What a run did.
#[derive(Debug, Default, Clone, Serialize)]
pub struct IngestReport {
    /// Id of the run, as in the lineage columns.
    pub run_id: String,
    /// Where the events went.
    pub lake: String,
    /// Objects read.
    pub objects: u64,
    /// Objects passed over because an earlier run read them.
    pub objects_known: u64,
    /// Digest and Insight objects, recognised and left alone.
    pub objects_left_alone: u64,
    /// Objects that are no log files by their name.
    pub objects_passed_over: u64,
    /// Objects passed over because they were delivered before the moment asked
    /// for. In S3 most of those are not even listed, and not counted.
    pub objects_early: u64,
    /// Objects or folders of which nothing or not all could be read.
    pub objects_failed: u64,
    /// Stored bytes read.
    pub object_bytes: u64,
    /// Inflated bytes read.
    pub document_bytes: u64,
    /// Records found.
    pub records: u64,
    /// Records that KeyTrail keeps.
    pub kept: u64,
    /// Events that the lake had already, or that came twice.
    pub duplicates: u64,
    /// Events added to the lake.
    pub events: u64,
    /// Records that could not be read.
    pub records_skipped: u64,
    /// Reason to number of records.
    pub skipped_reasons: BTreeMap<String, u64>,
    /// Service to number of records kept.
    pub kept_by_source: BTreeMap<String, u64>,
    /// The first failures, object and reason.
    pub failures: Vec<Failure>,
    /// Files of the table `objects` that were missing or unreadable; the objects
    /// they listed were read again, as far as they are still there.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub journal_files_lost: Vec<String>,
    /// Whether the run was stopped before everything was read. The next one goes
    /// on where it left off.
    pub stopped_early: bool,
    /// Requests to S3 for objects.
    pub requests: S3Requests,
    /// Requests to S3 for the lake.
    pub lake_requests: S3Requests,
    /// When the newest event added happened, microseconds since 1970 UTC, to the
    /// millisecond; none when none was added.
    #[serde(skip)]
    pub newest_event_time: Option<i64>,
    /// Commits to `events`.
    pub commits: u64,
    /// Version of `events` afterwards.
    pub events_version: u64,
}

/// One object of which not all was read.
#[derive(Debug, Clone, Serialize)]
pub struct Failure {
    /// The object.
    pub object_uri: String,
    /// Why.
    pub reason: String,
    /// Whether it may be gone next time: a refusal or a failure of the store, as
    /// opposed to damage.
    pub may_pass: bool,
}

impl IngestReport {
    /// Whether something could not be read, or was left for the next run.
    #[must_use]
    pub fn is_incomplete(&self) -> bool {
        self.objects_failed > 0 || self.records_skipped > 0 || self.stopped_early
    }

    pub(crate) fn take(&mut self, uri: &str, stored_bytes: u64, object: &ObjectReport) {
        self.objects += 1;
        self.object_bytes += stored_bytes;
        self.document_bytes += object.document_bytes;
        self.records += object.records;
        self.kept += object.events;
        self.records_skipped += object.skipped_records();
        self.objects_left_alone += u64::from(object.outcome() == "left_alone");
        for (reason, count) in &object.skipped {
            *self.skipped_reasons.entry((*reason).to_owned()).or_default() += count;
        }
        for (source, count) in &object.kept {
            *self.kept_by_source.entry(source.clone()).or_default() += count;
        }
        if let Some(reason) = &object.error {
            self.fail(uri.to_owned(), reason.clone(), object.may_pass);
        } else if !object.skipped.is_empty() {
            let reasons: Vec<String> = object
                .skipped
                .iter()
                .map(|(reason, count)| format!("{count} x {reason}"))
                .collect();
            let reason = format!("records skipped: {}", reasons.join(", "));
            self.fail(uri.to_owned(), reason, false);
        }
    }

    /// Takes what was found beside objects to read.
    pub(crate) fn take_aside(&mut self, aside: Aside) {
        self.objects_known += aside.known;
        self.objects_left_alone += aside.left_alone;
        self.objects_passed_over += aside.passed_over;
        self.objects_early += aside.early;
        self.stopped_early |= aside.stopped;
        for (place, reason) in aside.failures {
            self.fail(place, reason, true);
        }
    }

    pub(crate) fn fail(&mut self, object_uri: String, reason: String, may_pass: bool) {
        self.objects_failed += 1;
        if self.failures.len() < FAILURES_NAMED_MAX {
            self.failures.push(Failure { object_uri, reason, may_pass });
        }
    }
}

/// How far a run is, for whoever shows it.
#[derive(Debug, Default)]
pub struct Progress {
    /// Whether listing is over. Until then the totals are estimates.
    pub listed: AtomicBool,
    /// Objects to read.
    pub objects_total: AtomicU64,
    /// Stored bytes to read.
    pub bytes_total: AtomicU64,
    /// Objects read.
    pub objects: AtomicU64,
    /// Stored bytes read.
    pub bytes: AtomicU64,
    /// Records found.
    pub records: AtomicU64,
    /// Records kept.
    pub events: AtomicU64,
    /// Objects and records that could not be read.
    pub skipped: AtomicU64,
}

impl Progress {
    pub(crate) fn take(&self, stored_bytes: u64, object: &ObjectReport) {
        let add = |counter: &AtomicU64, count| counter.fetch_add(count, Ordering::Relaxed);
        add(&self.objects, 1);
        add(&self.bytes, stored_bytes);
        add(&self.records, object.records);
        add(&self.events, object.events);
        add(&self.skipped, object.skipped_records() + u64::from(object.error.is_some()));
    }
}

/// How far a compaction or a vacuum is.
#[derive(Debug, Default)]
pub struct UpkeepProgress {
    /// Files to merge or to delete that are known so far.
    pub files_total: AtomicU64,
    /// Files merged or deleted.
    pub files: AtomicU64,
}

impl UpkeepProgress {
    pub(crate) fn expect(&self, files: usize) {
        self.files_total.fetch_add(files as u64, Ordering::Relaxed);
    }

    pub(crate) fn take(&self, files: usize) {
        self.files.fetch_add(files as u64, Ordering::Relaxed);
    }
}
