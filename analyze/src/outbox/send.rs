//! **Sending**: claimed alerts to all sinks side by side. A sink that is slow or
//! down holds up nobody, itself least of all.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::future::join_all;

use super::contents::Contents;
use super::delivery::Delivery;
use crate::alert::{Alert, DeliveryError, OpenSink, Sinks};

/// Alerts that a sink is given at once.
pub(super) const GROUP: usize = 10;

/// How long it may take over them.
const GROUP_TIME_MAX: Duration = Duration::from_mins(1);

/// How long a sink may take over all alerts of a run, and this much of the time
/// that claims hold at most: nobody else must take them up meanwhile.
const SINK_TIME_MAX: Duration = Duration::from_mins(5);

/// How long a sink may go on once the run is to stop.
const STOP_GRACE: Duration = Duration::from_secs(3);

/// How often the stop flag is looked at.
const STOP_LOOK: Duration = Duration::from_millis(200);

/// How long sinks may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// Over one group of alerts.
    pub(super) group: Duration,
    /// Over all of a run.
    pub(super) sink: Duration,
}

/// What became of one delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    Delivered,
    Refused(DeliveryError),
    /// Why it was not tried.
    Untried(&'static str),
}

impl Patience {
    /// The usual one, under claims that hold so long.
    pub(super) fn under(claim_micros: i64) -> Self {
        let half = Duration::from_micros(u64::try_from(claim_micros / 2).unwrap_or_default());
        Self { group: GROUP_TIME_MAX.min(half), sink: SINK_TIME_MAX.min(half) }
    }
}

/// Sends claimed alerts; what became of each.
pub(super) async fn send(
    sinks: &Sinks,
    claimed: Vec<Delivery>,
    contents: &Contents,
    patience: Patience,
    stop: &AtomicBool,
) -> Vec<(Delivery, Outcome)> {
    let mut shares: Vec<(&OpenSink, Vec<Delivery>)> =
        sinks.iter().map(|sink| (sink, Vec::new())).collect();
    let mut outcomes = Vec::new();
    for delivery in claimed {
        match shares.iter_mut().find(|(sink, _)| sink.name() == delivery.sink) {
            Some((_, share)) => share.push(delivery),
            None => outcomes.push((delivery, Outcome::Untried("the sink is not open in this run"))),
        }
    }
    let sent = shares
        .into_iter()
        .filter(|(_, share)| !share.is_empty())
        .map(|(sink, share)| send_to(sink, share, contents, patience, stop));
    outcomes.extend(join_all(sent).await.into_iter().flatten());
    outcomes
}

async fn send_to(
    sink: &OpenSink,
    share: Vec<Delivery>,
    contents: &Contents,
    patience: Patience,
    stop: &AtomicBool,
) -> Vec<(Delivery, Outcome)> {
    let (mut outcomes, mut ready) = (Vec::new(), Vec::new());
    for delivery in share {
        match contents.get(&delivery.alert_id) {
            Some(Ok(alert)) => ready.push((delivery, alert.clone())),
            unread => {
                let reason = unread.and_then(|unread| unread.as_ref().err()).cloned();
                let reason = reason.unwrap_or_else(|| "the alert is not in the log".to_owned());
                outcomes.push((delivery, Outcome::Refused(DeliveryError::lasting(reason))));
            }
        }
    }
    let mut end = std::pin::pin!(end(patience.sink, stop));
    let mut why_not = None;
    for group in ready.chunks(GROUP) {
        if stop.load(Ordering::Relaxed) {
            why_not = why_not.or(Some("not tried: the run had to stop"));
        }
        if let Some(why_not) = why_not {
            outcomes.extend(
                group.iter().map(|(delivery, _)| (delivery.clone(), Outcome::Untried(why_not))),
            );
            continue;
        }
        let alerts: Vec<Alert> = group.iter().map(|(_, alert)| alert.clone()).collect();
        let answers = tokio::select! {
            answers = tokio::time::timeout(patience.group, sink.deliver(&alerts)) => answers.ok(),
            () = &mut end => None,
        };
        let outcome = outcomes_of(group.len(), answers);
        // Who takes none of ten takes none of the others either.
        if !outcome.contains(&Outcome::Delivered) {
            why_not = Some("not tried: the sink did not take others");
        }
        outcomes.extend(group.iter().map(|(delivery, _)| delivery.clone()).zip(outcome));
    }
    outcomes
}

/// What a sink's answers mean; without any, it did not answer in time.
fn outcomes_of(alerts: usize, answers: Option<Vec<Result<(), DeliveryError>>>) -> Vec<Outcome> {
    let silence = if answers.is_some() {
        "the sink did not say what became of it"
    } else {
        "no answer in time; it may have arrived"
    };
    let answers = answers.unwrap_or_default().into_iter().map(|answer| match answer {
        Ok(()) => Outcome::Delivered,
        Err(error) => Outcome::Refused(error),
    });
    let unsaid = || Outcome::Refused(DeliveryError::passing(silence));
    answers.chain(std::iter::repeat_with(unsaid)).take(alerts).collect()
}

/// Ends when a sink has had its time, or shortly after the run is to stop.
async fn end(patience: Duration, stop: &AtomicBool) {
    let stopped = async {
        while !stop.load(Ordering::Relaxed) {
            tokio::time::sleep(STOP_LOOK).await;
        }
    };
    if tokio::time::timeout(patience, stopped).await.is_ok() {
        tokio::time::sleep(STOP_GRACE).await;
    }
}
