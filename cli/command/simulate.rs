//! `keytrail simulate`: a realistic trail with labelled incidents.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use chrono::{DateTime, Utc};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use super::now;
use crate::ExitStatus;
use crate::arguments::{SimulateArguments, SummaryFormat};
use crate::output::text::{count, data, terminal};
use crate::simulate::{Plan, Summary, write_trail};

pub(crate) fn run(arguments: &SimulateArguments) -> Result<ExitStatus> {
    let plan = Plan {
        events: arguments.events,
        days: arguments.days,
        accounts: arguments.accounts,
        kms_share: arguments.kms_share,
        seed: arguments.seed,
        partition: arguments.partition,
        end: arguments.end.unwrap_or_else(|| current_hour(now())),
        organization: arguments.organization,
    };
    let folder = &arguments.folder;
    let summary = simulate(&plan, folder)?;
    match arguments.format {
        SummaryFormat::Text => anstream::eprintln!(
            "wrote {} with {} ({} of KMS) and {} to {}",
            count(summary.objects, "log file"),
            count(summary.records, "record"),
            count(summary.kms_records, "record"),
            count(summary.incidents, "labelled incident"),
            terminal(&folder.display().to_string()),
        ),
        SummaryFormat::Json => data(
            &json!({
                "folder": folder.display().to_string(),
                "objects": summary.objects,
                "records": summary.records,
                "kms_records": summary.kms_records,
                "bytes": summary.bytes,
                "incidents": summary.incidents,
            })
            .to_string(),
        )?,
    }
    Ok(ExitStatus::Nothing)
}

/// Writes a trail, with a bar on a terminal.
pub(crate) fn simulate(plan: &Plan, folder: &Path) -> Result<Summary> {
    ensure_empty(folder)?;
    let bar = ProgressBar::new(plan.events);
    if let Ok(style) = ProgressStyle::with_template(
        "{spinner} simulating {wide_bar} {human_pos}/{human_len} records eta {eta}",
    ) {
        bar.set_style(style);
    }
    let summary = write_trail(plan, folder, &mut |records| bar.set_position(records))
        .with_context(|| format!("cannot simulate a trail in {}", folder.display()));
    bar.finish_and_clear();
    summary
}

/// The start of the hour that a moment lies in.
pub(crate) fn current_hour(moment: DateTime<Utc>) -> DateTime<Utc> {
    let seconds = moment.timestamp();
    DateTime::from_timestamp(seconds - seconds.rem_euclid(3_600), 0).unwrap_or(moment)
}

fn ensure_empty(folder: &Path) -> Result<()> {
    if let Ok(mut entries) = std::fs::read_dir(folder) {
        ensure!(entries.next().is_none(), "{} is not empty: choose a new folder", folder.display());
    }
    Ok(())
}
