//! A **run record**: a row of the `runs` table, so that "nothing found" differs
//! from "did not run".

use crate::date;
use crate::error::IngestError;
use crate::lake::{Lake, Packing, TableWriter};
use crate::rows::{Rows, position};
use crate::schema::RUNS;

use super::commit::append_blindly;

/// What a run leaves behind. Times are microseconds since 1970 UTC.
#[derive(Debug, Clone, Default)]
pub struct RunRecord {
    /// Unique id.
    pub run_id: String,
    /// `ingest`, `detect`, `compact` or `vacuum`.
    pub command: &'static str,
    /// Start.
    pub started_at: i64,
    /// End.
    pub ended_at: i64,
    /// The judged window.
    pub window: Option<(i64, i64)>,
    /// Counts by column name of the `runs` table.
    pub counts: Vec<(&'static str, u64)>,
    /// Hash of the detections' text.
    pub detections_hash: Option<String>,
    /// Hash of the configuration in force.
    pub configuration_hash: Option<String>,
    /// `complete`, `incomplete` or `failed`.
    pub outcome: &'static str,
    /// JSON object with the command's own numbers.
    pub details: Option<String>,
}

/// Adds a run record to the lake.
///
/// # Errors
/// When the lake cannot be written.
pub async fn record_run(lake: &Lake, run: &RunRecord) -> Result<(), IngestError> {
    const fn at(name: &str) -> usize {
        position(&RUNS, name)
    }
    let mut rows = Rows::new(&RUNS);
    rows.text(const { at("month") }, Some(&date::month(run.started_at)));
    rows.text(const { at("run_id") }, Some(&run.run_id));
    rows.text(const { at("command") }, Some(run.command));
    rows.text(const { at("tool_version") }, Some(env!("CARGO_PKG_VERSION")));
    rows.time(const { at("started_at") }, Some(run.started_at));
    rows.time(const { at("ended_at") }, Some(run.ended_at));
    rows.time(const { at("window_start") }, run.window.map(|window| window.0));
    rows.time(const { at("window_end") }, run.window.map(|window| window.1));
    for (name, count) in &run.counts {
        if let Some(column) = RUNS.columns.iter().position(|column| column.name == *name) {
            rows.integer(column, i64::try_from(*count).ok());
        }
    }
    rows.text(const { at("detections_hash") }, run.detections_hash.as_deref());
    rows.text(const { at("configuration_hash") }, run.configuration_hash.as_deref());
    rows.text(const { at("outcome") }, Some(run.outcome));
    rows.text(const { at("details") }, run.details.as_deref());
    rows.end_row();
    let mut table = lake.table(&RUNS).await?;
    let mut writer = TableWriter::new(&table, "started_at", Packing::FRESH);
    writer.write(&rows.finish()?, None).await?;
    let files = writer.close().await?;
    append_blindly(&mut table, files, run.command, run.started_at).await?;
    Ok(())
}
