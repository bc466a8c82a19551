//! **Recording** what a run found: compare, commit, and compare again whenever
//! somebody else was first.

use std::collections::BTreeSet;
use std::time::Duration;

use ingest::schema::FINDINGS;
use ingest::{
    Committed, DETECT_APPLICATION, FindingChange, FindingRow, Lake, LakeError, LakeTable,
    append_findings,
};
use serde::Serialize;

use super::changes::changes;
use super::judgement::Judgement;
use super::known::Known;
use super::opening::RunMark;
use crate::alert::{Alert, AlertReason};
use crate::configuration::{Configuration, Rules};
use crate::detection::{Detection, DetectionRun};
use crate::error::AnalyzeError;

/// Application id of the commits of runs that judge a window somebody chose: it
/// says nothing about what is still to be judged.
const APPLICATION_OF_WINDOWS: &str = "detect_window";

/// How long others are waited out, in attempts.
const ATTEMPTS_MAX: u32 = 30;

/// What a run changed.
#[derive(Debug, Clone, Default, Serialize)]
pub struct RecordedLife {
    /// Matters found, new or again.
    pub found: u64,
    /// Matters seen again, as far as that was news.
    pub seen: u64,
    /// Matters that got worse.
    pub escalated: u64,
    /// Matters from before alerting began.
    pub historical: u64,
    /// Matters accepted.
    pub suppressed: u64,
    /// Matters that are over.
    pub closed: u64,
    /// Alerts that people are to get.
    pub raised: Vec<Alert>,
}

/// What a run that judges what is new has judged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Progress {
    /// The version of `events` that had been judged when it began, and when.
    pub(super) base: (Option<u64>, Option<i64>),
    /// Version of `events` whose new hours it knew.
    pub(super) version: u64,
    /// Hours that it left to others.
    pub(super) hours: BTreeSet<i64>,
    /// Detections with a period of their own that it judged.
    pub(super) detections: Vec<String>,
}

/// Records what a run over a window found.
///
/// # Errors
/// When the configuration is wrong, or the lake cannot be read or written.
pub async fn record_life(
    lake: &Lake,
    run: &DetectionRun,
    detections: &[Detection],
    configuration: &Configuration,
    mark: &RunMark,
) -> Result<RecordedLife, AnalyzeError> {
    let rules = rules(configuration)?;
    let mut table = lake.table(&FINDINGS).await?;
    let judgement = Judgement::of(run, detections);
    record(&mut table, &judgement, &rules, mark, None).await
}

pub(super) fn rules(configuration: &Configuration) -> Result<Rules, AnalyzeError> {
    Rules::of(configuration).map_err(|errors| AnalyzeError::Configuration {
        path: configuration.path.clone().unwrap_or_else(|| "keytrail.toml".into()),
        reason: errors.join("; "),
    })
}

pub(super) async fn record(
    table: &mut LakeTable,
    judgement: &Judgement,
    rules: &Rules,
    mark: &RunMark,
    progress: Option<&Progress>,
) -> Result<RecordedLife, AnalyzeError> {
    for attempt in 0..ATTEMPTS_MAX {
        let known = Known::read(table, !rules.accepted.is_empty()).await?;
        let mut rows = changes(&known, judgement, rules, &mark.run_id, mark.started_at);
        let (application, number) = match progress {
            Some(progress) => {
                let (judged, version) = judged(&known, progress, mark);
                rows.extend(judged);
                (DETECT_APPLICATION, version)
            }
            None => (APPLICATION_OF_WINDOWS, mark.started_at.unsigned_abs()),
        };
        let number = i64::try_from(number).unwrap_or(i64::MAX);
        match append_findings(table, &rows, application, number).await? {
            Committed::Version(_) => return Ok(RecordedLife::of(&rows, &known)),
            Committed::Moved => pause(attempt).await,
        }
    }
    let lake = table.url().to_string();
    Err(LakeError::Contended { lake, table: FINDINGS.name, attempts: ATTEMPTS_MAX }.into())
}

/// The rows that say what was judged, and the version of `events` that is judged
/// then. None when there is nothing to say.
fn judged(known: &Known, progress: &Progress, mark: &RunMark) -> (Vec<FindingRow>, u64) {
    let alone = progress.base == (known.version, known.judged_at);
    let (version, hours) = match known.version.filter(|_| !alone) {
        // Somebody who knew more was faster. What they left may have gained
        // events that we have not seen.
        Some(theirs) if theirs > progress.version => (theirs, known.hours.clone()),
        Some(theirs) if theirs == progress.version => {
            (theirs, known.hours.intersection(&progress.hours).copied().collect())
        }
        _ => (progress.version, progress.hours.clone()),
    };
    let mut rows = Vec::new();
    let at = known.judged_at.map_or(mark.started_at, |last| mark.started_at.max(last + 1));
    let row = || FindingRow::new(FindingChange::Judged, &mark.run_id, at);
    if known.version != Some(version) || known.hours != hours {
        rows.push(FindingRow { hours: Some(hours), ..row() });
    }
    for id in &progress.detections {
        rows.push(FindingRow { detection: Some(id.clone()), ..row() });
    }
    (rows, version)
}

/// Waits before the next attempt, longer each time and never in step with
/// others.
async fn pause(attempt: u32) {
    let longest = 25_u64 << attempt.min(6);
    let jitter = uuid::Uuid::new_v4().as_u64_pair().0 % longest;
    tokio::time::sleep(Duration::from_millis(jitter)).await;
}

impl RecordedLife {
    fn of(rows: &[FindingRow], known: &Known) -> Self {
        let mut life = Self::default();
        for row in rows {
            match row.change {
                FindingChange::Found => life.found += 1,
                FindingChange::Seen => life.seen += 1,
                FindingChange::Escalated => life.escalated += 1,
                FindingChange::Historical => life.historical += 1,
                FindingChange::Suppressed => life.suppressed += 1,
                FindingChange::Closed => life.closed += 1,
                FindingChange::Raised => life.raised.extend(alert(row, known)),
                _ => {}
            }
        }
        life.raised.sort_by(|left, right| {
            (right.finding.severity, &left.id).cmp(&(left.finding.severity, &right.id))
        });
        life
    }
}

/// The alert that a row raises.
fn alert(row: &FindingRow, known: &Known) -> Option<Alert> {
    let reason = serde_json::from_value::<AlertReason>(row.reason.clone()?.into()).ok()?;
    let matter = row.fingerprint.as_ref().and_then(|found| known.matters.get(found));
    let first = matter.map_or(row.recorded_at, |matter| matter.first_found_at);
    Some(Alert {
        id: row.alert_id.clone()?,
        reason,
        raised_at: time(row.recorded_at),
        first_found_at: time(first),
        finding: serde_json::from_str(row.finding.as_deref()?).ok()?,
    })
}

fn time(micros: i64) -> String {
    let time = chrono::DateTime::from_timestamp_micros(micros).unwrap_or_default();
    time.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}
