//! `keytrail detect`: findings in a window of time, or what is new.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use analyze::life::{NewRun, RunMark, UpToDate, detect_new, record_life, run_record, up_to_date};
use analyze::{
    Configuration, Detection, DetectionRun, Session, Severity, Window, built_in, from_folder,
};
use anyhow::{Result, bail, ensure};
use ingest::{Lake, RunRecord, record_run};

use super::{alerts, configuration, now, run_id, there_is_a_lake};
use crate::ExitStatus;
use crate::arguments::{DetectArguments, FindingFormat};
use crate::output::text::data;
use crate::output::{export, findings, life};

const DAY_MICROS: i64 = 86_400_000_000;

pub(crate) async fn run(arguments: DetectArguments) -> Result<ExitStatus> {
    let mut detections = all(arguments.detections.as_deref())?;
    let configuration =
        configuration(arguments.config.as_deref())?.with_settings(arguments.set.clone());
    if arguments.alert {
        alerts::has_sinks(&configuration)?;
    }
    // Before some are chosen: what is said of the others must be right, too.
    configuration.apply(&mut detections)?;
    if arguments.new {
        return new(&arguments, &detections, &configuration).await;
    }
    let window = window(&arguments)?;
    let detections = named(detections, &arguments.detection)?;
    let lake = Lake::at(&arguments.lake.lake).await?;
    let (mut run, session, mark) = judge(&lake, &detections, &configuration, window).await?;
    if arguments.record || arguments.alert {
        // An alert is about a matter that the log knows.
        record_life(&lake, &run, &detections, &configuration, &mark).await?;
    }
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
        FindingFormat::Asff => export::asff(&run)?,
        FindingFormat::Sarif => export::sarif(&run, &detections)?,
    }
    findings::complain(&run);
    if arguments.alert && !alerts::all_arrive(&lake, &configuration).await? {
        return Ok(ExitStatus::Incomplete);
    }
    Ok(status(&run, run.worst(), &arguments))
}

/// Judges what is new, records it, and shows what people are to be told.
async fn new(
    arguments: &DetectArguments,
    detections: &[Detection],
    configuration: &Configuration,
) -> Result<ExitStatus> {
    let lake = Lake::at(&arguments.lake.lake).await?;
    let mark = mark();
    let session = opened(&lake, configuration, &mark).await?;
    let never = AtomicBool::new(false);
    let mut new =
        Box::pin(detect_new(&lake, &session, detections, configuration, &mark, &never)).await?;
    leave(&lake, new.record(&mark, &session, configuration)).await;
    new.life.raised.retain(|alert| alert.finding.severity >= arguments.min_severity);
    if arguments.redact {
        export::redact_alerts(&mut new.life.raised)?;
    }
    show(&new, detections, arguments.format)?;
    findings::complain(&new.run);
    if arguments.alert && !alerts::all_arrive(&lake, configuration).await? {
        return Ok(ExitStatus::Incomplete);
    }
    let worst = new.life.raised.iter().map(|alert| alert.finding.severity).max();
    Ok(status(&new.run, worst, arguments))
}

/// Shows the alerts of a run: what is known is no news.
fn show(new: &NewRun, detections: &[Detection], format: FindingFormat) -> Result<()> {
    let raised = &new.life.raised;
    match format {
        FindingFormat::Table => life::print_new(new),
        FindingFormat::Json => data(&serde_json::to_string_pretty(new)?)?,
        FindingFormat::Ndjson => {
            for alert in raised {
                data(&serde_json::to_string(alert)?)?;
            }
        }
        FindingFormat::Ocsf => export::ocsf_alerts(raised)?,
        FindingFormat::Asff => export::asff_alerts(raised)?,
        FindingFormat::Sarif => {
            let mut run = new.run.clone();
            run.findings = raised.iter().map(|alert| alert.finding.clone()).collect();
            export::sarif(&run, detections)?;
        }
    }
    Ok(())
}

fn status(run: &DetectionRun, worst: Option<Severity>, arguments: &DetectArguments) -> ExitStatus {
    if run.is_incomplete() {
        ExitStatus::Incomplete
    } else if worst.is_some_and(|worst| worst >= arguments.fail_on) {
        ExitStatus::Findings
    } else {
        ExitStatus::Nothing
    }
}

/// Judges a window and records the run in the lake.
pub(crate) async fn judge(
    lake: &Lake,
    detections: &[Detection],
    configuration: &Configuration,
    window: Window,
) -> Result<(DetectionRun, Session, RunMark)> {
    let mark = mark();
    let session = opened(lake, configuration, &mark).await?;
    let run = analyze::detect(&session, detections, window).await?;
    leave(lake, run_record(&mark, &run, &session, configuration)).await;
    Ok((run, session, mark))
}

fn mark() -> RunMark {
    let started = now();
    RunMark { run_id: run_id(started), started_at: started.timestamp_micros() }
}

/// A lake that there is, its usage counted.
async fn opened(lake: &Lake, configuration: &Configuration, mark: &RunMark) -> Result<Session> {
    let UpToDate { session, not_counted } =
        up_to_date(lake, configuration, mark.started_at).await?;
    there_is_a_lake(lake, &session)?;
    if let Some(error) = not_counted {
        anstream::eprintln!("warning: usage could not be brought up to date: {error}");
    }
    Ok(session)
}

/// Notes that the run took place.
async fn leave(lake: &Lake, record: RunRecord) {
    let record = RunRecord { ended_at: now().timestamp_micros(), ..record };
    if let Err(error) = record_run(lake, &record).await {
        // A reader of the lake may not be allowed to write to it; findings
        // matter more than the note that they were looked for.
        anstream::eprintln!("warning: the run could not be recorded in the lake: {error}");
    }
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
