//! A **delivery**: one alert on its way to one sink, as the log says it stands.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use datafusion::error::DataFusionError;
use serde::Serialize;

use crate::error::AnalyzeError;
use crate::finding::Severity;
use crate::session::Session;

/// How a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// Nobody has tried yet.
    Due,
    /// A run is at it.
    Claimed,
    /// The sink has it.
    Delivered,
    /// The sink did not take it; it is tried again.
    Failed,
    /// It is not tried any more.
    Dead,
    /// The configuration does not send it there.
    NotWanted,
}

/// One alert on its way to one sink.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Delivery {
    pub(super) alert_id: String,
    pub(super) fingerprint: String,
    pub(super) detection: String,
    pub(super) severity: Severity,
    pub(super) account_id: Option<String>,
    pub(super) raised_at: i64,
    pub(super) sink: String,
    pub(super) state: DeliveryState,
    /// Attempts so far.
    pub(super) attempt: u32,
    /// End of the claim, or of the wait before the next attempt.
    pub(super) until: Option<i64>,
    /// When the state was recorded.
    pub(super) changed_at: Option<i64>,
}

impl DeliveryState {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "due" => Self::Due,
            "claimed" => Self::Claimed,
            "delivered" => Self::Delivered,
            "failed" => Self::Failed,
            "dead" => Self::Dead,
            "not_wanted" => Self::NotWanted,
            _ => return None,
        })
    }
}

impl Delivery {
    /// A time for the next row about this delivery: `now`, and after the last
    /// row even if another machine's clock, which wrote that, is ahead.
    pub(super) fn next_change_at(&self, now: i64) -> i64 {
        self.changed_at.map_or(now, |last| now.max(last.saturating_add(1)))
    }
}

/// All deliveries, from the view `alerts`.
pub(super) async fn read(session: &Session) -> Result<Vec<Delivery>, AnalyzeError> {
    let sql = "select alert_id, fingerprint, detection, severity, account_id, raised_at, sink, \
               state, attempt, until, changed_at from alerts where sink is not null";
    let failed = |error: DataFusionError| AnalyzeError::query("the view alerts", error);
    let batches = session.query(sql).await?.collect().await.map_err(failed)?;
    let mut deliveries = Vec::new();
    for batch in &batches {
        deliveries.extend((0..batch.num_rows()).filter_map(|row| delivery(batch, row)));
    }
    Ok(deliveries)
}

/// A row of the view; none when a newer version wrote what this one does not
/// know.
fn delivery(batch: &RecordBatch, row: usize) -> Option<Delivery> {
    Some(Delivery {
        alert_id: text(batch, "alert_id", row)?,
        fingerprint: text(batch, "fingerprint", row).unwrap_or_default(),
        detection: text(batch, "detection", row).unwrap_or_default(),
        severity: text(batch, "severity", row)?.parse().ok()?,
        account_id: text(batch, "account_id", row),
        raised_at: time(batch, "raised_at", row)?,
        sink: text(batch, "sink", row)?,
        state: DeliveryState::named(&text(batch, "state", row)?)?,
        attempt: integer(batch, "attempt", row)
            .and_then(|attempt| attempt.try_into().ok())
            .unwrap_or_default(),
        until: time(batch, "until", row),
        changed_at: time(batch, "changed_at", row),
    })
}

/// What a column of text holds.
pub(super) fn text(batch: &RecordBatch, column: &str, row: usize) -> Option<String> {
    let values = batch.column_by_name(column)?.as_string_opt::<i32>()?;
    values.is_valid(row).then(|| values.value(row).to_owned())
}

/// What a column of times holds, microseconds since 1970 UTC.
pub(super) fn time(batch: &RecordBatch, column: &str, row: usize) -> Option<i64> {
    let values = batch.column_by_name(column)?.as_primitive_opt::<TimestampMicrosecondType>()?;
    values.is_valid(row).then(|| values.value(row))
}

fn integer(batch: &RecordBatch, column: &str, row: usize) -> Option<i64> {
    let values = batch.column_by_name(column)?.as_primitive_opt::<Int64Type>()?;
    values.is_valid(row).then(|| values.value(row))
}
