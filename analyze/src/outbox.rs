//! The **outbox**: raised alerts on their way to sinks.
//!
//! The table `findings` says which alerts were raised and what became of each at
//! each sink (view `alerts`). A run claims what is due in one commit, which lands
//! only on the version it was decided on, so that of two runs at once one
//! decides anew; delivers to all sinks side by side; and records what came of it
//! in another commit. A run that dies in between leaves claims that expire, and
//! its alerts go out once more, under the same ids.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::AtomicBool;

use chrono::DateTime;
use ingest::schema::FINDINGS;
use ingest::{Lake, LakeTable, append_findings_always};
use serde::Serialize;

mod claim;
mod contents;
mod delivery;
mod due;
mod outcome;
mod send;
#[cfg(test)]
mod tests;
mod undeliverable;

pub use delivery::DeliveryState;

use crate::alert::Sinks;
use crate::configuration::Configuration;
use crate::error::AnalyzeError;
use send::Patience;

/// Application id of the outbox's commits to `findings`.
const APPLICATION: &str = "alerts";

/// How far back alerts are looked for. What has not arrived by then is of no
/// use, and the log is not read without end.
const LOOKS_BACK_MICROS: i64 = 90 * 24 * 3_600_000_000;

/// One run's terms.
#[derive(Debug, Clone, Copy)]
pub struct DeliveryRun<'a> {
    /// Id of the run, for the log.
    pub run_id: &'a str,
    /// Microseconds since 1970 UTC.
    pub now: i64,
    /// Once set, nothing new is begun, and what is under way gets seconds.
    pub stop: &'a AtomicBool,
}

/// What a run did, by sink.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct DeliveryReport {
    /// The sinks that had something to do, or have dead letters.
    pub sinks: BTreeMap<String, SinkReport>,
}

/// What a run did at one sink.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct SinkReport {
    /// Alerts that it took.
    pub delivered: u64,
    /// Alerts that it did not take, to be tried again.
    pub failed: u64,
    /// Alerts that are not tried any more, as of this run.
    pub dead: u64,
    /// Alerts that were not tried because it took none of the others, or because
    /// the run had to stop.
    pub put_off: u64,
    /// Alerts still to be delivered.
    pub waiting: u64,
    /// Dead letters in all.
    pub dead_letters: u64,
    /// Why the last one that did not arrive did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_reason: Option<String>,
}

impl DeliveryReport {
    /// Whether something did not arrive that was sent.
    #[must_use]
    pub fn has_failures(&self) -> bool {
        self.sinks.values().any(|sink| sink.failed + sink.dead > 0)
    }

    fn add(&mut self, sinks: BTreeMap<String, SinkReport>) {
        for (name, new) in sinks {
            let sink = self.sinks.entry(name).or_default();
            sink.delivered += new.delivered;
            sink.failed += new.failed;
            sink.dead += new.dead;
            sink.put_off += new.put_off;
            sink.waiting = sink.waiting.saturating_sub(new.delivered + new.dead);
            sink.dead_letters += new.dead;
            sink.last_reason = new.last_reason.or(sink.last_reason.take());
        }
    }

    fn stands(&mut self, waiting: BTreeMap<String, u64>, dead: BTreeMap<String, u64>) {
        for (name, count) in waiting {
            self.sinks.entry(name).or_default().waiting = count;
        }
        for (name, count) in dead {
            self.sinks.entry(name).or_default().dead_letters = count;
        }
    }
}

/// Delivers what is due, and records what came of it.
///
/// # Errors
/// When the log cannot be read or written. What a sink does not take is no error
/// but part of the report.
pub async fn deliver(
    lake: &Lake,
    configuration: &Configuration,
    sinks: &Sinks,
    run: &DeliveryRun<'_>,
) -> Result<DeliveryReport, AnalyzeError> {
    let patience = Patience::under(configuration.alerts.claim_expires_after_micros());
    deliver_within(lake, configuration, sinks, run, patience).await
}

async fn deliver_within(
    lake: &Lake,
    configuration: &Configuration,
    sinks: &Sinks,
    run: &DeliveryRun<'_>,
    patience: Patience,
) -> Result<DeliveryReport, AnalyzeError> {
    let mut report = DeliveryReport::default();
    if configuration.sinks.is_empty() {
        return Ok(report);
    }
    let Some(mut findings) = lake.existing_table(&FINDINGS).await? else {
        return Ok(report);
    };
    // Twice, if need be: what became dead is told to the other sinks at once.
    for _ in 0..2 {
        let has_raised =
            pass(&mut findings, configuration, sinks, run, patience, &mut report).await?;
        if !has_raised {
            break;
        }
    }
    Ok(report)
}

/// Claims, delivers and records once; whether that raised alerts.
async fn pass(
    findings: &mut LakeTable,
    configuration: &Configuration,
    sinks: &Sinks,
    run: &DeliveryRun<'_>,
    patience: Patience,
    report: &mut DeliveryReport,
) -> Result<bool, AnalyzeError> {
    let chosen = claim::claim(findings, configuration, run).await?;
    report.stands(chosen.waiting, chosen.dead);
    if chosen.due.is_empty() && chosen.given_up.is_empty() {
        return Ok(false);
    }
    let contents = contents::read(findings, configuration, &chosen.due, run.now).await?;
    let outcomes = send::send(sinks, chosen.due, &contents, patience, run.stop).await;
    let names: BTreeSet<String> = configuration.sinks.iter().map(|one| one.name.clone()).collect();
    let attempts_max = configuration.alerts.attempts_max;
    let recorded =
        outcome::record(outcomes, chosen.given_up, &names, &chosen.known, attempts_max, run);
    append_findings_always(findings, &recorded.rows, APPLICATION, run.now).await?;
    report.add(recorded.sinks);
    Ok(recorded.has_raised)
}

/// Makes dead letters due again, those of one sink or all; how many there were.
///
/// # Errors
/// When the log cannot be read or written.
pub async fn retry_dead_letters(
    lake: &Lake,
    configuration: &Configuration,
    sink: Option<&str>,
    run: &DeliveryRun<'_>,
) -> Result<u64, AnalyzeError> {
    match lake.existing_table(&FINDINGS).await? {
        Some(mut findings) => claim::revive(&mut findings, configuration, sink, run).await,
        None => Ok(0),
    }
}

/// The first month of the log that is looked at.
fn first_month(now: i64) -> String {
    moment(now - LOOKS_BACK_MICROS).chars().take(7).collect()
}

/// A moment as ISO 8601, as findings have it.
fn moment(micros: i64) -> String {
    DateTime::from_timestamp_micros(micros)
        .unwrap_or_default()
        .format("%Y-%m-%dT%H:%M:%SZ")
        .to_string()
}
