//! The **contents** of alerts: what the log says in full about those that a run
//! has claimed.

use std::collections::{BTreeSet, HashMap};

use arrow::array::RecordBatch;
use datafusion::error::DataFusionError;
use datafusion::functions_aggregate::expr_fn::min;
use datafusion::logical_expr::{Expr, ident, lit};
use ingest::LakeTable;
use ingest::schema::FINDINGS;
use serde_json::Value;

use super::delivery::{Delivery, text, time};
use super::{first_month, moment};
use crate::alert::{Alert, AlertReason};
use crate::configuration::Configuration;
use crate::error::AnalyzeError;
use crate::session::Session;

/// Alerts by id; why one cannot be read, where it cannot.
pub(super) type Contents = HashMap<String, Result<Alert, String>>;

/// Reads the alerts of these deliveries.
pub(super) async fn read(
    findings: &LakeTable,
    configuration: &Configuration,
    deliveries: &[Delivery],
    now: i64,
) -> Result<Contents, AnalyzeError> {
    let ids: BTreeSet<&str> = deliveries.iter().map(|one| one.alert_id.as_str()).collect();
    let session = Session::of_findings(findings, &first_month(now), &[], configuration).await?;
    let raised = ident("change").eq(lit("raised")).and(among("alert_id", &ids));
    let columns = ["alert_id", "fingerprint", "recorded_at", "reason", "finding"];
    let batches = rows(&session, raised, &columns).await?;
    let mut contents = Contents::new();
    let mut fingerprints = HashMap::new();
    for batch in &batches {
        for row in 0..batch.num_rows() {
            let Some(id) = text(batch, "alert_id", row) else { continue };
            if let Some(fingerprint) = text(batch, "fingerprint", row) {
                fingerprints.insert(id.clone(), fingerprint);
            }
            let alert = alert(batch, row, &id);
            contents.entry(id).or_insert(alert);
        }
    }
    find_first(findings, configuration, &fingerprints, &mut contents).await?;
    Ok(contents)
}

fn alert(batch: &RecordBatch, row: usize, id: &str) -> Result<Alert, String> {
    let missing = |what: &str| format!("the log does not say the {what} of alert {id}");
    let reason = text(batch, "reason", row).ok_or_else(|| missing("reason"))?;
    let reason: AlertReason = serde_json::from_value(Value::String(reason))
        .map_err(|_| format!("alert {id} is of a kind that this version does not know"))?;
    let raised_at = moment(time(batch, "recorded_at", row).unwrap_or_default());
    let finding = text(batch, "finding", row).ok_or_else(|| missing("finding"))?;
    let finding = serde_json::from_str(&finding).map_err(|error| {
        format!("the finding of alert {id} cannot be read from the log: {error}")
    })?;
    let first_found_at = raised_at.clone();
    Ok(Alert { id: id.to_owned(), reason, raised_at, first_found_at, finding })
}

/// Finds out when matters that were told of before were first found, however
/// long ago that is.
async fn find_first(
    findings: &LakeTable,
    configuration: &Configuration,
    fingerprints: &HashMap<String, String>,
    contents: &mut Contents,
) -> Result<(), AnalyzeError> {
    let is_older = |alert: &Alert| {
        use AlertReason::{Escalated, Reminder, Returned};
        matches!(alert.reason, Escalated | Reminder | Returned)
    };
    let older: BTreeSet<&str> = contents
        .values()
        .filter_map(|alert| alert.as_ref().ok())
        .filter(|alert| is_older(alert))
        .filter_map(|alert| fingerprints.get(&alert.id).map(String::as_str))
        .collect();
    if older.is_empty() {
        return Ok(());
    }
    let session = Session::of_findings(findings, "", &[], configuration).await?;
    let first = ident("change")
        .in_list(vec![lit("found"), lit("historical")], false)
        .and(among("fingerprint", &older));
    let frame = session.context().table(FINDINGS.name).await.map_err(failed)?;
    let found = min(ident("recorded_at")).alias("found_at");
    let frame = frame.filter(first).map_err(failed)?;
    let frame = frame.aggregate(vec![ident("fingerprint")], vec![found]).map_err(failed)?;
    let mut found_at = HashMap::new();
    for batch in &frame.collect().await.map_err(failed)? {
        for row in 0..batch.num_rows() {
            if let (Some(fingerprint), Some(found)) =
                (text(batch, "fingerprint", row), time(batch, "found_at", row))
            {
                found_at.insert(fingerprint, found);
            }
        }
    }
    for alert in contents.values_mut().filter_map(|alert| alert.as_mut().ok()) {
        let found = fingerprints.get(&alert.id).and_then(|matter| found_at.get(matter));
        if let Some(found) = found.filter(|_| is_older(alert)) {
            alert.first_found_at = moment(*found);
        }
    }
    Ok(())
}

async fn rows(
    session: &Session,
    condition: Expr,
    columns: &[&str],
) -> Result<Vec<RecordBatch>, AnalyzeError> {
    let frame = session.context().table(FINDINGS.name).await.map_err(failed)?;
    let frame = frame.filter(condition).and_then(|frame| frame.select_columns(columns));
    frame
        .and_then(|frame| frame.sort(vec![ident("recorded_at").sort(true, false)]))
        .map_err(failed)?
        .collect()
        .await
        .map_err(failed)
}

fn among(column: &str, values: &BTreeSet<&str>) -> Expr {
    ident(column).in_list(values.iter().map(|value| lit(*value)).collect(), false)
}

fn failed(error: DataFusionError) -> AnalyzeError {
    AnalyzeError::query("the alerts in the table findings", error)
}
