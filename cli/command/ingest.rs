//! `keytrail ingest`: logs into the lake.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Result;
use chrono::{DateTime, Utc};
use ingest::{
    IngestError, IngestOptions, IngestReport, Lake, Limits, Progress, RunRecord, Source, record_run,
};
use serde_json::{Value, json};
use tokio::signal::unix::{SignalKind, signal};

use super::{now, run_id, seconds_since};
use crate::ExitStatus;
use crate::arguments::{IngestArguments, SummaryFormat};
use crate::output::progress::IngestBar;
use crate::output::text::{FAINT, WARN, count, data, grouped, terminal};

pub(crate) async fn run(arguments: IngestArguments) -> Result<ExitStatus> {
    let started = now();
    let parse = if arguments.objects { Source::parse_object } else { Source::parse };
    let sources = arguments.sources.iter().map(|text| parse(text)).collect::<Result<_, _>>()?;
    let limits = Limits {
        object_bytes_max: arguments.max_object_bytes,
        document_bytes_max: arguments.max_document_bytes,
        record_bytes_max: arguments.max_record_bytes,
    };
    let memory = arguments.memory_limit.unwrap_or_default();
    let memory = match arguments.unit_events {
        Some(events) => memory.with_unit_events(events),
        None => memory,
    };
    let options = IngestOptions {
        keep: arguments.keep,
        limits,
        threads: arguments.threads,
        memory,
        reread: arguments.reread,
        relist: arguments.relist,
        delivered_from: arguments.delivered_from.map(|moment| moment.timestamp_micros()),
        ..IngestOptions::new(sources, run_id(started), started.timestamp_micros())
    };
    let lake = Lake::at(&arguments.lake.lake).await?;
    let stop = options.stop.clone();
    let report = tokio::select! {
        report = ingest_all(&lake, options, started) => report?,
        () = interrupted_twice(&stop) => anyhow::bail!("interrupted"),
    };
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
    complain(&report);
    Ok(if report.is_incomplete() { ExitStatus::Incomplete } else { ExitStatus::Nothing })
}

/// Asks a run to stop when the user or the system wants that, and ends when they
/// insist.
async fn interrupted_twice(stop: &AtomicBool) {
    if interrupted().await.is_err() {
        // Signals end the process by themselves, then.
        return std::future::pending().await;
    }
    stop.store(true, Ordering::Relaxed);
    anstream::eprintln!("stopping: what was read is being committed");
    if interrupted().await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Waits for Ctrl-C, or to be told to end.
async fn interrupted() -> std::io::Result<()> {
    let mut ended = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupt = tokio::signal::ctrl_c() => interrupt,
        _ = ended.recv() => Ok(()),
    }
}

/// Ingests with a bar on a terminal, and records the run.
pub(crate) async fn ingest_all(
    lake: &Lake,
    options: IngestOptions,
    started: DateTime<Utc>,
) -> Result<IngestReport> {
    let progress = Arc::new(Progress::default());
    let run_id = options.run_id.clone();
    let bar = IngestBar::follow(progress.clone());
    let result = ingest::ingest(lake, options, progress).await;
    drop(bar);
    let mut run = RunRecord {
        run_id,
        command: "ingest",
        started_at: started.timestamp_micros(),
        ended_at: now().timestamp_micros(),
        outcome: "failed",
        ..RunRecord::default()
    };
    match result {
        Ok(report) => {
            run.outcome = if report.is_incomplete() { "incomplete" } else { "complete" };
            run.counts = vec![
                ("events_version", report.events_version),
                ("objects", report.objects),
                ("objects_known", report.objects_known),
                ("records", report.records),
                ("events", report.events),
                ("duplicates", report.duplicates),
                ("skipped", report.objects_failed + report.records_skipped),
            ];
            run.details = Some(
                json!({
                    "skipped_reasons": report.skipped_reasons,
                    "kept": report.kept_by_source,
                    "stopped_early": report.stopped_early,
                    "requests": report.requests,
                    "lake_requests": report.lake_requests,
                })
                .to_string(),
            );
            record_run(lake, &run).await?;
            Ok(report)
        }
        Err(error) => {
            // A lake that refuses us gets no record. The failure itself is what
            // the user needs to hear, so a record that fails too is let go.
            if !matches!(error, IngestError::Lake(_)) {
                let _ = record_run(lake, &run).await;
            }
            Err(error.into())
        }
    }
}

pub(crate) fn summarize(report: &IngestReport, seconds: f64) {
    let known = match report.objects_known {
        0 => String::new(),
        known => format!(", {} known from earlier runs", grouped(known)),
    };
    anstream::eprintln!(
        "read {} in {} ({} inflated){known}",
        count(report.records, "record"),
        count(report.objects, "object"),
        indicatif::HumanBytes(report.document_bytes),
    );
    anstream::eprintln!(
        "kept {}: {} added to {}, {} there already",
        count(report.kept, "event"),
        grouped(report.events),
        terminal(&report.lake),
        grouped(report.duplicates),
    );
    let kinds: Vec<String> = report
        .kept_by_source
        .iter()
        .map(|(source, number)| format!("{} {}", grouped(*number), terminal(source)))
        .collect();
    if !kinds.is_empty() {
        anstream::eprintln!("{FAINT}of these {}{FAINT:#}", kinds.join(", "));
    }
    let aside = [
        (
            report.objects_left_alone,
            "digest or insight object left alone",
            "digest or insight objects left alone",
        ),
        (
            report.objects_passed_over,
            "file passed over: no log file by its name",
            "files passed over: no log files by their names",
        ),
        (
            report.objects_early,
            "object passed over: delivered before --delivered-from",
            "objects passed over: delivered before --delivered-from",
        ),
    ];
    for (number, one, many) in aside.into_iter().filter(|(number, ..)| *number > 0) {
        anstream::eprintln!(
            "{FAINT}{} {}{FAINT:#}",
            grouped(number),
            if number == 1 { one } else { many }
        );
    }
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rate for people"
    )]
    let rate = (report.records as f64 / seconds) as u64;
    anstream::eprintln!("{FAINT}in {seconds:.1} s, {} records/s{FAINT:#}", grouped(rate));
}

/// What could not be read: named, up to a number, and counted.
pub(crate) fn complain(report: &IngestReport) {
    for file in &report.journal_files_lost {
        anstream::eprintln!(
            "{WARN}damaged:{WARN:#} {} in the lake is missing or unreadable: the objects it listed were read again",
            terminal(file)
        );
    }
    for failure in &report.failures {
        anstream::eprintln!(
            "{WARN}skipped:{WARN:#} {}: {}",
            terminal(&failure.object_uri),
            terminal(&failure.reason)
        );
    }
    let named = report.failures.len() as u64;
    if report.objects_failed > named {
        anstream::eprintln!(
            "{WARN}skipped:{WARN:#} {} more",
            grouped(report.objects_failed - named)
        );
    }
    if report.stopped_early {
        anstream::eprintln!(
            "{WARN}stopped:{WARN:#} not everything was read; the same command goes on from here"
        );
    }
    if report.objects_failed > 0 || report.records_skipped > 0 {
        anstream::eprintln!(
            "{} and {} could not be read; everything else was. Run the same command again to retry them.",
            count(report.objects_failed, "object"),
            count(report.records_skipped, "record"),
        );
    }
}
