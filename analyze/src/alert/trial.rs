//! A **trial**: an alert that says it is only a test.

use chrono::DateTime;
use serde_json::Map;

use super::{Alert, AlertReason};
use crate::finding::{Finding, Severity};

impl Alert {
    /// An alert to try sinks with, at a moment in microseconds since 1970 UTC.
    #[must_use]
    pub fn trial(now: i64) -> Self {
        let moment = DateTime::from_timestamp_micros(now).unwrap_or_default();
        let at = moment.format("%Y-%m-%dT%H:%M:%SZ").to_string();
        Self {
            id: format!("test-{}", moment.format("%Y%m%dT%H%M%SZ")),
            reason: AlertReason::New,
            raised_at: at.clone(),
            first_found_at: at.clone(),
            finding: Finding {
                fingerprint: "test".to_owned(),
                detection: "alert_test".to_owned(),
                title: "Test alert of KeyTrail".to_owned(),
                severity: Severity::Info,
                confidence: "high".to_owned(),
                event_time: at,
                first_time: None,
                last_time: None,
                event_count: None,
                account_id: None,
                region: None,
                actor: None,
                key_arn: None,
                event_ids: Vec::new(),
                summary: "this is only a test: nothing has happened".to_owned(),
                entity: Map::new(),
                details: Map::new(),
                why: "Somebody tries whether alerts arrive here.".to_owned(),
                benign: "It is nothing else.".to_owned(),
                respond: "Nothing is to be done.".to_owned(),
                attack: Vec::new(),
                needs_history: false,
            },
        }
    }
}
