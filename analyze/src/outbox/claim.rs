//! A **claim**: a run's word, in the log, that it delivers an alert. It lands only
//! on the version that it was decided on, so that two runs never have the same.

use std::time::Duration;

use ingest::{Committed, FindingChange, FindingRow, LakeTable, append_findings};

use super::delivery::{self, Delivery, DeliveryState};
use super::due::{Chosen, choose};
use super::{APPLICATION, DeliveryRun, first_month};
use crate::configuration::Configuration;
use crate::error::AnalyzeError;
use crate::session::Session;

/// How often a run that loses the race decides anew.
const ATTEMPTS_MAX: u32 = 30;

/// Claims what is due. What comes back under `due` is this run's, each with its
/// attempt and the time of its claim.
pub(super) async fn claim(
    findings: &mut LakeTable,
    configuration: &Configuration,
    run: &DeliveryRun<'_>,
) -> Result<Chosen, AnalyzeError> {
    let settings = &configuration.alerts;
    let until = run.now.saturating_add(settings.claim_expires_after_micros());
    let mut chosen = Chosen::default();
    let landed = decide(findings, configuration, run, |deliveries| {
        chosen = choose(deliveries, run.now, settings.attempts_max);
        chosen.due = chosen.due.iter().map(|due| claimed(due, run.now, until)).collect();
        chosen.due.iter().map(|claimed| row(FindingChange::Claimed, claimed, run)).collect()
    })
    .await?;
    if !landed {
        // The others who write all the time are delivering.
        tracing::warn!("no alert could be claimed: other runs are at it");
        chosen.due.clear();
    }
    Ok(chosen)
}

/// Makes dead letters due again; how many there were.
pub(super) async fn revive(
    findings: &mut LakeTable,
    configuration: &Configuration,
    sink: Option<&str>,
    run: &DeliveryRun<'_>,
) -> Result<u64, AnalyzeError> {
    let mut revived = 0;
    let landed = decide(findings, configuration, run, |deliveries| {
        let dead = deliveries.into_iter().filter(|delivery| {
            delivery.state == DeliveryState::Dead && sink.is_none_or(|sink| sink == delivery.sink)
        });
        let rows: Vec<FindingRow> = dead
            .map(|dead| Delivery {
                attempt: 0,
                until: Some(run.now),
                changed_at: Some(dead.next_change_at(run.now)),
                ..dead
            })
            .map(|again| FindingRow {
                reason: Some("to be tried again, as somebody asked".to_owned()),
                ..row(FindingChange::Failed, &again, run)
            })
            .collect();
        revived = rows.len() as u64;
        rows
    })
    .await?;
    Ok(if landed { revived } else { 0 })
}

/// Decides from the deliveries what rows to add, and again for as long as others
/// were faster. False when they always were.
async fn decide(
    findings: &mut LakeTable,
    configuration: &Configuration,
    run: &DeliveryRun<'_>,
    mut rows: impl FnMut(Vec<Delivery>) -> Vec<FindingRow>,
) -> Result<bool, AnalyzeError> {
    for attempt in 0..ATTEMPTS_MAX {
        let month = first_month(run.now);
        let session = Session::of_findings(findings, &month, &["alerts"], configuration).await?;
        let rows = rows(delivery::read(&session).await?);
        if rows.is_empty() {
            return Ok(true);
        }
        match append_findings(findings, &rows, APPLICATION, run.now).await? {
            Committed::Version(_) => return Ok(true),
            Committed::Moved => wait(attempt).await,
        }
    }
    Ok(false)
}

/// Waits, longer each time and never in step with other runs.
async fn wait(attempt: u32) {
    let most = 25_u64 << attempt.min(6);
    let jitter = uuid::Uuid::new_v4().as_u64_pair().0 % most;
    tokio::time::sleep(Duration::from_millis(jitter)).await;
}

fn claimed(due: &Delivery, now: i64, until: i64) -> Delivery {
    Delivery {
        state: DeliveryState::Claimed,
        attempt: due.attempt.saturating_add(1),
        until: Some(until),
        changed_at: Some(due.next_change_at(now)),
        ..due.clone()
    }
}

/// A row about a delivery as it stands now.
pub(super) fn row(change: FindingChange, delivery: &Delivery, run: &DeliveryRun<'_>) -> FindingRow {
    FindingRow {
        fingerprint: Some(delivery.fingerprint.clone()),
        detection: Some(delivery.detection.clone()),
        severity: Some(delivery.severity.name().to_owned()),
        account_id: delivery.account_id.clone(),
        alert_id: Some(delivery.alert_id.clone()),
        sink: Some(delivery.sink.clone()),
        attempt: Some(i64::from(delivery.attempt)),
        until: delivery.until,
        ..FindingRow::new(change, run.run_id, delivery.changed_at.unwrap_or(run.now))
    }
}
