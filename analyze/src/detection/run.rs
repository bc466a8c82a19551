//! A detection **run**: detections judged over a window, findings out, and an
//! account of what was and was not judged.

use std::collections::BTreeMap;
use std::future::ready;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, Ordering};

use datafusion::prelude::SessionContext;
use futures::stream::{self, StreamExt as _};
use serde::Serialize;

use super::bind::plan;
use super::coverage::{Coverage, CoverageSummary};
use super::header::Kind;
use super::{Detection, Window, contract, hash, shared};
use crate::error::AnalyzeError;
use crate::finding::{Finding, Severity};
use crate::session::Session;

/// What a run found.
#[derive(Debug, Clone, Serialize)]
pub struct DetectionRun {
    /// The judged window.
    pub window: Window,
    /// Findings, worst first, then newest first.
    pub findings: Vec<Finding>,
    /// One entry for each detection that was judged, in the order given.
    pub outcomes: Vec<Outcome>,
    /// Ids of detections that the configuration has disabled.
    pub disabled: Vec<String>,
    /// Entities that an absence detection could not judge, for lack of logs.
    pub not_determinable: Vec<NotDeterminable>,
    /// KMS events in the window.
    pub events: u64,
    /// Where and when logs arrived in the window.
    pub coverage: CoverageSummary,
    /// Hash over the detections' text.
    pub detections_hash: String,
    /// Where logs arrived within what was looked at.
    #[serde(skip)]
    pub(crate) covered: Coverage,
}

/// What became of one detection.
#[derive(Debug, Clone, Serialize)]
pub struct Outcome {
    /// Id of the detection.
    pub detection: String,
    /// Findings it returned.
    pub findings: usize,
    /// Why it could not run.
    pub error: Option<String>,
}

/// Entities of one account and Region that could not be judged.
#[derive(Debug, Clone, Serialize)]
pub struct NotDeterminable {
    /// Id of the detection.
    pub detection: String,
    /// Account without complete logs.
    pub account_id: String,
    /// Region without complete logs.
    pub region: String,
    /// How many entities.
    pub entities: u64,
}

impl DetectionRun {
    /// Whether a detection could not run.
    #[must_use]
    pub fn is_incomplete(&self) -> bool {
        self.outcomes.iter().any(|outcome| outcome.error.is_some())
    }

    /// The worst severity found.
    #[must_use]
    pub fn worst(&self) -> Option<Severity> {
        self.findings.iter().map(|finding| finding.severity).max()
    }

    /// A run that has judged nothing yet.
    pub(crate) fn nothing(detections: &[Detection], window: Window) -> Self {
        let disabled = detections.iter().filter(|detection| !detection.enabled);
        Self {
            window,
            findings: Vec::new(),
            outcomes: Vec::new(),
            disabled: disabled.map(|detection| detection.header.id.clone()).collect(),
            not_determinable: Vec::new(),
            events: 0,
            coverage: CoverageSummary::default(),
            detections_hash: hash(detections),
            covered: Coverage::default(),
        }
    }

    /// Takes out the outcomes of detections that failed; says which they were.
    pub(crate) fn take_failed(&mut self) -> Vec<String> {
        let failed: Vec<String> = (self.outcomes.iter())
            .filter(|outcome| outcome.error.is_some())
            .map(|outcome| outcome.detection.clone())
            .collect();
        self.outcomes.retain(|outcome| outcome.error.is_none());
        failed
    }

    /// Worst first, then newest first.
    fn sort(&mut self) {
        self.findings.sort_by(|left, right| {
            (right.severity, &right.event_time, &left.fingerprint).cmp(&(
                left.severity,
                &left.event_time,
                &right.fingerprint,
            ))
        });
    }

    /// Takes in another run over another window: together they are one.
    pub(crate) fn add(&mut self, other: Self) {
        self.window.start = self.window.start.min(other.window.start);
        self.window.end = self.window.end.max(other.window.end);
        let mut places: BTreeMap<String, usize> = (self.findings.iter().enumerate())
            .map(|(place, finding)| (finding.fingerprint.clone(), place))
            .collect();
        for finding in other.findings {
            if let Some(place) = places.get(&finding.fingerprint) {
                self.findings[*place].merge(finding);
            } else {
                places.insert(finding.fingerprint.clone(), self.findings.len());
                self.findings.push(finding);
            }
        }
        self.sort();
        for outcome in other.outcomes {
            match self.outcomes.iter_mut().find(|known| known.detection == outcome.detection) {
                Some(known) => {
                    known.findings += outcome.findings;
                    known.error = known.error.take().or(outcome.error);
                }
                None => self.outcomes.push(outcome),
            }
        }
        for id in other.disabled {
            if !self.disabled.contains(&id) {
                self.disabled.push(id);
            }
        }
        self.not_determinable.extend(other.not_determinable);
        self.events += other.events;
        self.coverage.places = self.coverage.places.max(other.coverage.places);
        self.coverage.hours_covered += other.coverage.hours_covered;
        self.coverage.hours += other.coverage.hours;
        self.covered.add(other.covered);
    }

    /// Entities that could not be judged.
    #[must_use]
    pub fn not_determinable_entities(&self) -> u64 {
        self.not_determinable.iter().map(|place| place.entities).sum()
    }
}

/// Judges a window. A detection that fails is reported and the others run.
///
/// # Errors
/// When the lake itself cannot be asked.
pub async fn detect(
    session: &Session,
    detections: &[Detection],
    window: Window,
) -> Result<DetectionRun, AnalyzeError> {
    let context = shared::context(session.context(), detections).await;
    detect_until(session, &context, detections, window, &AtomicBool::new(false)).await
}

/// Judges a window until it is told to stop: detections that are left then have
/// no outcome. `context` is the session's, or one with views worked out.
///
/// # Errors
/// When the lake itself cannot be asked.
pub(crate) async fn detect_until(
    session: &Session,
    context: &SessionContext,
    detections: &[Detection],
    window: Window,
    stop: &AtomicBool,
) -> Result<DetectionRun, AnalyzeError> {
    let enabled: Vec<&Detection> =
        detections.iter().filter(|detection| detection.enabled).collect();
    let looked_at = looked_at(&enabled, window);
    let coverage = Coverage::read(session.context(), looked_at)
        .await
        .map_err(|error| AnalyzeError::query("coverage cannot be read", error))?;
    let mut run = DetectionRun {
        events: count_events(session, window).await?,
        coverage: coverage.summary(window),
        ..DetectionRun::nothing(detections, window)
    };
    let threads = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    // Planning takes one core whatever the query: detections keep the others busy.
    let mut judged = stream::iter(enabled)
        .take_while(|_| ready(!stop.load(Ordering::Relaxed)))
        .map(|detection| {
            let (context, own) = (context.clone(), detection.clone());
            let task = tokio::spawn(async move { judge(&context, &own, window).await });
            async move { (detection, task.await) }
        })
        .buffered(threads);
    while let Some((detection, result)) = judged.next().await {
        let result = result.unwrap_or_else(|_| {
            Err(AnalyzeError::detection(&detection.header.id, "its task died".to_owned()))
        });
        let mut outcome =
            Outcome { detection: detection.header.id.clone(), findings: 0, error: None };
        match result {
            Ok(mut findings) => {
                findings =
                    determinable(findings, detection, window, &coverage, &mut run.not_determinable);
                outcome.findings = findings.len();
                run.findings.extend(findings);
            }
            Err(error) => outcome.error = Some(chain(&error)),
        }
        run.outcomes.push(outcome);
    }
    run.covered = coverage;
    run.sort();
    Ok(run)
}

/// The findings of one detection, one for each matter.
async fn judge(
    context: &SessionContext,
    detection: &Detection,
    window: Window,
) -> Result<Vec<Finding>, AnalyzeError> {
    let header = &detection.header;
    let failed = |error| AnalyzeError::query(format!("detection {} cannot run", header.id), error);
    let frame = plan(context, &detection.text, window, &header.parameters).await.map_err(failed)?;
    contract::check(header, frame.schema().as_arrow())?;
    let batches = frame.collect().await.map_err(failed)?;
    let mut matters: BTreeMap<String, Finding> = BTreeMap::new();
    let mut order = Vec::new();
    for batch in &batches {
        for finding in contract::findings(header, batch)? {
            if let Some(known) = matters.get_mut(&finding.fingerprint) {
                known.merge(finding);
            } else {
                order.push(finding.fingerprint.clone());
                matters.insert(finding.fingerprint.clone(), finding);
            }
        }
    }
    Ok(order.iter().filter_map(|fingerprint| matters.remove(fingerprint)).collect())
}

/// The time for which coverage matters: the window, and what lies before it for
/// detections that judge silence or a first time.
fn looked_at(detections: &[&Detection], window: Window) -> Window {
    let starts = detections.iter().map(|Detection { header, .. }| match header.kind {
        Kind::Absence => window.end - header.lookback_micros(),
        _ if header.history.is_some() => window.start - header.lookback_micros(),
        _ => window.start,
    });
    Window { start: starts.chain([window.start]).min().unwrap_or(window.start), end: window.end }
}

/// Keeps findings from places whose logs suffice to judge by, and counts the
/// others: silence needs complete logs over the lookback, a first time enough
/// days with logs before the window.
fn determinable(
    findings: Vec<Finding>,
    detection: &Detection,
    window: Window,
    coverage: &Coverage,
    not_determinable: &mut Vec<NotDeterminable>,
) -> Vec<Finding> {
    let header = &detection.header;
    let mut uncovered: BTreeMap<(String, String), u64> = BTreeMap::new();
    let kept = findings
        .into_iter()
        .filter(|finding| {
            let place = (
                finding.account_id.clone().unwrap_or_default(),
                finding.region.clone().unwrap_or_default(),
            );
            let silence = header.kind != Kind::Absence || {
                let start = window.end - header.lookback_micros();
                coverage.is_complete(&place, Window { start, end: window.end })
            };
            let suffices = silence
                && header.history_days().filter(|_| finding.needs_history).is_none_or(|days| {
                    let start = window.start - header.lookback_micros();
                    let before = Window { start, end: window.start };
                    let found = coverage.days(&place.0, finding.region.as_deref(), before);
                    i64::try_from(found).unwrap_or(i64::MAX) >= days
                });
            if !suffices {
                *uncovered.entry(place).or_default() += 1;
            }
            suffices
        })
        .collect();
    not_determinable.extend(uncovered.into_iter().map(|((account_id, region), entities)| {
        NotDeterminable { detection: header.id.clone(), account_id, region, entities }
    }));
    kept
}

async fn count_events(session: &Session, window: Window) -> Result<u64, AnalyzeError> {
    let failed = |error| AnalyzeError::query("events cannot be counted", error);
    let sql = "select count(*) from events where event_time >= $window_start and event_time < $window_end \
               and event_source like 'kms.%'";
    let frame = plan(session.context(), sql, window, &BTreeMap::new()).await.map_err(failed)?;
    let batches = frame.collect().await.map_err(failed)?;
    let count = batches.first().map(|batch| {
        use arrow::array::AsArray;
        batch.column(0).as_primitive::<arrow::datatypes::Int64Type>().value(0)
    });
    Ok(count.and_then(|count| u64::try_from(count).ok()).unwrap_or_default())
}

/// An error with its causes, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        let reason = next.to_string();
        if !text.contains(&reason) {
            text.push_str(": ");
            text.push_str(&reason);
        }
        cause = next.source();
    }
    text.replace('\n', " ")
}
