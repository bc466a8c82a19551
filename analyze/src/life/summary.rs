//! The **summary** of historical matters: one alert that says how many there
//! are, instead of one for each.

use std::collections::BTreeMap;

use ingest::{FindingChange, FindingRow};
use serde_json::{Map, Value};

use super::changes::{DAY, alert_id, reason_name, row};
use super::known::{Known, MatterState};
use crate::alert::AlertReason;
use crate::configuration::Rules;
use crate::finding::{Finding, Severity, fingerprint as fingerprint_of};

/// Stands where alerts name their detection.
const DETECTION: &str = "historical_findings";

/// The fingerprint that all summaries share.
pub(super) fn fingerprint() -> String {
    fingerprint_of(DETECTION, &Map::new())
}

/// Historical matters of which nobody was told, counted.
#[derive(Default)]
struct Counts {
    matters: u64,
    oldest: i64,
    severities: BTreeMap<String, u64>,
    detections: BTreeMap<String, u64>,
}

/// The row that raises a summary, if matters have become historical since the
/// last one and that was a day ago: a long backfill must not send one for every
/// run.
pub(super) fn raised(
    known: &Known,
    rows: &[FindingRow],
    rules: &Rules,
    run_id: &str,
    now: i64,
) -> Option<FindingRow> {
    if known.summarized_at.is_some_and(|last| now - last < DAY) {
        return None;
    }
    let mut counts = Counts { oldest: now, ..Counts::default() };
    for matter in known.matters.values().filter(|matter| {
        matter.state == MatterState::Historical
            && known.summarized_at.is_none_or(|last| matter.changed_at > last)
    }) {
        counts.add(matter.severity.name(), &matter.detection, matter.event_time);
    }
    for row in rows.iter().filter(|row| row.change == FindingChange::Historical) {
        let severity = row.severity.as_deref().unwrap_or_default();
        let detection = row.detection.as_deref().unwrap_or_default();
        counts.add(severity, detection, row.event_time.unwrap_or(now));
    }
    if counts.matters == 0 {
        return None;
    }
    let finding = counts.finding(rules);
    // The next one counts what comes after this one.
    let at = rows.iter().map(|row| row.recorded_at).chain([now]).max().unwrap_or(now);
    let mut raised = row(FindingChange::Raised, &finding, None, run_id, at);
    raised.alert_id = Some(alert_id(&finding.fingerprint, known.summaries + 1));
    raised.reason = Some(reason_name(AlertReason::Historical).to_owned());
    Some(raised)
}

impl Counts {
    fn add(&mut self, severity: &str, detection: &str, event_time: i64) {
        self.matters += 1;
        self.oldest = self.oldest.min(event_time);
        *self.severities.entry(severity.to_owned()).or_default() += 1;
        *self.detections.entry(detection.to_owned()).or_default() += 1;
    }

    fn finding(&self, rules: &Rules) -> Finding {
        let by_severity: Vec<String> = Severity::ALL
            .iter()
            .rev()
            .filter_map(|severity| {
                Some(format!("{} {severity}", self.severities.get(severity.name())?))
            })
            .collect();
        let since = rules.from.map_or_else(String::new, |from| format!(" {}", time(from)));
        let noun = if self.matters == 1 { "matter" } else { "matters" };
        let counted = |counts: &BTreeMap<String, u64>| {
            Value::Object(
                counts.iter().map(|(name, count)| (name.clone(), (*count).into())).collect(),
            )
        };
        Finding {
            fingerprint: fingerprint(),
            detection: DETECTION.to_owned(),
            title: "Matters from before alerting began".to_owned(),
            severity: Severity::Low,
            confidence: "high".to_owned(),
            event_time: time(self.oldest),
            first_time: None,
            last_time: None,
            event_count: Some(self.matters),
            account_id: None,
            region: None,
            actor: None,
            key_arn: None,
            event_ids: Vec::new(),
            summary: format!(
                "{} {noun} from before{since} recorded and not sent one by one: {}",
                self.matters,
                by_severity.join(", ")
            ),
            entity: Map::new(),
            details: [
                ("severities".to_owned(), counted(&self.severities)),
                ("detections".to_owned(), counted(&self.detections)),
            ]
            .into_iter()
            .collect(),
            why: "What the logs show of the time before is worth a look, once, in your own time."
                .to_owned(),
            benign: "Most of it may be long settled.".to_owned(),
            respond: "List them: keytrail findings --state historical. Begin with the worst."
                .to_owned(),
            attack: Vec::new(),
            needs_history: false,
        }
    }
}

fn time(micros: i64) -> String {
    chrono::DateTime::from_timestamp_micros(micros)
        .map_or_else(|| micros.to_string(), |time| time.format("%Y-%m-%dT%H:%M:%SZ").to_string())
}
