//! `keytrail detect`: findings in a window of time.

use std::path::Path;

use analyze::{Configuration, Detection, DetectionRun, Session, Window, built_in, from_folder};
use anyhow::{Result, bail, ensure};
use ingest::{Lake, RunRecord, follow_usage, record_run};

use super::{alerts, configuration, now, open, run_id};
use crate::ExitStatus;
use crate::arguments::{DetectArguments, FindingFormat};
use crate::output::text::data;
use crate::output::{export, findings};

const DAY_MICROS: i64 = 86_400_000_000;

pub(crate) async fn run(arguments: DetectArguments) -> Result<ExitStatus> {
    let window = window(&arguments)?;
    let mut detections = all(arguments.detections.as_deref())?;
    let configuration =
        configuration(arguments.config.as_deref())?.with_settings(arguments.set.clone());
    if arguments.alert {
        alerts::has_sinks(&configuration)?;
    }
    // Before some are chosen: what is said of the others must be right, too.
    configuration.apply(&mut detections)?;
    let detections = named(detections, &arguments.detection)?;
    let lake = Lake::at(&arguments.lake.lake).await?;
    let (mut run, session) = judge(&lake, &detections, &configuration, window).await?;
    run.findings.retain(|finding| finding.severity >= arguments.min_severity);
    if arguments.redact {
        export::redact(&mut run)?;
    }
    match arguments.format {
        FindingFormat::Table => findings::print(&run, &lake.uri(), session.own_accounts_inferred()),
        FindingFormat::Json => data(&serde_json::to_string_pretty(&run)?)?,
        FindingFormat::Ndjson => {
            for finding in &run.findings {
                data(&serde_json::to_string(finding)?)?;
            }
        }
        FindingFormat::Ocsf => export::ocsf(&run)?,
        FindingFormat::Sarif => export::sarif(&run, &detections)?,
    }
    findings::complain(&run);
    let arrived = !arguments.alert || alerts::all_arrive(&lake, &configuration).await?;
    Ok(if run.is_incomplete() || !arrived {
        ExitStatus::Incomplete
    } else if run.worst().is_some_and(|worst| worst >= arguments.fail_on) {
        ExitStatus::Findings
    } else {
        ExitStatus::Nothing
    })
}

/// Judges a window and records the run in the lake.
pub(crate) async fn judge(
    lake: &Lake,
    detections: &[Detection],
    configuration: &Configuration,
    window: Window,
) -> Result<(DetectionRun, Session)> {
    let started = now();
    let mut session = open(lake, configuration).await?;
    match follow_usage(lake, false, started.timestamp_micros()).await {
        Ok(Some(report)) if report.files > 0 => session = open(lake, configuration).await?,
        Ok(_) => {}
        // Answers stay right: what is not counted is counted for this run alone.
        Err(error) => {
            anstream::eprintln!("warning: usage could not be brought up to date: {error}");
        }
    }
    let run = analyze::detect(&session, detections, window).await?;
    let record = RunRecord {
        run_id: run_id(started),
        command: "detect",
        started_at: started.timestamp_micros(),
        ended_at: now().timestamp_micros(),
        window: Some((window.start, window.end)),
        counts: vec![
            ("events_version", session.events_version().unwrap_or_default()),
            ("events", run.events),
            ("detections", run.outcomes.len() as u64),
            ("findings", run.findings.len() as u64),
            ("not_determinable", run.not_determinable_entities()),
            (
                "skipped",
                run.outcomes.iter().filter(|outcome| outcome.error.is_some()).count() as u64,
            ),
        ],
        detections_hash: Some(run.detections_hash.clone()),
        configuration_hash: configuration.hash.clone(),
        outcome: if run.is_incomplete() { "incomplete" } else { "complete" },
        details: None,
    };
    if let Err(error) = record_run(lake, &record).await {
        // A reader of the lake may not be allowed to write to it; findings
        // matter more than the note that they were looked for.
        anstream::eprintln!("warning: the run could not be recorded in the lake: {error}");
    }
    Ok((run, session))
}

fn window(arguments: &DetectArguments) -> Result<Window> {
    let window = match (arguments.from, arguments.to) {
        (Some(from), Some(to)) => {
            Window { start: from.timestamp_micros(), end: to.timestamp_micros() }
        }
        (None, Some(to)) => {
            Window { start: to.timestamp_micros() - DAY_MICROS, end: to.timestamp_micros() }
        }
        _ => {
            let end = now().timestamp_micros();
            let span = arguments.since.map_or(DAY_MICROS, |since| since.seconds * 1_000_000);
            Window { start: end - span, end }
        }
    };
    ensure!(window.start < window.end, "the window is empty: its end must come after its start");
    Ok(window)
}

/// The built-in detections and those of a folder.
pub(crate) fn all(folder: Option<&Path>) -> Result<Vec<Detection>> {
    let mut detections = built_in()?;
    if let Some(folder) = folder {
        for detection in from_folder(folder)? {
            // A user's own version of a detection replaces ours.
            detections.retain(|known| known.header.id != detection.header.id);
            detections.push(detection);
        }
    }
    Ok(detections)
}

/// The detections with these ids; all of them if there are none.
pub(crate) fn named(mut detections: Vec<Detection>, ids: &[String]) -> Result<Vec<Detection>> {
    for id in ids {
        if !detections.iter().any(|detection| detection.header.id == *id) {
            bail!("there is no detection {id:?}; see keytrail detections list");
        }
    }
    detections.retain(|detection| ids.is_empty() || ids.contains(&detection.header.id));
    Ok(detections)
}
