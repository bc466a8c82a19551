//! **Delivering** the alerts that are due, of this run and of earlier ones.

use analyze::Configuration;
use analyze::alert::Sinks;
use analyze::outbox::{DeliveryRun, deliver};
use ingest::Lake;

use super::Invocation;

impl Invocation<'_> {
    /// Delivers, as far as the time allows.
    pub(super) async fn deliver(&mut self, lake: &Lake, configuration: &Configuration) {
        if configuration.sinks.is_empty() {
            if self.summary.alerts_raised > 0 {
                tracing::warn!("alerts go nowhere: the configuration has no [[sinks]]");
            }
            return;
        }
        if self.is_to_stop() {
            self.summary.stopped_early = true;
            return;
        }
        let sinks = Sinks::open(&configuration.sinks).await;
        let run = DeliveryRun {
            run_id: &self.request.id,
            // Later than what this run has just raised.
            now: (self.request.now)().timestamp_micros(),
            stop: &self.stop,
        };
        match Box::pin(deliver(lake, configuration, &sinks, &run)).await {
            Ok(report) => {
                for (name, sink) in &report.sinks {
                    self.summary.alerts_delivered += sink.delivered;
                    self.summary.alerts_failed += sink.failed;
                    self.summary.alerts_dead += sink.dead;
                    if let Some(reason) = &sink.last_reason {
                        tracing::warn!(sink = name, reason, "not delivered");
                    }
                }
            }
            Err(error) => self.fail(format!("{:#}", anyhow::Error::from(error))),
        }
    }
}
