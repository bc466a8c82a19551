//! Findings in the forms that other tools read, and without what is sensitive.

use serde_json::Value;

use super::detect::{detect, findings, loud_lake};
use crate::harness::Here;

const TWO: &[&str] = &["key_deletion_scheduled", "root_used_kms"];

fn exported(here: &Here, format: &str, options: &[&str]) -> String {
    detect(here, TWO, &[&["--format", format][..], options].concat()).stdout
}

#[test]
fn each_finding_is_a_line_of_ocsf() {
    let here = loud_lake();
    let known = findings(&detect(&here, TWO, &["--format", "json"]));
    let events: Vec<Value> = exported(&here, "ocsf", &[])
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(!events.is_empty());
    assert_eq!(events.len(), known.len());
    for (event, finding) in events.iter().zip(&known) {
        assert_eq!(event["class_uid"], 2004);
        assert_eq!(event["finding_info"]["uid"], finding["fingerprint"]);
        assert_eq!(event["finding_info"]["analytic"]["uid"], finding["detection"]);
    }
}

#[test]
fn a_run_is_a_sarif_log_whose_results_point_to_rules() {
    let here = loud_lake();
    let known = findings(&detect(&here, TWO, &["--format", "json"]));
    let log: Value = serde_json::from_str(&exported(&here, "sarif", &[])).unwrap();
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    assert_eq!(run["tool"]["driver"]["rules"].as_array().unwrap().len(), 2);
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), known.len());
    for (result, finding) in results.iter().zip(&known) {
        assert_eq!(result["fingerprints"]["keytrail/v1"], finding["fingerprint"]);
        assert_eq!(result["ruleId"], finding["detection"]);
    }
}

#[test]
fn findings_are_a_list_that_their_account_can_import() {
    let here = loud_lake();
    let known = findings(&detect(&here, TWO, &["--format", "json"]));
    let list: Vec<Value> = serde_json::from_str(&exported(&here, "asff", &[])).unwrap();
    assert_eq!(list.len(), known.len());
    for (item, finding) in list.iter().zip(&known) {
        assert_eq!(item["SchemaVersion"], "2018-10-08");
        assert_eq!(item["AwsAccountId"], finding["account_id"]);
        assert_eq!(item["Title"], finding["title"]);
    }
}

#[test]
fn an_export_can_be_redacted() {
    let here = loud_lake();
    let secret = "192.0.2.10";
    assert!(exported(&here, "json", &[]).contains(secret));
    for format in ["table", "json", "ndjson", "ocsf", "asff", "sarif"] {
        let text = exported(&here, format, &["--redact"]);
        assert!(!text.contains(secret), "{text}");
        assert!(text.contains("root_used_kms"), "{text}");
    }
    assert!(exported(&here, "json", &["--redact"]).contains("[address withheld]"));
}

#[test]
fn what_is_redacted_can_be_followed_by_who_has_the_key() {
    let mut here = loud_lake();
    here.set("KEYTRAIL_REDACT_KEY", "a key that only we have");
    let ours = exported(&here, "json", &["--redact"]);
    assert!(ours.contains("[address ") && !ours.contains("withheld"), "{ours}");
    assert_eq!(ours, exported(&here, "json", &["--redact"]));
    here.set("KEYTRAIL_REDACT_KEY", "a key that others have");
    assert_ne!(ours, exported(&here, "json", &["--redact"]));
    here.set("KEYTRAIL_REDACT_KEY", "short");
    let said = detect(&here, TWO, &["--redact"]);
    assert!(said.stderr.contains("fewer than 16 characters"), "{said}");
    assert!(!said.stderr.contains("short"), "{said}");
}
