//! A **record** as CloudTrail would write it, about accounts that do not exist.

use serde_json::{Map, Value, json};

pub(crate) const ACCOUNT: &str = "111122223333";
pub(crate) const REGION: &str = "eu-west-1";

/// An event id; each number has its own.
pub(crate) fn event_id(number: u32) -> String {
    format!("{number:08x}-12ab-4cd3-8ef4-{number:012x}")
}

/// The ARN of a key; each number has its own.
pub(crate) fn key_arn(number: u32) -> String {
    format!("arn:aws:kms:{REGION}:{ACCOUNT}:key/{number:08x}-34cd-4ef5-9012-1234567890ab")
}

/// One second later for each number.
pub(crate) fn event_time(number: u32) -> String {
    let (minutes, second) = (number / 60, number % 60);
    let (hours, minute) = (minutes / 60, minutes % 60);
    format!("2026-10-{:02}T{:02}:{minute:02}:{second:02}Z", 5 + hours / 24, hours % 24)
}

/// A workload decrypts: the call that nothing is wrong with.
pub(crate) fn decrypt(number: u32) -> Value {
    json!({
        "eventVersion": "1.11",
        "userIdentity": workload(),
        "eventTime": event_time(number),
        "eventSource": "kms.amazonaws.com",
        "eventName": "Decrypt",
        "awsRegion": REGION,
        "sourceIPAddress": "192.0.2.10",
        "userAgent": "orders-service/2.4",
        "requestParameters": {
            "encryptionAlgorithm": "SYMMETRIC_DEFAULT",
            "encryptionContext": {"Project": "orders", "part": number.to_string()},
        },
        "responseElements": null,
        "requestID": format!("request-{number}"),
        "eventID": event_id(number),
        "readOnly": true,
        "resources": [{"accountId": ACCOUNT, "type": "AWS::KMS::Key", "ARN": key_arn(1)}],
        "eventType": "AwsApiCall",
        "managementEvent": true,
        "recipientAccountId": ACCOUNT,
        "eventCategory": "Management",
    })
}

/// A role on an instance.
pub(crate) fn workload() -> Value {
    session("orders-service", "i-0a1b2c3d4e5f60718", json!({"ec2RoleDelivery": "2.0"}))
}

/// A person who signed in through the console, without MFA.
pub(crate) fn root() -> Value {
    json!({
        "type": "Root",
        "principalId": ACCOUNT,
        "arn": format!("arn:aws:iam::{ACCOUNT}:root"),
        "accountId": ACCOUNT,
        "sessionContext": {"attributes": {"creationDate": "2026-10-05T08:00:00Z", "mfaAuthenticated": "false"}},
    })
}

/// A session of a role; `more` is added to the session's context.
pub(crate) fn session(role: &str, name: &str, more: Value) -> Value {
    let mut context = json!({
        "sessionIssuer": {
            "type": "Role",
            "principalId": "AROAEXAMPLEEXAMPLE00",
            "arn": format!("arn:aws:iam::{ACCOUNT}:role/{role}"),
            "accountId": ACCOUNT,
            "userName": role,
        },
        "attributes": {"creationDate": "2026-10-05T08:00:00Z", "mfaAuthenticated": "false"},
    });
    for (field, value) in as_object(more) {
        context[field] = value;
    }
    json!({
        "type": "AssumedRole",
        "principalId": format!("AROAEXAMPLEEXAMPLE00:{name}"),
        "arn": format!("arn:aws:sts::{ACCOUNT}:assumed-role/{role}/{name}"),
        "accountId": ACCOUNT,
        "accessKeyId": "ASIAEXAMPLEEXAMPLE00",
        "sessionContext": context,
    })
}

/// Another call, by another service.
pub(crate) fn call(number: u32, service: &str, name: &str, request: impl Into<Value>) -> Value {
    changed(
        decrypt(number),
        json!({
            "eventSource": format!("{service}.amazonaws.com"),
            "eventName": name,
            "requestParameters": request.into(),
            "resources": null,
            "readOnly": false,
        }),
    )
}

/// A record with some fields set anew.
pub(crate) fn changed(mut record: Value, fields: Value) -> Value {
    for (field, value) in as_object(fields) {
        record[field] = value;
    }
    record
}

/// A record without one of its fields.
pub(crate) fn without(mut record: Value, field: &str) -> Value {
    record.as_object_mut().unwrap().remove(field);
    record
}

/// Records with the numbers of a range.
pub(crate) fn decrypts(numbers: impl IntoIterator<Item = u32>) -> Vec<Value> {
    numbers.into_iter().map(decrypt).collect()
}

/// The text of a record; CloudTrail writes `eventVersion` first.
pub(crate) fn text(record: &Value) -> String {
    let mut fields = record.as_object().unwrap().clone();
    let version = fields.remove("eventVersion").unwrap();
    let rest = Value::Object(fields).to_string();
    format!(r#"{{"eventVersion":{version},{}"#, &rest[1..])
}

/// `{"Records":[...]}` on one line, as CloudTrail delivers it.
pub(crate) fn document(records: &[Value]) -> String {
    let texts: Vec<String> = records.iter().map(text).collect();
    of_texts(&texts)
}

/// A document of records that may be no JSON.
pub(crate) fn of_texts<S: AsRef<str>>(records: &[S]) -> String {
    let records: Vec<&str> = records.iter().map(AsRef::as_ref).collect();
    format!(r#"{{"Records":[{}]}}"#, records.join(","))
}

/// The name of a log file: delivered so many slots of five minutes after 2026-10-05.
pub(crate) fn log_name(slot: u32, random: &str) -> String {
    let (hour, minute) = (slot / 12, slot % 12 * 5);
    format!(
        "AWSLogs/{ACCOUNT}/CloudTrail/{REGION}/2026/10/05/{ACCOUNT}_CloudTrail_{REGION}_20261005T{hour:02}{minute:02}Z_{random}.json.gz"
    )
}

fn as_object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        other => panic!("not an object: {other}"),
    }
}
