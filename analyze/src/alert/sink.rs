//! A **sink**: a place that alerts go to.

mod address;
mod attributes;
mod aws;
mod aws_error;
mod batches;
pub(crate) mod event_bridge;
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

/// Why an alert did not arrive.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct DeliveryError {
    /// What went wrong and what to do, without secrets.
    pub reason: String,
    /// Whether trying again may help.
    pub retry: bool,
}

/// A place that alerts go to, ready to take them.
#[derive(Debug)]
pub enum Sink {}
