//! What is **due**: the deliveries that a run takes up, out of all there are.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::delivery::{Delivery, DeliveryState};
use super::send::GROUP;

/// Alerts that one run takes up for one sink: bounds its time and what a crash
/// repeats.
const ALERTS_A_RUN_MAX: usize = 100;

/// A sink that was never sent anything gets alerts of this long before: one that
/// is added to the configuration is not flooded with what is long known.
const NEW_SINK_LOOKS_BACK_MICROS: i64 = 24 * 3_600_000_000;

/// What a run takes up.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Chosen {
    /// To be claimed and delivered, worst first, then newest first.
    pub(super) due: Vec<Delivery>,
    /// Tried often enough: to be recorded as dead.
    pub(super) given_up: Vec<Delivery>,
    /// Deliveries of each sink that are neither made nor dead after this run, if
    /// it does nothing.
    pub(super) waiting: BTreeMap<String, u64>,
    /// Dead letters of each sink.
    pub(super) dead: BTreeMap<String, u64>,
    /// Ids of all alerts that go to some sink.
    pub(super) known: HashSet<String>,
}

/// Chooses what a run at `now` takes up.
pub(super) fn choose(deliveries: Vec<Delivery>, now: i64, attempts_max: u32) -> Chosen {
    let sinks = sinks(&deliveries);
    let known = deliveries.iter().map(|delivery| delivery.alert_id.clone()).collect();
    let mut chosen = Chosen { known, ..Chosen::default() };
    let mut due = Vec::new();
    for delivery in deliveries {
        let sink = sinks.get(&delivery.sink).copied().unwrap_or_default();
        let too_old = !sink.is_known && delivery.raised_at < now - NEW_SINK_LOOKS_BACK_MICROS;
        let open = match delivery.state {
            DeliveryState::Due => !too_old,
            DeliveryState::Claimed | DeliveryState::Failed => true,
            DeliveryState::Dead => {
                *chosen.dead.entry(delivery.sink).or_default() += 1;
                continue;
            }
            DeliveryState::Delivered | DeliveryState::NotWanted => false,
        };
        if !open {
            continue;
        }
        *chosen.waiting.entry(delivery.sink.clone()).or_default() += 1;
        // A claim that has expired is that of a run that died.
        if delivery.until.is_some_and(|until| until > now) {
            continue;
        }
        if delivery.attempt >= attempts_max.max(1) {
            chosen.given_up.push(delivery);
        } else {
            due.push(delivery);
        }
    }
    due.sort_by(|left, right| {
        (right.severity, right.raised_at, &left.alert_id, &left.sink).cmp(&(
            left.severity,
            left.raised_at,
            &right.alert_id,
            &right.sink,
        ))
    });
    let mut taken: HashMap<String, usize> = HashMap::new();
    due.retain(|delivery| {
        let is_failing = sinks.get(&delivery.sink).is_some_and(|sink| sink.is_failing());
        let most = if is_failing { GROUP } else { ALERTS_A_RUN_MAX };
        let taken = taken.entry(delivery.sink.clone()).or_default();
        *taken += 1;
        *taken <= most
    });
    chosen.due = due;
    chosen
}

/// What past deliveries say about a sink.
#[derive(Debug, Clone, Copy, Default)]
struct Past {
    is_known: bool,
    delivered_at: Option<i64>,
    failed_at: Option<i64>,
}

impl Past {
    /// A sink that took nothing when it was last tried is only tried with a few
    /// alerts, until it takes some again.
    fn is_failing(self) -> bool {
        self.failed_at > self.delivered_at
    }
}

fn sinks(deliveries: &[Delivery]) -> HashMap<String, Past> {
    let mut sinks: HashMap<String, Past> = HashMap::new();
    for delivery in deliveries {
        let past = sinks.entry(delivery.sink.clone()).or_default();
        past.is_known |= delivery.changed_at.is_some();
        match delivery.state {
            DeliveryState::Delivered => {
                past.delivered_at = past.delivered_at.max(delivery.changed_at);
            }
            DeliveryState::Failed | DeliveryState::Dead if delivery.attempt > 0 => {
                past.failed_at = past.failed_at.max(delivery.changed_at);
            }
            _ => {}
        }
    }
    sinks
}
