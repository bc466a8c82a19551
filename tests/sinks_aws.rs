//! Alerts at **AWS services**: what arrives there, once, and what is said when it
//! does not.

use analyze::SinkSettings;
use analyze::alert::{Alert, DeliveryError};
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use serde_json::json;

mod arrivals;
mod refusals;

const ACCOUNT: &str = "111122223333";
/// The account of whoever calls moto.
const CALLER: &str = "123456789012";
const REGION: &str = "eu-west-1";

/// The n-th alert, about a matter of its own.
fn alert(number: usize) -> Alert {
    let key = format!("arn:aws:kms:{REGION}:{ACCOUNT}:key/{number:036}");
    let fingerprint = format!("{number:032x}");
    serde_json::from_value(json!({
        "id": format!("{fingerprint}-1"),
        "reason": "new",
        "raised_at": "2026-10-11T09:06:30Z",
        "first_found_at": "2026-10-11T09:06:12Z",
        "finding": {
            "fingerprint": fingerprint,
            "detection": "key_disabled",
            "title": "KMS key disabled",
            "severity": if number.is_multiple_of(2) { "high" } else { "low" },
            "confidence": "high",
            "event_time": "2026-10-11T09:00:00Z",
            "account_id": ACCOUNT,
            "region": REGION,
            "actor": format!("arn:aws:iam::{ACCOUNT}:role/KeyOperator"),
            "key_arn": key,
            "event_ids": ["event-1"],
            "summary": format!("KeyOperator disabled {key}"),
            "entity": {"key_arn": key},
            "details": {"mfa": "no"},
            "why": "Nothing encrypted under a disabled key can be read.",
            "benign": "A test before deletion.",
            "respond": "Ask the caller.",
            "attack": ["T1486"],
        },
    }))
    .unwrap()
}

fn alerts(count: usize) -> Vec<Alert> {
    (0..count).map(alert).collect()
}

fn settings(kind: &str, target: &str) -> SinkSettings {
    let mut settings = json!({"name": "test", "kind": kind});
    if !target.is_empty() {
        settings["target"] = target.into();
    }
    serde_json::from_value(settings).unwrap()
}

/// AWS at another address, with these credentials.
async fn aws(endpoint: &str, key: &str, secret: &str) -> SdkConfig {
    aws_config::defaults(BehaviorVersion::latest())
        .endpoint_url(endpoint)
        .region(Region::new(REGION))
        .credentials_provider(Credentials::new(key, secret, None, None, "tests"))
        .load()
        .await
}

#[track_caller]
fn all_arrived(deliveries: &[Result<(), DeliveryError>], count: usize) {
    assert_eq!(deliveries, vec![Ok(()); count]);
}
