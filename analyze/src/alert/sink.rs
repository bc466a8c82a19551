//! A **sink**: a place that alerts go to.

mod attributes;
mod aws;
mod aws_error;
mod batches;
pub(crate) mod event_bridge;
pub(crate) mod s3;
pub(crate) mod security_hub;
pub(crate) mod sns;
pub(crate) mod sqs;

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
