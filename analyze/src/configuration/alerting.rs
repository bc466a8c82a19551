//! **Alerting**: what is sent where, when it is sent again, and what is never
//! sent; the `[alerts]`, `[[sinks]]` and `[[suppressions]]` of `keytrail.toml`.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::detection::micros_of;
use crate::finding::Severity;

/// The `[alerts]` table.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AlertSettings {
    /// ISO 8601: matters older than this are recorded as historical and told of
    /// once, in a summary.
    pub from: Option<String>,
    /// How long a matter that goes on is not told of again, such as `7d`.
    pub renotify_after: String,
    /// After this long, a run that claimed alerts and said no more is taken to
    /// be dead, and another one delivers them.
    pub claim_expires_after: String,
    /// Attempts at one alert to one sink before it is a dead letter.
    pub attempts_max: u32,
}

impl Default for AlertSettings {
    fn default() -> Self {
        Self {
            from: None,
            renotify_after: "7d".to_owned(),
            claim_expires_after: "15m".to_owned(),
            attempts_max: 8,
        }
    }
}

impl AlertSettings {
    /// How long a claim holds, microseconds; the default where the text is no
    /// duration.
    #[must_use]
    pub fn claim_expires_after_micros(&self) -> i64 {
        const DEFAULT_MICROS: i64 = 15 * 60 * 1_000_000;
        micros_of(&self.claim_expires_after).filter(|micros| *micros > 0).unwrap_or(DEFAULT_MICROS)
    }
}

/// One of the `[[sinks]]`: a place that alerts go to.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SinkSettings {
    /// What the log of findings calls it.
    pub name: String,
    /// What it is.
    pub kind: SinkKind,
    /// ARN of the topic (sns), URL of the queue (sqs), name or ARN of the bus
    /// (event_bridge), s3://bucket/prefix (s3), or https address (slack,
    /// webhook). None for security_hub and stdout.
    #[serde(default)]
    pub target: Option<String>,
    /// Name of the environment variable with the address, for addresses that are
    /// secrets themselves (slack, webhook).
    #[serde(default)]
    pub target_variable: Option<String>,
    /// Name of the environment variable with the secret that requests are signed
    /// with (webhook).
    #[serde(default)]
    pub secret_variable: Option<String>,
    /// Region of the AWS service, if not the one of the environment.
    #[serde(default)]
    pub region: Option<String>,
    /// Role to assume (AWS services); `{account_id}` stands for the account that
    /// a finding is about (security_hub).
    #[serde(default)]
    pub role_arn: Option<String>,
    /// The mildest severity that is sent there.
    #[serde(default = "low")]
    pub min_severity: Severity,
    /// Findings about these accounts only; about any, if empty.
    #[serde(default)]
    pub accounts: Vec<String>,
    /// Findings of these detections only, patterns with `*`; of all, if empty.
    #[serde(default)]
    pub detections: Vec<String>,
    /// Whether IP addresses, session names and values of encryption contexts go
    /// there, too. They always do to AWS services of one's own.
    #[serde(default)]
    pub include_sensitive: bool,
}

fn low() -> Severity {
    Severity::Low
}

/// What a sink is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SinkKind {
    /// An SNS topic.
    Sns,
    /// An SQS queue.
    Sqs,
    /// An EventBridge bus.
    EventBridge,
    /// AWS Security Hub.
    SecurityHub,
    /// Slack, or what takes Slack's messages.
    Slack,
    /// An address that takes OCSF Detection Findings.
    Webhook,
    /// Lines of JSON in a bucket.
    S3,
    /// Lines of JSON on standard output.
    Stdout,
}

/// One of the `[[suppressions]]`: findings that are known and accepted. They are
/// recorded, and not sent.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suppression {
    /// Id of the detection.
    pub detection: String,
    /// Entity columns, or account_id, region, actor and key_arn, to patterns with
    /// `*`: all must match.
    #[serde(default)]
    pub entity: BTreeMap<String, String>,
    /// Why it is accepted.
    pub reason: String,
    /// Who accepted it.
    pub approved_by: String,
    /// ISO 8601 date or time at which it ends.
    pub expires: String,
}
