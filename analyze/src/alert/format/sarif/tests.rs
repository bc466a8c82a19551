use std::sync::LazyLock;

use proptest::prelude::*;

use super::super::example;
use super::*;
use crate::detection::{Coverage, CoverageSummary, Detection, Outcome, Window, built_in};

fn run(findings: Vec<Finding>) -> DetectionRun {
    DetectionRun {
        window: Window { start: 0, end: 1 },
        outcomes: vec![
            Outcome { detection: "key_disabled".to_owned(), findings: findings.len(), error: None },
            Outcome {
                detection: "root_used_kms".to_owned(),
                findings: 0,
                error: Some("no such column".to_owned()),
            },
        ],
        findings,
        disabled: Vec::new(),
        not_determinable: Vec::new(),
        events: 1,
        coverage: CoverageSummary::default(),
        covered: Coverage::default(),
        detections_hash: String::new(),
    }
}

fn log_of(findings: Vec<Finding>) -> Value {
    static DETECTIONS: LazyLock<Vec<Detection>> = LazyLock::new(|| built_in().unwrap());
    let headers: Vec<&Header> = DETECTIONS.iter().map(|detection| &detection.header).collect();
    log(&run(findings), &headers)
}

/// What the schema of SARIF 2.1.0 requires, and what it allows.
fn assert_valid(log: &Value) {
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    let driver = &run["tool"]["driver"];
    assert!(driver["name"].is_string());
    let rules = driver["rules"].as_array().unwrap();
    for rule in rules {
        assert!(rule["id"].is_string());
        for text in ["shortDescription", "fullDescription", "help"] {
            assert!(!rule[text]["text"].as_str().unwrap().is_empty(), "{text} of {rule}");
        }
        assert!(
            ["none", "note", "warning", "error"]
                .contains(&rule["defaultConfiguration"]["level"].as_str().unwrap())
        );
        if let Some(address) = rule.get("helpUri") {
            url::Url::parse(address.as_str().unwrap()).unwrap();
        }
        assert!(rule["properties"]["tags"].is_array());
    }
    for invocation in run["invocations"].as_array().unwrap() {
        assert!(invocation["executionSuccessful"].is_boolean());
        for notification in invocation["toolExecutionNotifications"].as_array().unwrap() {
            assert!(notification["message"]["text"].is_string());
        }
    }
    for result in run["results"].as_array().unwrap() {
        assert!(!result["message"]["text"].as_str().unwrap().is_empty());
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        for location in result["locations"].as_array().unwrap() {
            assert!(!location["logicalLocations"].as_array().unwrap().is_empty());
        }
        assert!(result["fingerprints"]["keytrail/v1"].is_string());
    }
}

#[test]
fn a_log_has_what_sarif_requires() {
    let log = log_of(vec![example::alert().finding]);
    assert_valid(&log);
    let result = &log["runs"][0]["results"][0];
    assert_eq!(result["level"], "error");
    assert_eq!(result["occurrenceCount"], 2);
    assert_eq!(
        result["locations"][0]["logicalLocations"][0]["name"],
        "0a1b2c3d-12ab-34cd-56ef-1234567890ab"
    );
}

#[test]
fn every_detection_of_ours_is_a_valid_rule() {
    for detection in built_in().unwrap() {
        let rule = rule(&detection.header);
        assert!(rule["name"].as_str().unwrap().chars().all(|it| it.is_ascii_alphanumeric()));
        if let Some(address) = rule.get("helpUri") {
            url::Url::parse(address.as_str().unwrap()).unwrap();
        }
    }
}

#[test]
fn a_detection_that_could_not_run_is_a_notification() {
    let log = log_of(Vec::new());
    assert_valid(&log);
    let invocation = &log["runs"][0]["invocations"][0];
    assert_eq!(invocation["executionSuccessful"], false);
    assert_eq!(
        invocation["toolExecutionNotifications"],
        json!([{
            "level": "error",
            "message": {"text": "no such column"},
            "associatedRule": {"id": "root_used_kms", "index": 1},
        }])
    );
}

#[test]
fn a_finding_about_neither_key_nor_actor_is_about_its_account() {
    let mut finding = example::alert().finding;
    finding.key_arn = None;
    finding.actor = None;
    let log = log_of(vec![finding]);
    assert_valid(&log);
    let place = &log["runs"][0]["results"][0]["locations"][0]["logicalLocations"][0];
    assert_eq!((&place["kind"], &place["name"]), (&json!("account"), &json!("111122223333")));
}

#[test]
fn text_from_logs_makes_no_link() {
    let mut finding = example::alert().finding;
    finding.summary = "[click](https://evil.example) {0}".to_owned();
    let log = log_of(vec![finding]);
    assert_eq!(
        log["runs"][0]["results"][0]["message"]["text"],
        "\\[click\\](https://evil.example) {{0}}"
    );
}

proptest! {
    #[test]
    fn any_text_from_logs_gives_a_valid_log(text in any::<String>()) {
        let mut finding = example::alert().finding;
        finding.summary.clone_from(&text);
        finding.actor = Some(text.clone());
        finding.key_arn = Some(text);
        assert_valid(&log_of(vec![finding]));
    }
}
