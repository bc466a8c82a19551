use proptest::prelude::*;

use super::super::example;
use super::*;

/// What version 1.5.0 of the schema requires: of an object at a path, these
/// members. A path that ends in `[]` is a list, of which each item must have them.
const REQUIRED: [(&str, &[&str]); 10] = [
    (
        "",
        &[
            "activity_id",
            "category_uid",
            "class_uid",
            "cloud",
            "finding_info",
            "metadata",
            "severity_id",
            "time",
            "type_uid",
        ],
    ),
    ("metadata", &["product", "version"]),
    ("metadata.product", &["name", "vendor_name"]),
    ("cloud", &["provider"]),
    ("finding_info", &["uid", "title"]),
    ("finding_info.analytic", &["type_id", "uid", "name"]),
    ("finding_info.related_events[]", &["uid"]),
    ("finding_info.attacks[]", &["technique", "version"]),
    ("resources[]", &["uid", "type"]),
    ("remediation", &["desc"]),
];

/// The values that enumerations allow.
const ENUMERATIONS: [(&str, &[i64]); 6] = [
    ("activity_id", &[0, 1, 2, 3, 99]),
    ("severity_id", &[0, 1, 2, 3, 4, 5, 6, 99]),
    ("status_id", &[0, 1, 2, 3, 4, 5, 6, 99]),
    ("confidence_id", &[0, 1, 2, 3, 99]),
    ("category_uid", &[2]),
    ("class_uid", &[2004]),
];

/// The parts of an event at a path.
fn at<'a>(event: &'a Value, path: &str) -> Vec<&'a Value> {
    let mut found = vec![event];
    for step in path.split('.').filter(|step| !step.is_empty()) {
        let name = step.trim_end_matches("[]");
        found = found.into_iter().filter_map(|value| value.get(name)).collect();
        if step.ends_with("[]") {
            found = found.into_iter().flat_map(|value| value.as_array().unwrap()).collect();
        }
    }
    found
}

fn assert_valid(event: &Value) {
    for (path, names) in REQUIRED {
        for part in at(event, path) {
            for name in names {
                assert!(part.get(name).is_some(), "{path}: {name} is missing in {part}");
            }
        }
    }
    for (name, allowed) in ENUMERATIONS {
        assert!(allowed.contains(&event[name].as_i64().unwrap()), "{name}: {}", event[name]);
    }
    let (class, activity) = (event["class_uid"].as_i64(), event["activity_id"].as_i64());
    assert_eq!(event["type_uid"].as_i64(), Some(class.unwrap() * 100 + activity.unwrap()));
    for evidence in at(event, "evidences[]") {
        let some = ["actor", "api", "src_endpoint"].iter().any(|name| evidence.get(name).is_some());
        assert!(some, "an evidence shows nothing: {evidence}");
    }
    for user in at(event, "evidences[].actor.user") {
        assert!([0, 1, 2, 3, 99].contains(&user["type_id"].as_i64().unwrap()));
    }
}

#[test]
fn an_alert_is_a_valid_detection_finding() {
    let mut alert = example::alert();
    for reason in [
        AlertReason::New,
        AlertReason::Escalated,
        AlertReason::Reminder,
        AlertReason::Returned,
        AlertReason::Historical,
        AlertReason::Undeliverable,
    ] {
        alert.reason = reason;
        assert_valid(&event(&alert));
    }
    for severity in Severity::ALL {
        alert.finding.severity = severity;
        assert_valid(&event(&alert));
    }
}

#[test]
fn every_required_part_of_the_example_is_there() {
    let event = event(&example::alert());
    for (path, _) in REQUIRED {
        assert!(!at(&event, path).is_empty(), "{path} is missing");
    }
}

#[test]
fn times_are_milliseconds() {
    let event = event(&example::alert());
    assert_eq!(event["time"], 1_795_601_250_000_i64);
    assert_eq!(event["finding_info"]["created_time"], 1_795_601_249_000_i64);
    assert_eq!(event["start_time"], 1_795_600_800_000_i64);
    assert_eq!(event["end_time"], 1_795_601_100_000_i64);
}

#[test]
fn a_finding_is_updated_by_later_alerts_about_the_same_matter() {
    let mut alert = example::alert();
    let first = event(&alert);
    alert.reason = AlertReason::Escalated;
    alert.id = "0123456789abcdef0123456789abcdef-2".to_owned();
    let second = event(&alert);
    assert_eq!(first["finding_info"]["uid"], second["finding_info"]["uid"]);
    assert_ne!(first["metadata"]["uid"], second["metadata"]["uid"]);
    assert_eq!((&first["activity_id"], &second["activity_id"]), (&json!(1), &json!(2)));
}

#[test]
fn one_call_from_one_address_is_one_evidence() {
    let event = event(&example::alert());
    assert_eq!(
        event["evidences"],
        json!([{
            "actor": {"user": {
                "uid": "arn:aws:iam::111122223333:role/KeyOperator",
                "type_id": 99,
                "type": "role",
                "account": {"uid": "111122223333", "type_id": 10, "type": "AWS Account"},
            }},
            "api": {"operation": "DisableKey"},
            "src_endpoint": {"ip": "192.0.2.10"},
        }])
    );
}

#[test]
fn it_is_not_claimed_which_of_many_calls_came_from_which_address() {
    let alert = example::with_details(&json!({
        "event_names": ["Decrypt", "Encrypt"],
        "source_ip_addresses": ["192.0.2.10", "s3.amazonaws.com", "[address withheld]"],
    }));
    let event = event(&alert);
    let evidences = at(&event, "evidences[]");
    assert_eq!(evidences.len(), 4);
    assert!(evidences.iter().all(|it| it.get("api").is_none() || it.get("src_endpoint").is_none()));
    assert_eq!(evidences[3]["src_endpoint"], json!({"svc_name": "s3.amazonaws.com"}));
}

#[test]
fn a_sub_technique_names_its_technique() {
    assert_eq!(
        attack("T1078.004"),
        json!({
            "technique": {"uid": "T1078", "name": "Valid Accounts"},
            "sub_technique": {"uid": "T1078.004", "name": "Cloud Accounts"},
            "version": "18.1",
        })
    );
}

#[test]
fn keys_of_other_partitions_have_their_region_and_owner() {
    let mut alert = example::alert();
    alert.finding.key_arn = Some("arn:aws-cn:kms:cn-north-1:444455556666:key/k".to_owned());
    let resource = &event(&alert)["resources"][0];
    assert_eq!(resource["cloud_partition"], "aws-cn");
    assert_eq!(resource["region"], "cn-north-1");
    assert_eq!(resource["owner"]["account"]["uid"], "444455556666");
}

proptest! {
    #[test]
    fn any_text_from_logs_gives_a_valid_event(text in any::<String>(), other in any::<Option<String>>()) {
        let mut alert = example::with_details(&json!({"operations": [text], "source_ip_address": text}));
        alert.finding.actor.clone_from(&other);
        alert.finding.key_arn.clone_from(&other);
        alert.finding.account_id = other;
        alert.finding.event_time.clone_from(&text);
        alert.finding.first_time = None;
        alert.finding.confidence.clone_from(&text);
        alert.raised_at = text;
        assert_valid(&event(&alert));
    }
}
