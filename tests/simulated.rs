//! A **simulated** month: what was planted is found by the detections that its labels name, and little
//! else is.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use crate::harness::Here;

/// Days of the month, and findings of medium severity and above that one of them may have outside labels.
const DAYS: usize = 30;
const OUTSIDE_A_DAY_MAX: usize = 5;

/// Judges the time from a moment to the end of the month.
fn judged(here: &Here, from: &str) -> Vec<Value> {
    let said = here.run([
        "detect",
        "--lake",
        "lake",
        "--from",
        from,
        "--to",
        "2026-10-07T00:00:00Z",
        "--format",
        "json",
    ]);
    assert_eq!(said.code, Some(1), "{said}");
    let document: Value = serde_json::from_str(&said.stdout).unwrap();
    document["findings"].as_array().unwrap().clone()
}

fn event_ids(value: &Value) -> BTreeSet<&str> {
    value["event_ids"].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// Whether a finding is about a label: the same detection and an event of it, or its place when it is
/// about missing events.
fn is_about(finding: &Value, label: &Value) -> bool {
    let planted = event_ids(label);
    let same = |field: &str| finding[field] == label[field];
    same("detection")
        && if planted.is_empty() {
            same("account_id") && same("region")
        } else {
            !planted.is_disjoint(&event_ids(finding))
        }
}

fn line(value: &Value) -> String {
    let text = |field: &str| value[field].as_str().unwrap_or_default().to_owned();
    let what = if value["summary"].is_null() { text("title") } else { text("summary") };
    format!(
        "{} {} {} {} {what}",
        text("severity"),
        text("detection"),
        text("event_time"),
        text("account_id")
    )
}

/// Findings that no label explains and somebody would have to look at.
fn outside(findings: &[Value], labels: &[Value]) -> Vec<String> {
    findings
        .iter()
        .filter(|finding| !matches!(finding["severity"].as_str(), Some("info" | "low")))
        .filter(|finding| !labels.iter().any(|label| is_about(finding, label)))
        .map(line)
        .collect()
}

#[test]
#[expect(clippy::print_stdout, reason = "whoever changes a detection reads what it adds")]
fn every_planted_incident_is_found_and_little_else() {
    let here = Here::new();
    let end = "2026-10-07T00:00:00Z";
    let days = DAYS.to_string();
    let said = here.run(["simulate", "trail", "--events", "30000", "--days", &days, "--end", end]);
    assert_eq!(said.code, Some(0), "{said}");
    let text = fs::read(here.path("trail/incidents.json")).unwrap();
    let document: Value = serde_json::from_slice(&text).unwrap();
    let labels = document["incidents"].as_array().unwrap();
    here.ingest(&["trail/AWSLogs"]);

    let (day, month) =
        (judged(&here, "2026-10-06T00:00:00Z"), judged(&here, "2026-09-07T00:00:00Z"));
    let missed: Vec<String> = labels
        .iter()
        .filter(|label| !day.iter().chain(&month).any(|finding| is_about(finding, label)))
        .map(line)
        .collect();
    assert!(missed.is_empty(), "not found:\n{}", missed.join("\n"));

    let (of_day, of_month) = (outside(&day, labels), outside(&month, labels));
    println!("outside labels, in one day and in one month:\n{of_day:#?}\n{of_month:#?}");
    assert!(of_day.len() < OUTSIDE_A_DAY_MAX, "in one day:\n{}", of_day.join("\n"));
    let most = OUTSIDE_A_DAY_MAX * DAYS;
    assert!(of_month.len() < most, "in one month:\n{}", of_month.join("\n"));
}
