//! **OCSF**: an alert as a Detection Finding, class 2004 of the Open
//! Cybersecurity Schema Framework, with its profile `cloud`.

use std::net::IpAddr;

use chrono::DateTime;
use serde_json::{Map, Value, json};

use crate::alert::{Alert, AlertReason};
use crate::catalogue;
use crate::finding::{Finding, Severity};

/// Version of the schema that events are written for.
pub const VERSION: &str = "1.5.0";

const CATEGORY: i64 = 2;
const CLASS: i64 = 2004;
/// Most evidences of an event.
const EVIDENCES_MAX: usize = 20;

/// The event. Times are milliseconds since 1970.
#[must_use]
pub fn event(alert: &Alert) -> Value {
    let finding = &alert.finding;
    let (activity, activity_name) = activity(alert.reason);
    let (severity, severity_name) = severity(finding.severity);
    let (confidence, confidence_name) = confidence(&finding.confidence);
    let raised = millis(&alert.raised_at);
    let class = json!({
        "category_uid": CATEGORY,
        "category_name": "Findings",
        "class_uid": CLASS,
        "class_name": "Detection Finding",
        "activity_id": activity,
        "activity_name": activity_name,
        "type_uid": CLASS * 100 + activity,
        "type_name": format!("Detection Finding: {activity_name}"),
        "severity_id": severity,
        "severity": severity_name,
        "confidence_id": confidence,
        "confidence": confidence_name,
        "status_id": 1,
        "status": "New",
        "is_alert": true,
    });
    let remedy = (!finding.respond.is_empty()).then(|| json!({ "desc": finding.respond }));
    let content = json!({
        "time": raised.or_else(|| millis(&finding.event_time)).unwrap_or_default(),
        "start_time": millis(finding.first_time.as_deref().unwrap_or(&finding.event_time)),
        "end_time": millis(finding.last_time.as_deref().unwrap_or(&finding.event_time)),
        "count": finding.event_count,
        "message": finding.summary,
        "metadata": metadata(alert),
        "finding_info": finding_info(alert, raised),
        "cloud": {
            "provider": "AWS",
            "account": account(finding.account_id.as_deref()),
            "region": finding.region,
        },
        "resources": resources(finding),
        "evidences": evidences(finding),
        "remediation": remedy,
        "unmapped": {
            "alert_reason": alert.reason,
            "why": finding.why,
            "benign": finding.benign,
            "entity": finding.entity,
            "details": finding.details,
        },
    });
    let parts = [class, content].into_iter().filter_map(|part| match part {
        Value::Object(fields) => Some(fields),
        _ => None,
    });
    without_empty(Value::Object(parts.flatten().collect()))
}

fn metadata(alert: &Alert) -> Value {
    json!({
        "version": VERSION,
        "profiles": ["cloud"],
        "product": {
            "name": "KeyTrail",
            "vendor_name": "KeyTrail",
            "uid": "keytrail",
            "version": env!("CARGO_PKG_VERSION"),
        },
        "uid": alert.id,
        "event_code": alert.finding.detection,
    })
}

/// `finding_info`: the matter, whose uid is the same for all its alerts.
fn finding_info(alert: &Alert, raised: Option<i64>) -> Value {
    let finding = &alert.finding;
    let related: Vec<Value> = finding
        .event_ids
        .iter()
        .map(|id| json!({ "uid": id, "product_uid": "cloudtrail" }))
        .collect();
    json!({
        "uid": finding.fingerprint,
        "title": finding.title,
        "desc": finding.summary,
        "types": catalogue::group(&finding.detection).map(|group| [group]),
        "created_time": millis(&alert.first_found_at),
        "modified_time": raised,
        "first_seen_time": millis(finding.first_time.as_deref().unwrap_or(&finding.event_time)),
        "last_seen_time": millis(finding.last_time.as_deref().unwrap_or(&finding.event_time)),
        "analytic": {
            "uid": finding.detection,
            "name": finding.title,
            "type_id": 1,
            "type": "Rule",
        },
        "attacks": finding.attack.iter().map(|id| attack(id)).collect::<Vec<_>>(),
        "related_events": related,
        "product_uid": "keytrail",
    })
}

/// A technique of ATT&CK, or a sub-technique with the one it belongs to.
fn attack(id: &str) -> Value {
    let known = catalogue::techniques().into_iter().find(|technique| technique.id == id);
    let (name, version) = known.map_or((None, None), |it| (Some(it.name), Some(it.version)));
    match id.split_once('.') {
        Some((technique, _)) => {
            let names = name.and_then(|name| name.split_once(": "));
            json!({
                "technique": { "uid": technique, "name": names.map(|(name, _)| name) },
                "sub_technique": { "uid": id, "name": names.map(|(_, name)| name) },
                "version": version,
            })
        }
        None => json!({ "technique": { "uid": id, "name": name }, "version": version }),
    }
}

fn resources(finding: &Finding) -> Vec<Value> {
    let Some(key) = &finding.key_arn else { return Vec::new() };
    // arn:partition:kms:region:account:key/id
    let mut parts = key.split(':');
    let is_arn = parts.next() == Some("arn");
    let partition = parts.next().filter(|_| is_arn);
    let (region, owner) = (parts.nth(1).filter(|_| is_arn), parts.next().filter(|_| is_arn));
    vec![json!({
        "uid": key,
        "type": "AWS::KMS::Key",
        "cloud_partition": partition,
        "region": region,
        "owner": { "account": account(owner) },
    })]
}

fn account(id: Option<&str>) -> Value {
    id.filter(|id| !id.is_empty())
        .map_or(Value::Null, |id| json!({ "uid": id, "type_id": 10, "type": "AWS Account" }))
}

/// Who called what from where. Who called is part of each; which call came from
/// which address is only known where there is one of each.
fn evidences(finding: &Finding) -> Vec<Value> {
    let actor = finding.actor.as_deref().map(actor);
    let calls: Vec<Value> = ["event_name", "event_names", "operations"]
        .into_iter()
        .flat_map(|column| texts(finding, column))
        .map(|operation| json!({ "operation": operation }))
        .collect();
    let endpoints: Vec<Value> = ["source_ip_address", "source_ip_addresses"]
        .into_iter()
        .flat_map(|column| texts(finding, column))
        .filter_map(endpoint)
        .collect();
    let evidence = |call: Option<&Value>, endpoint: Option<&Value>| {
        let mut evidence = Map::new();
        let parts = [("actor", actor.as_ref()), ("api", call), ("src_endpoint", endpoint)];
        evidence.extend(
            parts.into_iter().filter_map(|(name, part)| Some((name.to_owned(), part?.clone()))),
        );
        Value::Object(evidence)
    };
    let mut evidences = match (calls.as_slice(), endpoints.as_slice()) {
        ([], []) if actor.is_none() => Vec::new(),
        ([] | [_], [] | [_]) => vec![evidence(calls.first(), endpoints.first())],
        _ => {
            let calls = calls.iter().map(|call| evidence(Some(call), None));
            calls.chain(endpoints.iter().map(|endpoint| evidence(None, Some(endpoint)))).collect()
        }
    };
    evidences.truncate(EVIDENCES_MAX);
    evidences
}

fn actor(actor: &str) -> Value {
    let mut parts = actor.split(':');
    let account_id = if actor.starts_with("arn:") { parts.nth(4) } else { None };
    let (type_id, kind) = match parts.next().and_then(|resource| resource.split('/').next()) {
        Some("root") => (2, "Admin"),
        Some("user") => (1, "User"),
        Some(kind @ ("role" | "assumed-role" | "federated-user")) => (99, kind),
        _ if actor.ends_with(".amazonaws.com") || actor.ends_with(".amazonaws.com.cn") => {
            (3, "System")
        }
        _ => (0, "Unknown"),
    };
    json!({ "user": { "uid": actor, "type_id": type_id, "type": kind, "account": account(account_id) } })
}

/// An address, or the service that called; none if it was withheld.
fn endpoint(text: &str) -> Option<Value> {
    if text.parse::<IpAddr>().is_ok() {
        Some(json!({ "ip": text }))
    } else if text.starts_with('[') {
        None
    } else {
        Some(json!({ "svc_name": text }))
    }
}

/// The texts of a column.
fn texts<'a>(finding: &'a Finding, column: &str) -> Vec<&'a str> {
    match finding.details.get(column).or_else(|| finding.entity.get(column)) {
        Some(Value::String(text)) => vec![text],
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

fn activity(reason: AlertReason) -> (i64, &'static str) {
    match reason {
        AlertReason::New | AlertReason::Historical | AlertReason::Undeliverable => (1, "Create"),
        AlertReason::Escalated | AlertReason::Reminder | AlertReason::Returned => (2, "Update"),
    }
}

fn severity(severity: Severity) -> (i64, &'static str) {
    match severity {
        Severity::Info => (1, "Informational"),
        Severity::Low => (2, "Low"),
        Severity::Medium => (3, "Medium"),
        Severity::High => (4, "High"),
        Severity::Critical => (5, "Critical"),
    }
}

fn confidence(confidence: &str) -> (i64, &'static str) {
    match confidence {
        "low" => (1, "Low"),
        "medium" => (2, "Medium"),
        "high" => (3, "High"),
        _ => (0, "Unknown"),
    }
}

fn millis(time: &str) -> Option<i64> {
    DateTime::parse_from_rfc3339(time).ok().map(|time| time.timestamp_millis())
}

/// Without members that are null, or lists and objects that are empty; what the
/// detection itself returned stays as it is.
fn without_empty(value: Value) -> Value {
    let Value::Object(fields) = value else { return value };
    let fields = fields.into_iter().filter_map(|(name, value)| {
        let value = match value {
            Value::Array(items) => Value::Array(items.into_iter().map(without_empty).collect()),
            value if name == "details" || name == "entity" => value,
            value => without_empty(value),
        };
        let empty = value.is_null()
            || value.as_array().is_some_and(Vec::is_empty)
            || value.as_object().is_some_and(Map::is_empty);
        (!empty).then_some((name, value))
    });
    Value::Object(fields.collect())
}

#[cfg(test)]
mod tests;
