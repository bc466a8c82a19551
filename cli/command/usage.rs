//! `keytrail usage`: calls added up by hour, brought up to date.

use anyhow::{Result, bail};
use ingest::{Lake, UsageReport, follow_usage};
use serde_json::json;

use super::{now, record_upkeep, seconds_since};
use crate::ExitStatus;
use crate::arguments::{SummaryFormat, UsageArguments};
use crate::output::text::{FAINT, count, data};

pub(crate) async fn run(arguments: &UsageArguments) -> Result<ExitStatus> {
    let started = now();
    let lake = Lake::at(&arguments.lake.lake).await?;
    let Some(report) = follow_usage(&lake, arguments.rebuild, started.timestamp_micros()).await?
    else {
        bail!(
            "there is no lake at {}: make one with keytrail ingest SOURCE --lake {}",
            lake.uri(),
            lake.uri()
        );
    };
    let counts = vec![("events_version", report.events_version), ("events", report.events)];
    let details = json!({ "rows": report.rows, "rebuilt": report.rebuilt });
    record_upkeep(&lake, "usage", started, "complete", counts, Some(details)).await?;
    let seconds = seconds_since(started);
    match arguments.format {
        SummaryFormat::Text => summarize(&report, seconds),
        SummaryFormat::Json => data(&json!({ "usage": report, "seconds": seconds }).to_string())?,
    }
    Ok(ExitStatus::Nothing)
}

fn summarize(report: &UsageReport, seconds: f64) {
    if report.files == 0 && !report.rebuilt {
        anstream::eprintln!("usage counts every event of the lake");
        return;
    }
    let how = if report.rebuilt { "counted anew" } else { "counted" };
    anstream::eprintln!(
        "{how}: {} in {}, {} of usage added",
        count(report.events, "event"),
        count(report.files, "file"),
        count(report.rows, "row")
    );
    anstream::eprintln!("{FAINT}in {seconds:.1} s{FAINT:#}");
}
