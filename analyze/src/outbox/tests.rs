//! Runs of the outbox over a real lake, with sinks that do as they are told.

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use ingest::{FindingChange, FindingRow};
use serde_json::Map;
use tempfile::TempDir;

use super::*;
use crate::alert::sink::fake::{Fake, Manner};
use crate::finding::{Finding, Severity};
use crate::session::Session;

mod crowds;
mod failures;
mod property;
mod routing;

const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
/// 2026-11-25T10:00:00Z.
const NOW: i64 = 1_795_600_800 * SECOND;

const QUICK: Patience =
    Patience { group: Duration::from_millis(300), sink: Duration::from_secs(20) };

static GO_ON: AtomicBool = AtomicBool::new(false);

/// A lake with a log of findings, and a configuration.
struct Outbox {
    _folder: TempDir,
    lake: Lake,
    configuration: Configuration,
}

impl Outbox {
    async fn new(configuration: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let lake = Lake::at(&folder.path().to_string_lossy()).await.unwrap();
        let configuration = toml::from_str(configuration).unwrap();
        Self { _folder: folder, lake, configuration }
    }

    async fn add(&self, rows: &[FindingRow]) {
        let mut table = self.lake.table(&FINDINGS).await.unwrap();
        append_findings_always(&mut table, rows, "detect", 1).await.unwrap();
    }

    /// Raises alerts `a-1`, `b-1`... of these severities, a second after each
    /// other.
    async fn raise(&self, severities: &[Severity], at: i64) {
        let rows: Vec<FindingRow> = severities
            .iter()
            .enumerate()
            .map(|(place, severity)| {
                raised(&name(place), *severity, at + i64::try_from(place).unwrap() * SECOND)
            })
            .collect();
        self.add(&rows).await;
    }

    fn sinks(&self, fakes: &[&Fake]) -> Sinks {
        let settings = self.configuration.sinks.iter().cloned();
        Sinks::fake(settings.zip(fakes.iter().map(|&fake| fake.clone())).collect())
    }

    async fn deliver(&self, sinks: &Sinks, now: i64) -> DeliveryReport {
        let run = DeliveryRun { run_id: "run", now, stop: &GO_ON };
        deliver_within(&self.lake, &self.configuration, sinks, &run, QUICK).await.unwrap()
    }

    /// Alert, sink, state and attempt of all deliveries, sorted.
    async fn states(&self) -> Vec<String> {
        let session = Session::open(&self.lake, &self.configuration).await.unwrap();
        let mut states: Vec<String> = delivery::read(&session)
            .await
            .unwrap()
            .into_iter()
            .map(|one| {
                let state = serde_json::to_value(one.state).unwrap();
                let state = state.as_str().unwrap().to_owned();
                format!("{} {} {state} {}", one.alert_id, one.sink, one.attempt)
            })
            .collect();
        states.sort();
        states
    }
}

/// `a`, `b`... `z`, `za`...
fn name(place: usize) -> String {
    let letter = char::from(b'a' + u8::try_from(place % 26).unwrap());
    format!("{}{letter}", "z".repeat(place / 26))
}

fn raised(matter: &str, severity: Severity, at: i64) -> FindingRow {
    let finding = Finding {
        fingerprint: matter.to_owned(),
        detection: "key_disabled".to_owned(),
        title: "A key was disabled".to_owned(),
        severity,
        confidence: "high".to_owned(),
        event_time: moment(at),
        first_time: None,
        last_time: None,
        event_count: None,
        account_id: Some("111122223333".to_owned()),
        region: Some("eu-west-1".to_owned()),
        actor: None,
        key_arn: None,
        event_ids: Vec::new(),
        summary: format!("matter {matter}"),
        entity: Map::new(),
        details: Map::new(),
        why: String::new(),
        benign: String::new(),
        respond: String::new(),
        attack: Vec::new(),
        needs_history: false,
    };
    FindingRow {
        fingerprint: Some(matter.to_owned()),
        detection: Some(finding.detection.clone()),
        severity: Some(severity.name().to_owned()),
        account_id: finding.account_id.clone(),
        summary: Some(finding.summary.clone()),
        finding: Some(serde_json::to_string(&finding).unwrap()),
        reason: Some("new".to_owned()),
        alert_id: Some(format!("{matter}-1")),
        ..FindingRow::new(FindingChange::Raised, "run", at)
    }
}

const ONE_SINK: &str = "[[sinks]]\nname = 'team'\nkind = 'stdout'\n";
const TWO_SINKS: &str = "[[sinks]]\nname = 'team'\nkind = 'stdout'\n\
                         [[sinks]]\nname = 'board'\nkind = 'stdout'\n";
