//! A **sink**: a place that alerts go to.

use aws_config::SdkConfig;

use super::Alert;
use crate::configuration::{SinkKind, SinkSettings};
use crate::error::AnalyzeError;

mod address;
mod attributes;
mod aws;
mod aws_error;
mod batches;
pub(crate) mod event_bridge;
#[cfg(test)]
pub(crate) mod fake;
pub(crate) mod s3;
pub(crate) mod security_hub;
#[cfg(test)]
mod server;
mod slack;
pub(crate) mod sns;
pub(crate) mod sqs;
mod standard_output;
mod webhook;

pub use slack::Slack;
pub use standard_output::StandardOutput;
pub use webhook::Webhook;

use event_bridge::EventBridge;
use s3::S3;
use security_hub::SecurityHub;
use sns::Sns;
use sqs::Sqs;

/// Why an alert did not arrive.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct DeliveryError {
    /// What went wrong and what to do, without secrets.
    pub reason: String,
    /// Whether trying again may help.
    pub retry: bool,
    /// How long the sink asks to be left alone, seconds.
    pub retry_after_seconds: Option<u64>,
}

impl DeliveryError {
    /// An error that may have passed when the alert is tried again.
    pub(crate) fn passing(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), retry: true, retry_after_seconds: None }
    }

    /// An error that the same alert would meet again.
    pub(crate) fn lasting(reason: impl Into<String>) -> Self {
        Self { retry: false, ..Self::passing(reason) }
    }
}

/// A place that alerts go to, ready to take them.
#[derive(Debug)]
pub enum Sink {
    /// An SNS topic.
    Sns(Sns),
    /// An SQS queue.
    Sqs(Sqs),
    /// An EventBridge bus.
    EventBridge(EventBridge),
    /// AWS Security Hub.
    SecurityHub(Box<SecurityHub>),
    /// Lines of JSON in a bucket.
    S3(S3),
    /// Slack, or what takes Slack's messages.
    Slack(Box<Slack>),
    /// An address that takes OCSF Detection Findings.
    Webhook(Box<Webhook>),
    /// Lines of JSON on standard output.
    Stdout(StandardOutput),
    /// A sink of tests.
    #[cfg(test)]
    #[expect(private_interfaces, reason = "only tests see it")]
    Fake(fake::Fake),
}

/// A sink of the configuration, opened or not.
#[derive(Debug)]
pub struct OpenSink {
    settings: SinkSettings,
    /// Why it cannot be opened, if it cannot: the others deliver all the same.
    sink: Result<Sink, String>,
}

/// The sinks of a configuration.
#[derive(Debug)]
pub struct Sinks(Vec<OpenSink>);

impl Sink {
    /// Opens a sink; nothing is sent yet. `aws` is asked for by services of AWS.
    fn open(settings: &SinkSettings, aws: Option<&SdkConfig>) -> Result<Self, AnalyzeError> {
        let aws = aws.ok_or_else(|| AnalyzeError::Setting {
            reason: format!("sink {}: no configuration of AWS", settings.name),
        });
        match settings.kind {
            SinkKind::Sns => Sns::open(settings, aws?).map(Self::Sns),
            SinkKind::Sqs => Sqs::open(settings, aws?).map(Self::Sqs),
            SinkKind::EventBridge => EventBridge::open(settings, aws?).map(Self::EventBridge),
            SinkKind::SecurityHub => {
                SecurityHub::open(settings, aws?).map(Box::new).map(Self::SecurityHub)
            }
            SinkKind::S3 => S3::open(settings, aws?).map(Self::S3),
            SinkKind::Slack => Slack::open(settings).map(Box::new).map(Self::Slack),
            SinkKind::Webhook => Webhook::open(settings).map(Box::new).map(Self::Webhook),
            SinkKind::Stdout => StandardOutput::open(settings).map(Self::Stdout),
        }
    }

    /// Gives it alerts; for each one, in their order, what became of it.
    pub async fn deliver(&self, alerts: &[Alert]) -> Vec<Result<(), DeliveryError>> {
        match self {
            Self::Sns(sink) => sink.deliver(alerts).await,
            Self::Sqs(sink) => sink.deliver(alerts).await,
            Self::EventBridge(sink) => sink.deliver(alerts).await,
            Self::SecurityHub(sink) => sink.deliver(alerts).await,
            Self::S3(sink) => sink.deliver(alerts).await,
            Self::Slack(sink) => sink.deliver(alerts).await,
            Self::Webhook(sink) => sink.deliver(alerts).await,
            Self::Stdout(sink) => sink.deliver(alerts).await,
            #[cfg(test)]
            Self::Fake(sink) => sink.deliver(alerts).await,
        }
    }
}

impl OpenSink {
    /// What the configuration calls it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.settings.name
    }

    /// Gives it alerts; for each one, in their order, what became of it. A sink
    /// that could not be opened takes none.
    pub async fn deliver(&self, alerts: &[Alert]) -> Vec<Result<(), DeliveryError>> {
        match &self.sink {
            Ok(sink) => sink.deliver(alerts).await,
            Err(reason) => {
                alerts.iter().map(|_| Err(DeliveryError::passing(reason.clone()))).collect()
            }
        }
    }
}

impl Sinks {
    /// Opens the sinks. One that cannot be opened, because a variable is not set
    /// for instance, says so for each alert that it is given.
    pub async fn open(settings: &[SinkSettings]) -> Self {
        let is_aws = |kind| !matches!(kind, SinkKind::Slack | SinkKind::Webhook | SinkKind::Stdout);
        // To look for credentials and a Region takes time where there are none.
        let aws = if settings.iter().any(|sink| is_aws(sink.kind)) {
            Some(aws_config::defaults(aws_config::BehaviorVersion::latest()).load().await)
        } else {
            None
        };
        let open = |settings: &SinkSettings| OpenSink {
            settings: settings.clone(),
            sink: Sink::open(settings, aws.as_ref()).map_err(|error| error.to_string()),
        };
        Self(settings.iter().map(open).collect())
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &OpenSink> {
        self.0.iter()
    }

    /// Sinks of tests, by their settings.
    #[cfg(test)]
    pub(crate) fn fake(sinks: Vec<(SinkSettings, fake::Fake)>) -> Self {
        let open = |(settings, fake)| OpenSink { settings, sink: Ok(Sink::Fake(fake)) };
        Self(sinks.into_iter().map(open).collect())
    }
}
