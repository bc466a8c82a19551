//! An **outcome** in the log: what became of a delivery, and when it is tried
//! again.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use ingest::{FindingChange, FindingRow};
use sha2::{Digest, Sha256};

use super::claim::row;
use super::delivery::{Delivery, DeliveryState};
use super::send::Outcome;
use super::{DeliveryRun, SinkReport, undeliverable};
use crate::alert::DeliveryError;

const SECOND_MICROS: i64 = 1_000_000;

/// Wait after the first failed attempt. Each further one is four times as long:
/// eight attempts take most of a day, so that a sink may be down overnight.
const FIRST_WAIT_MICROS: i64 = 60 * SECOND_MICROS;

/// The longest wait.
const LAST_WAIT_MICROS: i64 = 6 * 3_600 * SECOND_MICROS;

/// Characters of a reason that are kept.
const REASON_CHARACTERS_MAX: usize = 500;

/// The rows that say what became of deliveries, and for each sink a report.
#[derive(Debug, Default)]
pub(super) struct Recorded {
    pub(super) rows: Vec<FindingRow>,
    pub(super) sinks: BTreeMap<String, SinkReport>,
    /// Whether alerts about dead letters are among the rows.
    pub(super) has_raised: bool,
}

/// Says what became of claimed deliveries and of those given up. `sinks` are the
/// names of all there are.
pub(super) fn record(
    outcomes: Vec<(Delivery, Outcome)>,
    given_up: Vec<Delivery>,
    sinks: &BTreeSet<String>,
    known_alerts: &HashSet<String>,
    attempts_max: u32,
    run: &DeliveryRun<'_>,
) -> Recorded {
    let mut recorded = Recorded::default();
    let mut dead: BTreeMap<String, (u64, String)> = BTreeMap::new();
    let given_up = given_up.into_iter().map(|delivery| {
        let reason = format!("given up after {} attempts", delivery.attempt);
        (delivery, Outcome::Refused(DeliveryError::lasting(reason)))
    });
    for (delivery, outcome) in outcomes.into_iter().chain(given_up) {
        let report = recorded.sinks.entry(delivery.sink.clone()).or_default();
        let after = after(&delivery, &outcome, attempts_max, run.now);
        let reason = match &outcome {
            Outcome::Delivered => None,
            Outcome::Refused(error) => Some(plain(&error.reason)),
            Outcome::Untried(reason) => Some((*reason).to_owned()),
        };
        let change = match after.state {
            DeliveryState::Delivered => {
                report.delivered += 1;
                FindingChange::Delivered
            }
            DeliveryState::Dead => {
                report.dead += 1;
                let (count, last) = dead.entry(delivery.sink.clone()).or_default();
                *count += 1;
                *last = reason.clone().unwrap_or_default();
                FindingChange::Dead
            }
            _ => {
                report.failed += u64::from(matches!(outcome, Outcome::Refused(_)));
                report.put_off += u64::from(matches!(outcome, Outcome::Untried(_)));
                FindingChange::Failed
            }
        };
        report.last_reason = reason.clone().or(report.last_reason.take());
        recorded.rows.push(FindingRow { reason, ..row(change, &after, run) });
    }
    for (sink, (letters, reason)) in dead {
        // Without another sink there is nobody to tell.
        let others = sinks.iter().any(|other| *other != sink);
        let raised = undeliverable::raised(&sink, letters, &reason, run);
        if others && raised.alert_id.as_ref().is_some_and(|id| !known_alerts.contains(id)) {
            recorded.rows.push(raised);
            recorded.has_raised = true;
        }
    }
    recorded
}

/// How a delivery stands after its outcome.
fn after(delivery: &Delivery, outcome: &Outcome, attempts_max: u32, now: i64) -> Delivery {
    let (state, attempt, until) = match outcome {
        Outcome::Delivered => (DeliveryState::Delivered, delivery.attempt, None),
        Outcome::Refused(error) if !error.retry || delivery.attempt >= attempts_max.max(1) => {
            (DeliveryState::Dead, delivery.attempt, None)
        }
        Outcome::Refused(error) => {
            let asked = error.retry_after_seconds.unwrap_or_default();
            let asked = i64::try_from(asked).unwrap_or(i64::MAX).saturating_mul(SECOND_MICROS);
            let wait = wait_micros(delivery).max(asked.min(LAST_WAIT_MICROS));
            (DeliveryState::Failed, delivery.attempt, Some(now.saturating_add(wait)))
        }
        // What was not tried is no attempt.
        Outcome::Untried(_) => {
            let until = now.saturating_add(FIRST_WAIT_MICROS);
            (DeliveryState::Failed, delivery.attempt.saturating_sub(1), Some(until))
        }
    };
    let changed_at = Some(delivery.next_change_at(now));
    Delivery { state, attempt, until, changed_at, ..delivery.clone() }
}

/// The wait after an attempt that failed: up to a quarter less than its full
/// length, differently for each alert, so that they don't come back all at once.
pub(super) fn wait_micros(delivery: &Delivery) -> i64 {
    let attempts_before = delivery.attempt.saturating_sub(1).min(16);
    let full = FIRST_WAIT_MICROS.saturating_mul(4_i64.pow(attempts_before)).min(LAST_WAIT_MICROS);
    let mut hash = Sha256::new();
    hash.update(&delivery.alert_id);
    hash.update([0]);
    hash.update(&delivery.sink);
    hash.update(delivery.attempt.to_le_bytes());
    let share = i64::from(hash.finalize()[0]);
    (full - full / 4 * share / 255).max(FIRST_WAIT_MICROS)
}

/// Bounded, and without control characters.
pub(super) fn plain(text: &str) -> String {
    let characters = text.chars().take(REASON_CHARACTERS_MAX);
    characters.map(|character| if character.is_control() { ' ' } else { character }).collect()
}
