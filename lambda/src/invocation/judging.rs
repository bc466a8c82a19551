//! **Judging** what is new, and recording what became of each matter.

use analyze::Configuration;
use analyze::life::{RunMark, detect_new, up_to_date};
use anyhow::Result;
use ingest::{Lake, record_run};

use super::Invocation;

impl Invocation<'_> {
    /// Judges, as far as the time allows.
    pub(super) async fn judge(&mut self, lake: &Lake, configuration: &Configuration) {
        if self.is_to_stop() {
            self.summary.stopped_early = true;
            return;
        }
        if let Err(error) = self.judge_new(lake, configuration).await {
            self.fail(format!("{error:#}"));
        }
    }

    async fn judge_new(&mut self, lake: &Lake, configuration: &Configuration) -> Result<()> {
        let mut detections = self.function.detections.clone();
        configuration.apply(&mut detections)?;
        let mark = RunMark {
            run_id: self.request.id.clone(),
            started_at: self.request.started.timestamp_micros(),
        };
        let opened = up_to_date(lake, configuration, mark.started_at).await?;
        if let Some(error) = opened.not_counted {
            // Answers stay right: what is not counted is counted for this run alone.
            let error = format!("{:#}", anyhow::Error::from(error));
            tracing::warn!(error, "usage could not be brought up to date");
        }
        let session = opened.session;
        let new =
            Box::pin(detect_new(lake, &session, &detections, configuration, &mark, &self.stop))
                .await?;
        let mut record = new.record(&mark, &session, configuration);
        record.ended_at = (self.request.now)().timestamp_micros();
        record_run(lake, &record).await?;
        let failed = new.run.outcomes.iter().filter(|outcome| outcome.error.is_some());
        for outcome in failed {
            self.summary.not_judged += 1;
            let error = outcome.error.as_deref().unwrap_or_default();
            tracing::error!(detection = outcome.detection, error, "a detection could not run");
        }
        self.summary.failures += self.summary.not_judged;
        self.summary.findings = new.life.found;
        self.summary.alerts_raised = new.life.raised.len() as u64;
        self.summary.stopped_early |= new.stopped_early;
        for alert in &new.life.raised {
            let finding = &alert.finding;
            tracing::warn!(
                alert_id = alert.id,
                detection = finding.detection,
                severity = ?finding.severity,
                account_id = finding.account_id,
                region = finding.region,
                "alert raised"
            );
        }
        Ok(())
    }
}
