//! The **commands**, one file each.

pub(crate) mod demo;
pub(crate) mod detect;
pub(crate) mod detections;
pub(crate) mod docs;
pub(crate) mod ingest;
pub(crate) mod simulate;
pub(crate) mod sql;

use std::path::Path;

use analyze::Configuration;
use anyhow::Result;
use chrono::{DateTime, Utc};

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
