//! The **commands**, one file each.

pub(crate) mod actors;
pub(crate) mod alerts;
pub(crate) mod compact;
pub(crate) mod config;
pub(crate) mod demo;
pub(crate) mod detect;
pub(crate) mod detections;
pub(crate) mod docs;
pub(crate) mod findings;
pub(crate) mod grants;
pub(crate) mod ingest;
pub(crate) mod keys;
mod listing;
pub(crate) mod simulate;
pub(crate) mod sql;
pub(crate) mod usage;
pub(crate) mod vacuum;

use std::path::Path;

use ::ingest::{IngestError, Lake, RunRecord, record_run};
use analyze::{Configuration, Session};
use anyhow::{Result, ensure};
use chrono::{DateTime, Utc};
use serde_json::Value;

/// The clock, in its one place.
#[expect(clippy::disallowed_methods, reason = "a shell may look at the clock and hands it on")]
pub(crate) fn now() -> DateTime<Utc> {
    Utc::now()
}

/// A new run's id: sorts by time.
pub(crate) fn run_id(started: DateTime<Utc>) -> String {
    format!(
        "{}-{}",
        started.format("%Y%m%dT%H%M%SZ"),
        &uuid::Uuid::new_v4().simple().to_string()[..8]
    )
}

/// Seconds that a run took so far; never none, so that rates are finite.
fn seconds_since(started: DateTime<Utc>) -> f64 {
    (now() - started).as_seconds_f64().max(1e-6)
}

/// Records a run that keeps the lake in order.
async fn record_upkeep(
    lake: &Lake,
    command: &'static str,
    started: DateTime<Utc>,
    outcome: &'static str,
    counts: Vec<(&'static str, u64)>,
    details: Option<Value>,
) -> Result<(), IngestError> {
    let run = RunRecord {
        run_id: run_id(started),
        command,
        started_at: started.timestamp_micros(),
        ended_at: now().timestamp_micros(),
        counts,
        outcome,
        details: details.as_ref().map(ToString::to_string),
        ..RunRecord::default()
    };
    record_run(lake, &run).await
}

/// Opens a lake that there is.
async fn open(lake: &Lake, configuration: &Configuration) -> Result<Session> {
    let session = Session::open(lake, configuration).await?;
    there_is_a_lake(lake, &session)?;
    Ok(session)
}

fn there_is_a_lake(lake: &Lake, session: &Session) -> Result<()> {
    ensure!(
        session.events_version().is_some(),
        "there is no lake at {}: make one with keytrail ingest SOURCE --lake {}",
        lake.uri(),
        lake.uri()
    );
    Ok(())
}

/// The configuration named, else `keytrail.toml` here if there is one, else
/// none.
pub(crate) fn configuration(named: Option<&Path>) -> Result<Configuration> {
    let here = Path::new("keytrail.toml");
    match named {
        Some(path) => Ok(Configuration::read(path)?),
        None if here.exists() => Ok(Configuration::read(here)?),
        None => Ok(Configuration::default()),
    }
}
