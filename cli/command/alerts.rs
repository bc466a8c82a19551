//! `keytrail alerts`: what was sent where, and sending it.

use std::sync::atomic::AtomicBool;

use analyze::alert::{Alert, Sinks};
use analyze::outbox::{DeliveryReport, DeliveryRun, deliver, retry_dead_letters};
use analyze::{Condition, Configuration};
use anyhow::{Result, bail, ensure};
use ingest::Lake;
use serde_json::json;

use super::listing::{self, Filters, Listing, moment, typed};
use super::{configuration, now, run_id};
use crate::ExitStatus;
use crate::arguments::{
    AlertsArguments, AlertsCommand, AlertsListArguments, DeliverArguments, SummaryFormat,
};
use crate::output::listing::Column;
use crate::output::text::{BAD, HEAD, WARN, count, data, terminal};

const ALERTS: Listing = Listing {
    view: "alerts",
    noun: "alert",
    order: &["raised_at", "alert_id", "sink"],
    columns: &[
        Column { heading: "raised", cell: |row| row.text("raised_at") },
        Column { heading: "severity", cell: |row| row.text("severity") },
        Column { heading: "detection", cell: |row| row.text("detection") },
        Column { heading: "why", cell: |row| row.text("alert_reason") },
        Column { heading: "sink", cell: |row| row.text("sink") },
        Column { heading: "state", cell: |row| row.text("state").replace('_', " ") },
        Column { heading: "attempts", cell: |row| row.text("attempt") },
        Column { heading: "last reason", cell: |row| row.text("last_reason") },
    ],
};

pub(crate) async fn run(arguments: AlertsArguments) -> Result<ExitStatus> {
    match arguments.command {
        AlertsCommand::List(arguments) => list(&arguments).await,
        AlertsCommand::Deliver(arguments) => {
            let (lake, configuration) = opened(&arguments).await?;
            send(&lake, &configuration, arguments.format).await
        }
        AlertsCommand::Test { sink, config } => {
            test(&sink, &configuration(config.as_deref())?).await
        }
        AlertsCommand::Retry { sink, deliver } => {
            let (lake, configuration) = opened(&deliver).await?;
            if let Some(sink) = &sink {
                is_known(sink, &configuration)?;
            }
            let id = run_id(now());
            let stop = AtomicBool::new(false);
            let run = DeliveryRun { run_id: &id, now: now().timestamp_micros(), stop: &stop };
            let letters = retry_dead_letters(&lake, &configuration, sink.as_deref(), &run).await?;
            anstream::eprintln!("due again: {}", count(letters, "dead letter"));
            send(&lake, &configuration, deliver.format).await
        }
    }
}

async fn list(arguments: &AlertsListArguments) -> Result<ExitStatus> {
    let session = listing::open(&arguments.listing).await?;
    let mut filters = Filters::default();
    if let Some(state) = &arguments.state {
        let state = typed(state);
        let condition = Condition::Is("state", state.replace('-', "_"));
        filters.add(format!("--state {state}"), condition);
    }
    if let Some(sink) = &arguments.sink {
        filters.add(format!("--sink {sink}"), Condition::Is("sink", sink.clone()));
    }
    if let Some(detection) = &arguments.detection {
        let condition = Condition::Like("detection", detection.clone());
        filters.add(format!("--detection {detection}"), condition);
    }
    if let Some(severity) = arguments.severity {
        let condition = Condition::Is("severity", severity.name().to_owned());
        filters.add(format!("--severity {severity}"), condition);
    }
    if let Some(span) = arguments.raised_within {
        let since = moment(&arguments.listing, span);
        filters.add(format!("--raised-within {span}"), Condition::Since("raised_at", since));
    }
    listing::write(&session, &ALERTS, &filters, &arguments.listing).await?;
    Ok(ExitStatus::Nothing)
}

/// The lake and the configuration of a delivery, which needs sinks.
async fn opened(arguments: &DeliverArguments) -> Result<(Lake, Configuration)> {
    let configuration = configuration(arguments.config.as_deref())?;
    has_sinks(&configuration)?;
    Ok((Lake::at(&arguments.lake.lake).await?, configuration))
}

/// Whether there is anywhere to send alerts.
pub(super) fn has_sinks(configuration: &Configuration) -> Result<()> {
    ensure!(
        !configuration.sinks.is_empty(),
        "no alert can be sent: the configuration has no [[sinks]]; see docs/alerts.md"
    );
    Ok(())
}

fn is_known(sink: &str, configuration: &Configuration) -> Result<()> {
    let known: Vec<&str> = configuration.sinks.iter().map(|one| one.name.as_str()).collect();
    ensure!(known.contains(&sink), "there is no sink {sink:?}; there are: {}", known.join(", "));
    Ok(())
}

async fn send(
    lake: &Lake,
    configuration: &Configuration,
    format: SummaryFormat,
) -> Result<ExitStatus> {
    let report = deliver_all(lake, configuration).await?;
    match format {
        SummaryFormat::Text => summarize(&report),
        SummaryFormat::Json => data(&serde_json::to_string(&json!({ "alerts": report }))?)?,
    }
    Ok(if report.has_failures() { ExitStatus::Incomplete } else { ExitStatus::Nothing })
}

/// Delivers what is due, says what became of it, and whether all arrived.
pub(super) async fn all_arrive(lake: &Lake, configuration: &Configuration) -> Result<bool> {
    let report = deliver_all(lake, configuration).await?;
    summarize(&report);
    Ok(!report.has_failures())
}

/// Delivers what is due to the sinks of the configuration.
async fn deliver_all(lake: &Lake, configuration: &Configuration) -> Result<DeliveryReport> {
    has_sinks(configuration)?;
    let sinks = Sinks::open(&configuration.sinks).await;
    let (id, stop) = (run_id(now()), AtomicBool::new(false));
    let run = DeliveryRun { run_id: &id, now: now().timestamp_micros(), stop: &stop };
    Ok(deliver(lake, configuration, &sinks, &run).await?)
}

/// Says what became of alerts, by sink.
fn summarize(report: &DeliveryReport) {
    if report.sinks.is_empty() {
        anstream::eprintln!("no alert is due");
    }
    for (name, sink) in &report.sinks {
        let mut said = vec![format!("{} delivered", count(sink.delivered, "alert"))];
        let more = [
            (sink.failed, "failed"),
            (sink.dead, "given up"),
            (sink.put_off, "put off"),
            (sink.waiting, "still to be delivered"),
        ];
        said.extend(more.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")));
        if sink.dead_letters > 0 {
            let letters = count(sink.dead_letters, "dead letter");
            said.push(format!("{letters} in all: keytrail alerts retry sends them again"));
        }
        anstream::eprintln!("{HEAD}{}{HEAD:#}: {}", terminal(name), said.join(", "));
        if let Some(reason) = &sink.last_reason {
            let style = if sink.dead > 0 { BAD } else { WARN };
            anstream::eprintln!("  {style}{}{style:#}", terminal(reason));
        }
    }
}

async fn test(names: &[String], configuration: &Configuration) -> Result<ExitStatus> {
    has_sinks(configuration)?;
    for name in names {
        is_known(name, configuration)?;
    }
    let chosen: Vec<_> = configuration
        .sinks
        .iter()
        .filter(|sink| names.is_empty() || names.contains(&sink.name))
        .cloned()
        .collect();
    let alert = Alert::trial(now().timestamp_micros());
    let mut status = ExitStatus::Nothing;
    for sink in Sinks::open(&chosen).await.iter() {
        let name = terminal(sink.name());
        match sink.deliver(std::slice::from_ref(&alert)).await.into_iter().next() {
            Some(Ok(())) => anstream::eprintln!("{HEAD}{name}{HEAD:#}: delivered"),
            Some(Err(error)) => {
                status = ExitStatus::Incomplete;
                let reason = terminal(&error.reason);
                anstream::eprintln!("{HEAD}{name}{HEAD:#}: {BAD}not delivered{BAD:#}: {reason}");
            }
            None => bail!("the sink {name} said nothing of the alert"),
        }
    }
    Ok(status)
}
