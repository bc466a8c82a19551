//! A **check**: one detection judged on the fixture beside it.
//!
//! The fixture goes through ingest into real lakes, so that a detection is
//! tested on what it will see. Besides the expected rows, a detection must keep
//! quiet where there is nothing to say, and say the same whatever the order, the
//! number of copies and the number of runs that its events came in.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use ingest::Lake;
use serde_json::{Map, Value};

mod fixture;

use fixture::Fixture;

use crate::detection::{Detection, DetectionRun, Kind, Window, detect};
use crate::error::AnalyzeError;
use crate::finding::Finding;
use crate::session::Session;

/// What a check found.
#[derive(Debug)]
pub struct Checked {
    /// Id of the detection.
    pub id: String,
    /// Rows as they are now, in the form of `<id>.expected.jsonl`.
    pub rows: Vec<Value>,
    /// What is wrong, if anything.
    pub failures: Vec<String>,
}

/// Event ids that start so must not be in any finding.
const NEAR_MISS: &str = "near-miss";

const HOUR: i64 = 3_600_000_000;
const DAY: i64 = 24 * HOUR;

/// Judges a detection on the fixture in `folder`, making lakes below `scratch`.
///
/// # Errors
/// When the fixture cannot be read or a lake not be made. A detection that
/// behaves wrongly is no error but a failure in the result.
pub async fn check(
    detection: &Detection,
    folder: &Path,
    scratch: &Path,
) -> Result<Checked, AnalyzeError> {
    let id = &detection.header.id;
    let fixture = Fixture::read(id, folder)?;
    let detection = &fixture.tuned(detection)?;
    let mut checked = Checked { id: id.clone(), rows: Vec::new(), failures: Vec::new() };
    let window = fixture.window();
    let configuration = fixture.configuration();
    let covered_from = fixture.first - detection.header.lookback_micros().max(100 * DAY);

    let plain = lake(scratch, "plain").await?;
    fixture.ingest(&plain, &scratch.join("plain-source"), false, covered_from).await?;
    let session = Session::open(&plain, &configuration).await?;
    let run = judge(&session, detection, window, &mut checked).await?;
    checked.rows = run.findings.iter().map(expected_row).collect();
    sort(&mut checked.rows);
    near_misses(&fixture, &run.findings, &mut checked);
    quiet_elsewhere(&session, detection, &fixture, &mut checked).await?;
    if detection.header.kind != Kind::Event {
        let later = Window { start: window.start + HOUR, end: window.end + HOUR };
        let again = judge(&session, detection, later, &mut checked).await?;
        if fingerprints(&again) != fingerprints(&run) {
            checked.failures.push("an hour later the same state has other fingerprints".to_owned());
        }
    }

    let mixed = lake(scratch, "mixed").await?;
    fixture.ingest(&mixed, &scratch.join("mixed-source"), true, covered_from).await?;
    let session = Session::open(&mixed, &configuration).await?;
    let mut rows: Vec<Value> = judge(&session, detection, window, &mut checked)
        .await?
        .findings
        .iter()
        .map(expected_row)
        .collect();
    sort(&mut rows);
    if rows != checked.rows {
        checked.failures.push(
            "events that came twice, shuffled and over several runs give other findings".to_owned(),
        );
    }

    let empty = lake(scratch, "empty").await?;
    let session = Session::open(&empty, &configuration).await?;
    if !judge(&session, detection, window, &mut checked).await?.findings.is_empty() {
        checked.failures.push("an empty lake has findings".to_owned());
    }
    if let Some(expected) = read_expected(folder, id)? {
        compare(&expected, &mut checked);
    } else {
        checked
            .failures
            .push(format!("{id}.expected.jsonl is missing; write it with --bless and read it"));
    }
    Ok(checked)
}

async fn lake(scratch: &Path, name: &str) -> Result<Lake, AnalyzeError> {
    Ok(Lake::at(&scratch.join(name).to_string_lossy()).await?)
}

async fn judge(
    session: &Session,
    detection: &Detection,
    window: Window,
    checked: &mut Checked,
) -> Result<DetectionRun, AnalyzeError> {
    let run = detect(session, std::slice::from_ref(detection), window).await?;
    for outcome in &run.outcomes {
        if let Some(error) = &outcome.error {
            checked.failures.push(error.clone());
        }
    }
    for finding in &run.findings {
        let time = chrono::DateTime::parse_from_rfc3339(&finding.event_time)
            .map(|time| time.timestamp_micros());
        let inside = time.is_ok_and(|time| {
            time < window.end && (time >= window.start || detection.header.kind != Kind::Event)
        });
        if !inside {
            checked
                .failures
                .push(format!("event_time {} lies outside the window", finding.event_time));
        }
    }
    Ok(run)
}

/// Nothing before the first event, and for what happens in a window nothing
/// after the last.
async fn quiet_elsewhere(
    session: &Session,
    detection: &Detection,
    fixture: &Fixture,
    checked: &mut Checked,
) -> Result<(), AnalyzeError> {
    let before = Window { start: fixture.first - 2 * DAY, end: fixture.first - DAY };
    if !judge(session, detection, before, checked).await?.findings.is_empty() {
        checked.failures.push("a window before the first event has findings".to_owned());
    }
    let after = Window { start: fixture.last + DAY, end: fixture.last + 2 * DAY };
    if detection.header.kind == Kind::Event
        && !judge(session, detection, after, checked).await?.findings.is_empty()
    {
        checked.failures.push("a window after the last event has findings".to_owned());
    }
    Ok(())
}

fn near_misses(fixture: &Fixture, findings: &[Finding], checked: &mut Checked) {
    if fixture.near_misses == 0 {
        checked.failures.push(format!(
            "the fixture has no near miss: an event whose eventID starts with {NEAR_MISS}"
        ));
    }
    if findings.is_empty() {
        checked.failures.push("the fixture has no hit".to_owned());
    }
    for id in findings
        .iter()
        .flat_map(|finding| &finding.event_ids)
        .filter(|id| id.starts_with(NEAR_MISS))
    {
        checked.failures.push(format!("the near miss {id} was found"));
    }
}

fn fingerprints(run: &DetectionRun) -> BTreeSet<&str> {
    run.findings.iter().map(|finding| finding.fingerprint.as_str()).collect()
}

/// A finding as a line of `<id>.expected.jsonl`: what the row said, without the
/// header's words.
fn expected_row(finding: &Finding) -> Value {
    let Ok(Value::Object(mut row)) = serde_json::to_value(finding) else {
        return Value::Null;
    };
    for word in [
        "fingerprint",
        "detection",
        "title",
        "confidence",
        "entity",
        "why",
        "benign",
        "respond",
        "attack",
    ] {
        row.remove(word);
    }
    if let Some(Value::Object(details)) = row.remove("details") {
        row.extend(details);
    }
    Value::Object(row.into_iter().filter(|(_, value)| !value.is_null()).collect::<Map<_, _>>())
}

fn sort(rows: &mut [Value]) {
    rows.sort_by_key(|row| (row["event_time"].to_string(), row["event_ids"].to_string()));
}

fn compare(expected: &[Value], checked: &mut Checked) {
    for row in expected.iter().filter(|row| !checked.rows.contains(row)) {
        checked.failures.push(format!("expected and not found: {row}"));
    }
    for row in checked.rows.iter().filter(|row| !expected.contains(row)) {
        checked.failures.push(format!("found and not expected: {row}"));
    }
}

fn expected_path(folder: &Path, id: &str) -> PathBuf {
    folder.join(format!("{id}.expected.jsonl"))
}

/// The expected rows beside a detection, if there are any.
///
/// # Errors
/// When the file cannot be read.
pub fn read_expected(folder: &Path, id: &str) -> Result<Option<Vec<Value>>, AnalyzeError> {
    let path = expected_path(folder, id);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(AnalyzeError::File { path, source }),
    };
    text.lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| {
            serde_json::from_str(line)
                .map_err(|error| AnalyzeError::detection(id, format!("expected rows: {error}")))
        })
        .collect::<Result<_, _>>()
        .map(Some)
}

/// Writes the rows found as the expected ones, to be read in the diff.
///
/// # Errors
/// When the file cannot be written.
pub fn write_expected(folder: &Path, checked: &Checked) -> Result<(), AnalyzeError> {
    let path = expected_path(folder, &checked.id);
    let lines: Vec<String> = checked.rows.iter().map(Value::to_string).collect();
    let text = lines.join("\n") + "\n";
    std::fs::write(&path, text).map_err(|source| AnalyzeError::File { path, source })
}
