//! The **undeliverable** alert: that alerts do not arrive at a sink, told to all
//! other sinks, once a day.

use ingest::{FindingChange, FindingRow};
use serde_json::{Map, Value};

use super::{DeliveryRun, moment};
use crate::finding::{Finding, Severity, fingerprint};

/// Id of the detection that such an alert names.
pub(super) const DETECTION: &str = "alert_undeliverable";

/// The row that raises the alert about a sink. Its number is the day, so that
/// there is one a day, whoever raises it.
pub(super) fn raised(
    sink: &str,
    dead_letters: u64,
    reason: &str,
    run: &DeliveryRun<'_>,
) -> FindingRow {
    let finding = finding(sink, dead_letters, reason, run.now);
    let day: String = finding.event_time.chars().take(10).filter(|sign| *sign != '-').collect();
    FindingRow {
        fingerprint: Some(finding.fingerprint.clone()),
        detection: Some(finding.detection.clone()),
        severity: Some(finding.severity.name().to_owned()),
        event_time: Some(run.now),
        event_count: i64::try_from(dead_letters).ok(),
        summary: Some(finding.summary.clone()),
        reason: Some("undeliverable".to_owned()),
        alert_id: Some(format!("{}-{day}", finding.fingerprint)),
        sink: Some(sink.to_owned()),
        finding: serde_json::to_string(&finding).ok(),
        ..FindingRow::new(FindingChange::Raised, run.run_id, run.now)
    }
}

fn finding(sink: &str, dead_letters: u64, reason: &str, now: i64) -> Finding {
    let entity: Map<String, Value> = [("sink".to_owned(), sink.into())].into_iter().collect();
    let details = [("last_reason".to_owned(), reason.into())].into_iter().collect();
    let alerts = if dead_letters == 1 { "alert" } else { "alerts" };
    Finding {
        fingerprint: fingerprint(DETECTION, &entity),
        detection: DETECTION.to_owned(),
        title: "Alerts cannot be delivered".to_owned(),
        severity: Severity::High,
        confidence: "high".to_owned(),
        event_time: moment(now),
        first_time: None,
        last_time: None,
        event_count: Some(dead_letters),
        account_id: None,
        region: None,
        actor: None,
        key_arn: None,
        event_ids: Vec::new(),
        summary: format!(
            "{dead_letters} {alerts} could not be delivered to the sink {sink}: {reason}"
        ),
        entity,
        details,
        why: "Whoever reads only that sink is not told of what happens to keys.".to_owned(),
        benign: "The sink was moved or closed, and its entry in keytrail.toml is still there."
            .to_owned(),
        respond: format!(
            "See what did not arrive: keytrail alerts list --state dead --sink {sink}. Mend the sink, \
             try it: keytrail alerts test --sink {sink}, then send them again: keytrail alerts \
             retry --sink {sink}."
        ),
        attack: Vec::new(),
        needs_history: false,
    }
}
