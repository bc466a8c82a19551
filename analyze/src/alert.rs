//! An **alert**: a finding on its way to people.

use serde::{Deserialize, Serialize};

use crate::finding::Finding;

pub mod format;
pub(crate) mod sink;
mod trial;

pub use format::asff;
pub use sink::{DeliveryError, OpenSink, Sink, Sinks, Slack, StandardOutput, Webhook};

/// Sinks, one by one.
#[doc(hidden)]
pub mod sinks {
    pub use super::sink::event_bridge::EventBridge;
    pub use super::sink::s3::S3;
    pub use super::sink::security_hub::SecurityHub;
    pub use super::sink::sns::Sns;
    pub use super::sink::sqs::Sqs;
    pub use super::sink::{Slack, StandardOutput, Webhook};
}

/// Why people are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertReason {
    /// The matter is new.
    New,
    /// It got worse.
    Escalated,
    /// It goes on.
    Reminder,
    /// It was over, and is back.
    Returned,
    /// A summary of matters from before alerting began.
    Historical,
    /// Alerts cannot be delivered somewhere else.
    Undeliverable,
}

/// A finding on its way to people.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    /// The same for every attempt and every sink: fingerprint and number.
    pub id: String,
    /// Why people are told.
    pub reason: AlertReason,
    /// When it was raised, ISO 8601.
    pub raised_at: String,
    /// When the matter was first found, ISO 8601.
    pub first_found_at: String,
    /// The finding.
    pub finding: Finding,
}
