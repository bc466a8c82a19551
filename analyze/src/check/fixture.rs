//! A **fixture**: the CloudTrail records beside a detection, and the coverage
//! that they are meant to be seen under.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use ingest::{IngestOptions, Lake, Progress, Source, ingest};
use serde::Deserialize;
use serde_json::Value;

use super::NEAR_MISS;
use crate::configuration::{Configuration, Trust, set_parameters};
use crate::detection::{Detection, Window};
use crate::error::AnalyzeError;

/// Hours between the log files that stand for "nothing else happened".
const COVERED_EVERY: i64 = 6 * super::HOUR;

/// Records of one fixture.
pub(super) struct Fixture {
    records: Vec<String>,
    places: BTreeSet<(String, String)>,
    directives: Directives,
    /// Time of the earliest and of the latest record, microseconds.
    pub(super) first: i64,
    pub(super) last: i64,
    pub(super) near_misses: usize,
}

/// The optional first line.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Directives {
    /// Where logs are missing.
    coverage_gaps: Vec<Gap>,
    /// Start of the judged window; the first record's time without it.
    window_start: Option<DateTime<Utc>>,
    /// What `[trust]` of the configuration says.
    trust: Trust,
    /// Values in place of the parameters' defaults.
    parameters: BTreeMap<String, toml::Value>,
}

/// Time without logs of one account and Region.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Gap {
    account_id: String,
    region: String,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
}

impl Fixture {
    pub(super) fn read(id: &str, folder: &Path) -> Result<Self, AnalyzeError> {
        let path = folder.join(format!("{id}.events.jsonl"));
        let text =
            fs::read_to_string(&path).map_err(|source| AnalyzeError::File { path, source })?;
        let wrong = |reason: String| AnalyzeError::detection(id, format!("fixture: {reason}"));
        let mut fixture = Self {
            records: Vec::new(),
            places: BTreeSet::new(),
            directives: Directives::default(),
            first: i64::MAX,
            last: i64::MIN,
            near_misses: 0,
        };
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let value: Value =
                serde_json::from_str(line).map_err(|error| wrong(error.to_string()))?;
            if value.get("eventTime").is_none() && fixture.records.is_empty() {
                fixture.directives =
                    serde_json::from_value(value).map_err(|error| wrong(error.to_string()))?;
                continue;
            }
            let time = value["eventTime"]
                .as_str()
                .and_then(|time| DateTime::parse_from_rfc3339(time).ok());
            let time = time
                .ok_or_else(|| wrong("a record has no eventTime".to_owned()))?
                .timestamp_micros();
            fixture.first = fixture.first.min(time);
            fixture.last = fixture.last.max(time);
            fixture.near_misses +=
                usize::from(value["eventID"].as_str().is_some_and(|id| id.starts_with(NEAR_MISS)));
            fixture.places.extend(places(&value));
            fixture.records.push(line.to_owned());
        }
        if fixture.records.is_empty() {
            return Err(wrong("no records".to_owned()));
        }
        Ok(fixture)
    }

    /// The window to judge: up to one second after the last record.
    pub(super) fn window(&self) -> Window {
        let start = self.directives.window_start.map(|time| time.timestamp_micros());
        Window { start: start.unwrap_or(self.first), end: self.last + 1_000_000 }
    }

    /// The configuration to judge with.
    pub(super) fn configuration(&self) -> Configuration {
        Configuration { trust: self.directives.trust.clone(), ..Configuration::default() }
    }

    /// The detection with the parameters to judge with.
    pub(super) fn tuned(&self, detection: &Detection) -> Result<Detection, AnalyzeError> {
        let mut tuned = detection.clone();
        let problems = set_parameters(&mut tuned.header, &self.directives.parameters);
        if problems.is_empty() {
            return Ok(tuned);
        }
        let reason = format!("fixture: {}", problems.join("; "));
        Err(AnalyzeError::detection(&detection.header.id, reason))
    }

    /// Puts the records into a lake. `mixed`: each twice, in another order, over
    /// three runs.
    pub(super) async fn ingest(
        &self,
        lake: &Lake,
        source: &Path,
        mixed: bool,
        covered_from: i64,
    ) -> Result<(), AnalyzeError> {
        self.write_coverage(&source.join("coverage"), covered_from)?;
        read_in(lake, &source.join("coverage"), "coverage").await?;
        let parts: Vec<Vec<&String>> = if mixed {
            let reversed: Vec<&String> = self.records.iter().rev().collect();
            let third = reversed.len().div_ceil(3);
            let mut parts: Vec<Vec<&String>> = reversed.chunks(third).map(<[_]>::to_vec).collect();
            parts.push(self.records.iter().collect());
            parts
        } else {
            vec![self.records.iter().collect()]
        };
        for (index, part) in parts.iter().enumerate() {
            let folder = source.join(format!("part-{index}"));
            let lines: Vec<&str> = part.iter().map(|record| record.as_str()).collect();
            write(&folder.join("records.jsonl"), &lines.join("\n"))?;
            read_in(lake, &folder, &format!("part-{index}")).await?;
        }
        Ok(())
    }

    /// Empty log files, so that the accounts and Regions of the fixture are
    /// covered but for the gaps.
    fn write_coverage(&self, folder: &Path, from: i64) -> Result<(), AnalyzeError> {
        for (account, region) in &self.places {
            let mut slot = from;
            while slot <= self.last + 3 * super::DAY {
                let time = DateTime::from_timestamp_micros(slot).unwrap_or_default();
                slot += COVERED_EVERY;
                let missing = self.directives.coverage_gaps.iter().any(|gap| {
                    gap.account_id == *account
                        && gap.region == *region
                        && (gap.from..gap.to).contains(&time)
                });
                if !missing {
                    let name = format!(
                        "{account}_CloudTrail_{region}_{}_fixture.json",
                        time.format("%Y%m%dT%H%MZ")
                    );
                    write(&folder.join(name), "{\"Records\":[]}")?;
                }
            }
        }
        Ok(())
    }
}

/// Accounts and Regions that a record speaks of: who received it, and whose
/// resources it names.
fn places(record: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let mut places: Vec<(String, String)> =
        text(&record["recipientAccountId"]).zip(text(&record["awsRegion"])).into_iter().collect();
    for resource in record["resources"].as_array().into_iter().flatten() {
        let fields: Vec<&str> = resource["ARN"].as_str().unwrap_or_default().split(':').collect();
        if let [_, _, "kms", region, account, ..] = fields.as_slice() {
            places.push(((*account).to_owned(), (*region).to_owned()));
        }
    }
    places
}

fn write(path: &Path, text: &str) -> Result<(), AnalyzeError> {
    let failed = |source| AnalyzeError::File { path: path.to_path_buf(), source };
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    fs::write(path, text).map_err(failed)
}

async fn read_in(lake: &Lake, source: &Path, run_id: &str) -> Result<(), AnalyzeError> {
    let sources = vec![Source::Path(source.to_path_buf())];
    let options = IngestOptions::new(sources, run_id.to_owned(), 0);
    ingest(lake, options, Arc::new(Progress::default())).await?;
    Ok(())
}
