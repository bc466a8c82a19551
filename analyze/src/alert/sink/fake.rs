//! A **fake**: a sink of tests, which does as it is told and remembers what it got.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::DeliveryError;
use crate::alert::Alert;

/// What a fake does with alerts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Manner {
    Takes,
    TakesSlowly(Duration),
    Refuses {
        retry: bool,
    },
    /// Takes those of this severity only.
    TakesOnly(crate::Severity),
    Hangs,
    /// Takes them and never answers, as if the run had died then.
    TakesAndHangs,
}

/// A sink of tests. Clones are one sink.
#[derive(Debug, Clone)]
pub(crate) struct Fake {
    manner: Arc<Mutex<Manner>>,
    taken: Arc<Mutex<Vec<Alert>>>,
}

impl Fake {
    pub(crate) fn that(manner: Manner) -> Self {
        Self { manner: Arc::new(Mutex::new(manner)), taken: Arc::default() }
    }

    pub(crate) fn start_to(&self, manner: Manner) {
        *self.manner.lock().unwrap() = manner;
    }

    pub(crate) fn taken(&self) -> Vec<Alert> {
        self.taken.lock().unwrap().clone()
    }

    pub(crate) fn ids(&self) -> Vec<String> {
        self.taken().into_iter().map(|alert| alert.id).collect()
    }

    pub(crate) async fn deliver(&self, alerts: &[Alert]) -> Vec<Result<(), DeliveryError>> {
        let manner = self.manner.lock().unwrap().clone();
        let take = |alert: &Alert| self.taken.lock().unwrap().push(alert.clone());
        match manner {
            Manner::Hangs => std::future::pending().await,
            Manner::TakesAndHangs => {
                alerts.iter().for_each(take);
                std::future::pending().await
            }
            Manner::Refuses { retry: true } => {
                alerts.iter().map(|_| Err(DeliveryError::passing("closed today"))).collect()
            }
            Manner::Refuses { retry: false } => {
                alerts.iter().map(|_| Err(DeliveryError::lasting("no such place"))).collect()
            }
            Manner::TakesOnly(severity) => alerts
                .iter()
                .map(|alert| {
                    if alert.finding.severity != severity {
                        return Err(DeliveryError::passing("not that"));
                    }
                    take(alert);
                    Ok(())
                })
                .collect(),
            Manner::Takes | Manner::TakesSlowly(_) => {
                if let Manner::TakesSlowly(time) = manner {
                    tokio::time::sleep(time).await;
                }
                alerts.iter().for_each(take);
                alerts.iter().map(|_| Ok(())).collect()
            }
        }
    }
}
