//! **Samples**: alerts that somebody made up to do harm, and settings to open sinks
//! with.

use aws_config::{BehaviorVersion, Region, SdkConfig};
use proptest::prelude::*;
use serde_json::{Map, Value};

use crate::alert::{Alert, AlertReason};
use crate::configuration::{SinkKind, SinkSettings};
use crate::finding::{Finding, Severity};

/// Any text: short, hostile, or far too long.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        "\\PC{0,40}",
        any::<String>(),
        (any::<char>(), 1_usize..60_000)
            .prop_map(|(letter, count)| letter.to_string().repeat(count)),
        Just("\u{0}\"\\\n\u{202e}\u{ffff}".repeat(10_000)),
    ]
}

fn fields() -> impl Strategy<Value = Map<String, Value>> {
    let value = prop_oneof![
        text().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        prop::collection::vec(text(), 0..4).prop_map(Value::from),
    ];
    prop::collection::vec((text(), value), 0..6).prop_map(|fields| fields.into_iter().collect())
}

/// Alerts whose every text somebody else chose.
pub(crate) fn hostile() -> impl Strategy<Value = Alert> {
    let texts = prop::collection::vec(text(), 16);
    let lists = prop::collection::vec(prop::collection::vec(text(), 0..20), 2);
    (texts, lists, fields(), fields(), 0..Severity::ALL.len()).prop_map(
        |(texts, mut lists, entity, details, severity)| {
            let mut texts = texts.into_iter();
            let mut next = || texts.next().unwrap_or_default();
            Alert {
                id: next(),
                reason: AlertReason::Escalated,
                raised_at: next(),
                first_found_at: next(),
                finding: Finding {
                    fingerprint: next(),
                    detection: next(),
                    title: next(),
                    severity: Severity::ALL[severity],
                    confidence: next(),
                    event_time: next(),
                    first_time: None,
                    last_time: Some(next()),
                    event_count: Some(u64::MAX),
                    account_id: Some(next()),
                    region: Some(next()),
                    actor: Some(next()),
                    key_arn: Some(next()),
                    event_ids: lists.pop().unwrap_or_default(),
                    summary: next(),
                    entity,
                    details,
                    why: next(),
                    benign: String::new(),
                    respond: next(),
                    attack: lists.pop().unwrap_or_default(),
                    needs_history: false,
                },
            }
        },
    )
}

/// Settings of a sink.
pub(crate) fn sink(kind: SinkKind, target: Option<&str>) -> SinkSettings {
    SinkSettings {
        name: "test".to_owned(),
        kind,
        target: target.map(str::to_owned),
        target_variable: None,
        secret_variable: None,
        region: None,
        role_arn: None,
        min_severity: Severity::Info,
        accounts: Vec::new(),
        detections: Vec::new(),
        include_sensitive: true,
    }
}

/// AWS in a Region, without credentials.
pub(crate) fn aws() -> SdkConfig {
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-west-1"))
        .build()
}
