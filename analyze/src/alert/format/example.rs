//! An **example**: an alert that the tests of all formats begin with.

use serde_json::{Map, Value, json};

use crate::alert::{Alert, AlertReason};
use crate::finding::{Finding, Severity};

/// A key was disabled.
pub(crate) fn alert() -> Alert {
    let key_arn = "arn:aws:kms:eu-west-1:111122223333:key/0a1b2c3d-12ab-34cd-56ef-1234567890ab";
    let actor = "arn:aws:iam::111122223333:role/KeyOperator";
    Alert {
        id: "0123456789abcdef0123456789abcdef-1".to_owned(),
        reason: AlertReason::New,
        raised_at: "2026-11-25T10:07:30Z".to_owned(),
        first_found_at: "2026-11-25T10:07:29Z".to_owned(),
        finding: Finding {
            fingerprint: "0123456789abcdef0123456789abcdef".to_owned(),
            detection: "key_disabled".to_owned(),
            title: "KMS key disabled".to_owned(),
            severity: Severity::High,
            confidence: "high".to_owned(),
            event_time: "2026-11-25T10:00:00Z".to_owned(),
            first_time: Some("2026-11-25T10:00:00Z".to_owned()),
            last_time: Some("2026-11-25T10:05:00Z".to_owned()),
            event_count: Some(2),
            account_id: Some("111122223333".to_owned()),
            region: Some("eu-west-1".to_owned()),
            actor: Some(actor.to_owned()),
            key_arn: Some(key_arn.to_owned()),
            event_ids: vec![
                "b1b2b3b4-0000-4000-8000-000000000001".to_owned(),
                "b1b2b3b4-0000-4000-8000-000000000002".to_owned(),
            ],
            summary: format!("{actor} disabled {key_arn}, which has been disabled since"),
            entity: object(&json!({ "key_arn": key_arn })),
            details: object(&json!({
                "actor_kind": "person",
                "event_names": ["DisableKey"],
                "mfa": "no",
                "mfa_reason": "session_flag",
                "source_ip_address": "192.0.2.10",
            })),
            why: "Nothing encrypted under a disabled key can be read.".to_owned(),
            benign: "A test before deletion.".to_owned(),
            respond: "Ask the caller and the key's owner whether it was planned.".to_owned(),
            attack: vec!["T1486".to_owned(), "T1078.004".to_owned()],
            needs_history: false,
        },
    }
}

/// The example with these details.
pub(crate) fn with_details(details: &Value) -> Alert {
    let mut alert = alert();
    alert.finding.details = object(details);
    alert
}

fn object(value: &Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap()
}
