//! **Metrics** in CloudWatch's embedded format: a line of JSON in the log, from
//! which CloudWatch makes metrics by itself. One line for each invocation.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use crate::summary::Summary;

const NAMESPACE: &str = "KeyTrail";

/// The one dimension.
const DIMENSION: &str = "FunctionName";

/// The line. A value that there is none of in this run is left out.
#[must_use]
pub(crate) fn line(summary: &Summary, function_name: &str, now: DateTime<Utc>) -> String {
    let values = values(summary);
    let metrics: Vec<Value> =
        values.iter().map(|(name, unit, _)| json!({ "Name": name, "Unit": unit })).collect();
    let mut line = Map::new();
    line.insert(
        "_aws".to_owned(),
        json!({
            "Timestamp": now.timestamp_millis(),
            "CloudWatchMetrics": [{
                "Namespace": NAMESPACE,
                "Dimensions": [[DIMENSION]],
                "Metrics": metrics,
            }],
        }),
    );
    // A dimension without a value would make CloudWatch drop the line.
    let name = if function_name.is_empty() { "unnamed" } else { function_name };
    line.insert(DIMENSION.to_owned(), json!(name));
    for (name, _, value) in values {
        line.insert(name.to_owned(), json!(value));
    }
    Value::Object(line).to_string()
}

/// Name, unit and value of each metric.
fn values(summary: &Summary) -> Vec<(&'static str, &'static str, u64)> {
    let mut values = vec![
        ("Objects", "Count", summary.objects),
        ("Events", "Count", summary.events),
        ("Findings", "Count", summary.findings),
        ("AlertsRaised", "Count", summary.alerts_raised),
        ("AlertsDelivered", "Count", summary.alerts_delivered),
        ("AlertsFailed", "Count", summary.alerts_failed),
        ("AlertsDead", "Count", summary.alerts_dead),
        ("Skipped", "Count", summary.skipped),
        ("Refused", "Count", summary.refused),
        ("Failures", "Count", summary.failures),
        ("RunsSucceeded", "Count", u64::from(summary.succeeded)),
        ("RunsStoppedEarly", "Count", u64::from(summary.stopped_early)),
        ("S3Requests", "Count", summary.s3_requests),
        ("Duration", "Milliseconds", summary.milliseconds),
    ];
    values.extend(summary.lag_seconds.map(|seconds| ("LagSeconds", "Seconds", seconds)));
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(summary: &Summary, name: &str) -> Value {
        let line = line(summary, name, DateTime::from_timestamp_millis(1_791_159_000_123).unwrap());
        assert!(!line.contains('\n'));
        serde_json::from_str(&line).unwrap()
    }

    #[test]
    fn the_line_is_what_the_embedded_format_asks_for() {
        let summary = Summary { events: 7, lag_seconds: Some(190), ..Summary::default() };
        let line = parsed(&summary, "keytrail");
        assert_eq!(line["_aws"]["Timestamp"], 1_791_159_000_123_u64);
        let directive = &line["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(directive["Namespace"], "KeyTrail");
        assert_eq!(directive["Dimensions"], json!([["FunctionName"]]));
        assert_eq!(line["FunctionName"], "keytrail");
        assert_eq!((&line["Events"], &line["LagSeconds"]), (&json!(7), &json!(190)));
        let metrics = directive["Metrics"].as_array().unwrap();
        assert!(metrics.len() <= 100);
        for metric in metrics {
            let name = metric["Name"].as_str().unwrap();
            assert!(line[name].is_number(), "{name}");
            let unit = metric["Unit"].as_str().unwrap();
            assert!(["Count", "Seconds", "Milliseconds"].contains(&unit), "{unit}");
        }
    }

    #[test]
    fn a_run_without_new_events_says_nothing_of_the_lag() {
        let line = parsed(&Summary::default(), "");
        assert!(line.get("LagSeconds").is_none());
        assert!(!line["_aws"].to_string().contains("LagSeconds"));
        assert_eq!(line["FunctionName"], "unnamed");
    }
}
