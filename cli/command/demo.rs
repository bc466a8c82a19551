//! `keytrail demo`: simulate, ingest, detect, on this machine alone.

use std::path::PathBuf;

use analyze::{Configuration, Severity, Window, built_in};
use anyhow::{Context as _, Result};
use ingest::{IngestOptions, Lake, Source};

use super::simulate::{current_hour, simulate};
use super::{detect, ingest as ingest_command, now, run_id};
use crate::ExitStatus;
use crate::arguments::DemoArguments;
use crate::output::findings;
use crate::output::text::{FAINT, HEAD, count, terminal};
use crate::simulate::{Partition, Plan};

/// Days that the demo's trail covers: more than 90, so that grants can be
/// stale.
const DAYS: u32 = 120;

pub(crate) async fn run(arguments: DemoArguments) -> Result<ExitStatus> {
    let started = now();
    let folder = match arguments.folder {
        Some(folder) => folder,
        None => tempfile::Builder::new()
            .prefix("keytrail-demo-")
            .tempdir()
            .context("no temporary folder")?
            .keep(),
    };
    let plan = Plan {
        events: arguments.events,
        days: DAYS,
        accounts: 3,
        kms_share: 0.4,
        seed: 1,
        partition: Partition::Aws,
        end: current_hour(started),
        organization: true,
    };
    step(&format!("simulating {DAYS} days of CloudTrail in three accounts"));
    let trail = folder.join("trail");
    let summary = simulate(&plan, &trail)?;
    anstream::eprintln!(
        "wrote {} with {}",
        count(summary.objects, "log file"),
        count(summary.records, "record")
    );

    step("reading it into a lake");
    let lake = Lake::at(&folder.join("lake").to_string_lossy()).await?;
    let options = options(trail.join("AWSLogs"));
    let begun = now();
    let report = ingest_command::ingest_all(&lake, options, begun).await?;
    let seconds = (now() - begun).as_seconds_f64();
    ingest_command::summarize(&report, seconds);
    ingest_command::complain(&report);

    step("judging the last 24 hours");
    let end = plan.end.timestamp_micros();
    let window = Window { start: end - 86_400_000_000, end };
    let (mut run, session) =
        detect::judge(&lake, &built_in()?, &Configuration::default(), window).await?;
    // Something is planted for every detection: all of it fills fifty screens.
    let found = run.findings.len();
    run.findings.retain(|finding| finding.severity == Severity::Critical);
    findings::print(&run, &lake.uri(), session.own_accounts_inferred());
    findings::complain(&run);

    let uri = terminal(&lake.uri());
    let (milder, until) = ((found - run.findings.len()) as u64, plan.end.format("%FT%TZ"));
    anstream::eprintln!(
        "\nThese are the critical ones; {} more:\n  keytrail detect --lake {uri} --to {until}",
        count(milder, "finding")
    );
    anstream::eprintln!(
        "\nThe lake is {HEAD}{uri}{HEAD:#}; what was planted is in {}.",
        terminal(&trail.join("incidents.json").display().to_string())
    );
    anstream::eprintln!("Try next:");
    anstream::eprintln!(
        "  keytrail sql --lake {uri} 'select actor, count(*) as calls from kms_actions group by actor order by calls desc limit 10'"
    );
    anstream::eprintln!(
        "  keytrail sql --lake {uri} 'select * from grants where open' --format markdown"
    );
    anstream::eprintln!("  keytrail detect --lake {uri} --since 7d --min-severity high");
    anstream::eprintln!("{FAINT}all in {:.0} s{FAINT:#}", (now() - started).as_seconds_f64());
    // A demo that finds what was planted has succeeded.
    Ok(if report.is_incomplete() || run.is_incomplete() {
        ExitStatus::Incomplete
    } else {
        ExitStatus::Nothing
    })
}

fn options(source: PathBuf) -> IngestOptions {
    let started = now();
    let sources = vec![Source::Path(source)];
    IngestOptions::new(sources, run_id(started), started.timestamp_micros())
}

fn step(what: &str) {
    anstream::eprintln!("{HEAD}{what}{HEAD:#}");
}
