//! `keytrail vacuum`: files of the lake that nobody needs are deleted.

use std::sync::Arc;

use anyhow::Result;
use ingest::{Lake, UpkeepProgress, VacuumOptions, VacuumReport};
use serde_json::{Value, json};

use super::{now, record_upkeep, seconds_since};
use crate::ExitStatus;
use crate::arguments::{SummaryFormat, VacuumArguments};
use crate::output::progress::UpkeepBar;
use crate::output::text::{FAINT, WARN, count, data, grouped, terminal};

pub(crate) async fn run(arguments: &VacuumArguments) -> Result<ExitStatus> {
    let started = now();
    let lake = Lake::at(&arguments.lake.lake).await?;
    let options = VacuumOptions {
        dry_run: arguments.dry_run,
        ..VacuumOptions::new(arguments.retention.seconds, started.timestamp_micros())
    };
    let progress = Arc::new(UpkeepProgress::default());
    let bar = UpkeepBar::follow(progress.clone(), "deleted");
    let result = ingest::vacuum(&lake, &options, &progress).await;
    drop(bar);
    let report = result?;
    if !report.dry_run {
        let outcome = if report.is_incomplete() { "incomplete" } else { "complete" };
        let failed = report.tables.values().map(|table| table.files_failed).sum();
        let details = json!({
            "tables": report.tables, "retention_seconds": arguments.retention.seconds,
        });
        let counts = vec![("skipped", failed)];
        record_upkeep(&lake, "vacuum", started, outcome, counts, Some(details)).await?;
    }
    let seconds = seconds_since(started);
    match arguments.format {
        SummaryFormat::Text => summarize(&report, seconds)?,
        SummaryFormat::Json => {
            let mut value = serde_json::to_value(&report)?;
            if let Value::Object(fields) = &mut value {
                fields.insert("seconds".to_owned(), json!(seconds));
            }
            data(&value.to_string())?;
        }
    }
    complain(&report);
    Ok(if report.is_incomplete() { ExitStatus::Incomplete } else { ExitStatus::Nothing })
}

fn summarize(report: &VacuumReport, seconds: f64) -> std::io::Result<()> {
    for path in report.tables.values().flat_map(|table| &table.paths) {
        data(&terminal(path))?;
    }
    let deleted = if report.dry_run { "to delete" } else { "deleted" };
    for (name, table) in &report.tables {
        let kept = match table.files_kept_for_followers {
            0 => String::new(),
            files => format!("; {} kept for followers", grouped(files)),
        };
        anstream::eprintln!(
            "{name}: {} {deleted} ({}), {} of them replaced by compaction{kept}",
            count(table.files, "file"),
            indicatif::HumanBytes(table.bytes),
            grouped(table.files_replaced),
        );
    }
    anstream::eprintln!("{FAINT}in {seconds:.1} s{FAINT:#}");
    Ok(())
}

/// What could not be deleted: named, up to a number, and counted.
fn complain(report: &VacuumReport) {
    for failure in &report.failures {
        anstream::eprintln!(
            "{WARN}not deleted:{WARN:#} {}: {}",
            failure.table,
            terminal(&failure.reason)
        );
    }
    let failed: u64 = report.tables.values().map(|table| table.files_failed).sum();
    if failed > 0 {
        anstream::eprintln!(
            "{} could not be deleted; everything else was. Run the same command again to retry.",
            count(failed, "file"),
        );
    }
}
