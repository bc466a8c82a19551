//! `keytrail compact`: small files of the lake into few large ones.

use std::sync::Arc;

use anyhow::Result;
use chrono::{DateTime, Utc};
use ingest::{CompactOptions, CompactReport, CompactedTable, Lake, UpkeepError, UpkeepProgress};
use serde_json::{Value, json};

use super::{now, record_upkeep, seconds_since};
use crate::ExitStatus;
use crate::arguments::{CompactArguments, SummaryFormat};
use crate::output::progress::UpkeepBar;
use crate::output::text::{FAINT, count, data, grouped};

pub(crate) async fn run(arguments: &CompactArguments) -> Result<ExitStatus> {
    let started = now();
    let lake = Lake::at(&arguments.lake.lake).await?;
    let report = compact(&lake, started).await?;
    let seconds = seconds_since(started);
    match arguments.format {
        SummaryFormat::Text => summarize(&report, seconds),
        SummaryFormat::Json => {
            let mut value = serde_json::to_value(&report)?;
            if let Value::Object(fields) = &mut value {
                fields.insert("seconds".to_owned(), json!(seconds));
            }
            data(&value.to_string())?;
        }
    }
    Ok(ExitStatus::Nothing)
}

/// Compacts with a bar on a terminal, and records the run.
async fn compact(lake: &Lake, started: DateTime<Utc>) -> Result<CompactReport> {
    let progress = Arc::new(UpkeepProgress::default());
    let options = CompactOptions::new(started.timestamp_micros());
    let bar = UpkeepBar::follow(progress.clone(), "merged");
    let result = ingest::compact(lake, &options, &progress).await;
    drop(bar);
    match result {
        Ok(report) => {
            let counts = vec![("events_version", report.events_version)];
            let details = json!({ "tables": report.tables });
            record_upkeep(lake, "compact", started, "complete", counts, Some(details)).await?;
            Ok(report)
        }
        Err(error) => {
            // A lake that is not there or refuses us gets no record, and a
            // record that fails too is let go.
            if matches!(error, UpkeepError::Rows { .. } | UpkeepError::Arrow(_)) {
                let _ = record_upkeep(lake, "compact", started, "failed", vec![], None).await;
            }
            Err(error.into())
        }
    }
}

fn summarize(report: &CompactReport, seconds: f64) {
    for (name, table) in &report.tables {
        anstream::eprintln!("{name}: {}", outcome(table));
    }
    anstream::eprintln!("{FAINT}in {seconds:.1} s{FAINT:#}");
}

fn outcome(table: &CompactedTable) -> String {
    if table.groups == 0 && table.given_up == 0 {
        return format!("nothing to merge in {}", count(table.files_before, "file"));
    }
    let given_up = match table.given_up {
        0 => String::new(),
        groups => format!("; {} left to another run", count(groups, "group")),
    };
    format!(
        "{} merged in {}, {} before and {} now ({} and {}){given_up}",
        count(table.rows, "row"),
        count(table.groups, "group"),
        count(table.files_before, "file"),
        grouped(table.files_after),
        indicatif::HumanBytes(table.bytes_before),
        indicatif::HumanBytes(table.bytes_after),
    )
}
