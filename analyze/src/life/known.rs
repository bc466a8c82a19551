//! What is **known**: how all matters stand, and what was judged up to when.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::RecordBatch;
use datafusion::prelude::SessionContext;
use ingest::schema::FINDINGS;
use ingest::{DETECT_APPLICATION, LakeTable, hour_start};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::summary;
use crate::error::AnalyzeError;
use crate::finding::{Finding, Severity};
use crate::queries;
use crate::session::{context, register};

/// How things are with a matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MatterState {
    /// It is to be dealt with.
    Open,
    /// Its condition is gone.
    Closed,
    /// It is known and accepted.
    Suppressed,
    /// It is from before alerting began.
    Historical,
}

/// What one fingerprint stands for: a row of the view `matters`. Times are
/// microseconds since 1970 UTC.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Matter {
    /// Made of the detection and what it is about.
    pub fingerprint: String,
    /// Id of the detection.
    pub detection: String,
    /// How things are with it.
    pub state: MatterState,
    /// The worst since it was found.
    pub severity: Severity,
    /// When it was first recorded.
    pub first_found_at: i64,
    /// When it came into its state.
    pub changed_at: i64,
    /// When a run last recorded that it was there.
    pub last_seen_at: i64,
    /// When it happened or became true.
    pub event_time: i64,
    /// The last call counted.
    pub last_time: Option<i64>,
    /// Calls counted.
    pub event_count: Option<i64>,
    /// How often people were to be told.
    pub alerts: u64,
    /// When last.
    pub last_raised_at: Option<i64>,
    /// End of the suppression.
    pub until: Option<i64>,
    /// Why it is in its state.
    pub reason: Option<String>,
    /// Account concerned.
    pub account_id: Option<String>,
    /// Region concerned.
    pub region: Option<String>,
    /// The whole finding, JSON; only where suppressions have to be matched.
    pub finding: Option<String>,
}

impl Matter {
    /// A moment for the next row about it: the clock of another machine may have
    /// been ahead, and order is what tells the state.
    pub(super) fn after(&self, now: i64) -> i64 {
        let last = [self.changed_at, self.last_seen_at, self.last_raised_at.unwrap_or_default()];
        last.into_iter().fold(now, |latest, at| latest.max(at + 1))
    }

    /// The last moment known of it.
    pub(super) fn last_moment(&self) -> i64 {
        self.last_time.map_or(self.event_time, |last| last.max(self.event_time))
    }

    pub(super) fn finding(&self) -> Option<Finding> {
        self.finding.as_deref().and_then(|text| serde_json::from_str(text).ok())
    }
}

/// All that the table `findings` says that the next run must know.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Known {
    /// By fingerprint.
    pub(super) matters: BTreeMap<String, Matter>,
    /// Version of `events` that was judged last.
    pub(super) version: Option<u64>,
    /// When; none if never.
    pub(super) judged_at: Option<i64>,
    /// Hours that are still to be judged.
    pub(super) hours: BTreeSet<i64>,
    /// When detections that are not judged by every run were.
    pub(super) judged_detections: BTreeMap<String, i64>,
    /// How many summaries of historical matters there were.
    pub(super) summaries: u64,
    /// When the last one was raised.
    pub(super) summarized_at: Option<i64>,
}

#[derive(Deserialize)]
struct Mark {
    change: String,
    detection: Option<String>,
    times: u64,
    at: i64,
}

#[derive(Deserialize)]
struct Left {
    hours: Option<Vec<String>>,
}

impl Known {
    /// Reads it from the version that the table stands at. The findings
    /// themselves are long, and read only if asked for.
    pub(crate) async fn read(table: &LakeTable, findings: bool) -> Result<Self, AnalyzeError> {
        let context = context();
        register(&context, &FINDINGS, Some(table))?;
        let mut known = Self::marks(table, &context).await?;
        let view = queries::VIEWS.iter().find(|(name, _)| *name == "matters");
        let view = view.map(|(_, sql)| *sql).unwrap_or_default();
        let finding = if findings { "finding" } else { "cast(null as varchar) as finding" };
        let matters: Vec<Matter> = rows(
            &context,
            &format!(
                "select fingerprint, detection, state, severity, \
                 cast(first_found_at as bigint) as first_found_at, \
                 cast(changed_at as bigint) as changed_at, \
                 cast(last_seen_at as bigint) as last_seen_at, \
                 cast(event_time as bigint) as event_time, \
                 cast(last_time as bigint) as last_time, event_count, alerts, \
                 cast(last_raised_at as bigint) as last_raised_at, \
                 cast(until as bigint) as until, reason, account_id, region, {finding} \
                 from ({view}) where event_time is not null and severity is not null"
            ),
        )
        .await?;
        for matter in matters {
            known.matters.insert(matter.fingerprint.clone(), matter);
        }
        Ok(known)
    }

    /// What was judged, and no matters.
    pub(crate) async fn read_marks(table: &LakeTable) -> Result<Self, AnalyzeError> {
        let context = context();
        register(&context, &FINDINGS, Some(table))?;
        Self::marks(table, &context).await
    }

    async fn marks(table: &LakeTable, context: &SessionContext) -> Result<Self, AnalyzeError> {
        let summary = summary::fingerprint();
        let marks: Vec<Mark> = rows(
            context,
            &format!(
                "select change, detection, count(distinct alert_id) as times, \
                 cast(max(recorded_at) as bigint) as at from findings \
                 where change = 'judged' \
                 or (change = 'raised' and fingerprint = '{summary}') \
                 group by change, detection"
            ),
        )
        .await?;
        let left: Vec<Left> = rows(
            context,
            "select hours from findings where change = 'judged' and detection is null \
             order by recorded_at desc limit 1",
        )
        .await?;
        let mut known = Self {
            version: table
                .consumed(DETECT_APPLICATION)
                .await?
                .and_then(|at| u64::try_from(at).ok()),
            ..Self::default()
        };
        for mark in marks {
            match (mark.change.as_str(), mark.detection) {
                ("judged", None) => known.judged_at = Some(mark.at),
                ("judged", Some(id)) => {
                    known.judged_detections.insert(id, mark.at);
                }
                _ => {
                    known.summaries = mark.times;
                    known.summarized_at = Some(mark.at);
                }
            }
        }
        let hours = left.into_iter().filter_map(|left| left.hours).flatten();
        known.hours = hours.filter_map(|hour| hour_start(&hour)).collect();
        Ok(known)
    }
}

async fn rows<T: DeserializeOwned>(
    context: &SessionContext,
    sql: &str,
) -> Result<Vec<T>, AnalyzeError> {
    let failed = |source| AnalyzeError::query("table findings cannot be asked", source);
    let batches = context.sql(sql).await.map_err(failed)?.collect().await.map_err(failed)?;
    let batches: Vec<&RecordBatch> = batches.iter().collect();
    let mut writer = arrow::json::LineDelimitedWriter::new(Vec::new());
    writer
        .write_batches(&batches)
        .and_then(|()| writer.finish())
        .map_err(|error| failed(error.into()))?;
    writer
        .into_inner()
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| {
            serde_json::from_slice(line)
                .map_err(|error| failed(datafusion::error::DataFusionError::External(error.into())))
        })
        .collect()
}
