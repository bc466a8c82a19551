//! What becomes of matters, told run by run.

use std::collections::BTreeMap;
use std::slice::from_ref;

use ingest::{FindingChange, FindingRow};
use proptest::prelude::*;
use serde_json::Map;

use super::changes::{DAY, changes};
use super::judgement::Judgement;
use super::known::{Known, Matter, MatterState};
use super::summary;
use crate::configuration::{Configuration, Rules, moment};
use crate::detection::Coverage;
use crate::finding::{Finding, Severity};

const HOUR: i64 = DAY / 24;
const ACCOUNT: &str = "111122223333";
const REGION: &str = "eu-west-1";

fn now() -> i64 {
    moment("2026-11-25").unwrap()
}

fn time(micros: i64) -> String {
    chrono::DateTime::from_timestamp_micros(micros)
        .unwrap()
        .to_rfc3339_opts(chrono::SecondsFormat::Micros, true)
}

/// A finding of the detection `happened` (of events) or `stands` (of a state).
fn finding(detection: &str, fingerprint: &str, at: i64) -> Finding {
    Finding {
        fingerprint: fingerprint.to_owned(),
        detection: detection.to_owned(),
        title: "Title".to_owned(),
        severity: Severity::Medium,
        confidence: "high".to_owned(),
        event_time: time(at),
        first_time: None,
        last_time: None,
        event_count: None,
        account_id: Some(ACCOUNT.to_owned()),
        region: Some(REGION.to_owned()),
        actor: Some("arn:aws:iam::111122223333:role/KeyAdmin".to_owned()),
        key_arn: None,
        event_ids: Vec::new(),
        summary: "Something".to_owned(),
        entity: [("key_id".to_owned(), fingerprint.into())].into_iter().collect(),
        details: Map::new(),
        why: String::new(),
        benign: String::new(),
        respond: String::new(),
        attack: Vec::new(),
        needs_history: false,
    }
}

fn judged(at: i64, findings: &[Finding]) -> Judgement {
    Judgement {
        judged_at: at,
        findings: findings.iter().map(|found| (found.fingerprint.clone(), found.clone())).collect(),
        of_events: ["happened".to_owned()].into(),
        of_states: ["stands".to_owned()].into(),
        not_determinable: [].into(),
        covered: Coverage::of(ACCOUNT, REGION),
    }
}

fn rules(text: &str) -> Rules {
    Rules::of(&toml::from_str::<Configuration>(text).unwrap()).unwrap()
}

/// What the view `matters` makes of rows, in plain words.
fn fold(known: &mut Known, rows: &[FindingRow]) {
    for row in rows {
        let fingerprint = row.fingerprint.clone().unwrap();
        if fingerprint == summary::fingerprint() {
            known.summaries += 1;
            known.summarized_at = Some(row.recorded_at);
            continue;
        }
        let at = row.recorded_at;
        let severity: Option<Severity> = row.severity.as_deref().map(|name| name.parse().unwrap());
        let matter = known.matters.entry(fingerprint.clone()).or_insert_with(|| Matter {
            fingerprint,
            detection: row.detection.clone().unwrap(),
            state: MatterState::Open,
            severity: severity.unwrap(),
            first_found_at: at,
            changed_at: at,
            last_seen_at: at,
            event_time: row.event_time.unwrap(),
            last_time: None,
            event_count: None,
            alerts: 0,
            last_raised_at: None,
            until: None,
            reason: None,
            account_id: row.account_id.clone(),
            region: row.region.clone(),
            finding: None,
        });
        let state = match row.change {
            FindingChange::Found | FindingChange::Escalated => Some(MatterState::Open),
            FindingChange::Historical => Some(MatterState::Historical),
            FindingChange::Suppressed => Some(MatterState::Suppressed),
            FindingChange::Closed => Some(MatterState::Closed),
            _ => None,
        };
        if row.change == FindingChange::Raised {
            matter.alerts += 1;
            matter.last_raised_at = Some(at);
            continue;
        }
        if let Some(state) = state {
            matter.state = state;
            matter.changed_at = at;
            matter.reason.clone_from(&row.reason);
            matter.until = row.until;
            matter.finding = row.finding.clone().or(matter.finding.take());
        }
        if row.change != FindingChange::Closed {
            matter.severity = severity.unwrap();
            matter.last_seen_at = at;
            matter.event_time = row.event_time.unwrap();
            matter.last_time = row.last_time.or(matter.last_time);
            matter.event_count = row.event_count.or(matter.event_count);
        }
    }
}

/// A lake's life: runs one after another.
struct Life {
    known: Known,
    rules: Rules,
}

impl Life {
    fn with(rules: Rules) -> Self {
        Self { known: Known::default(), rules }
    }

    fn new() -> Self {
        Self::with(rules(""))
    }

    /// One run; what changed, as `change reason fingerprint`.
    fn run(&mut self, at: i64, findings: &[Finding]) -> Vec<String> {
        self.judge(at, &judged(at, findings))
    }

    fn judge(&mut self, at: i64, judgement: &Judgement) -> Vec<String> {
        let rows = changes(&self.known, judgement, &self.rules, "run", at);
        fold(&mut self.known, &rows);
        rows.iter()
            .map(|row| {
                let words = [Some(row.change.as_str()), row.reason.as_deref()];
                let words: Vec<&str> = words.into_iter().flatten().collect();
                words.join(" ")
            })
            .collect()
    }
}

#[test]
fn a_matter_is_found_once_and_told_once() {
    let mut life = Life::new();
    for found in [finding("happened", "a", now()), finding("stands", "b", now())] {
        assert_eq!(life.run(now(), from_ref(&found)).len(), 2);
        for minutes in 1..60 {
            assert!(life.run(now() + minutes * HOUR / 60, from_ref(&found)).is_empty());
        }
    }
    let alerts: u64 = life.known.matters.values().map(|matter| matter.alerts).sum();
    assert_eq!(alerts, 2);
}

#[test]
fn a_state_that_goes_on_is_noted_daily_and_told_again_after_a_week() {
    let mut life = Life::new();
    let found = finding("stands", "a", now());
    let told: Vec<(i64, String)> = (0..24 * 15)
        .flat_map(|hour| {
            let said = life.run(now() + hour * HOUR, from_ref(&found));
            said.into_iter().map(move |change| (hour, change))
        })
        .collect();
    let at = |change: &str| -> Vec<i64> {
        told.iter().filter(|(_, said)| said == change).map(|(hour, _)| *hour).collect()
    };
    assert_eq!(at("raised new"), [0]);
    assert_eq!(at("raised reminder"), [168, 336]);
    assert_eq!(at("seen").len(), 14);
}

#[test]
fn what_happened_does_not_go_on_by_being_judged_again() {
    let mut life = Life::new();
    let found = finding("happened", "a", now());
    life.run(now(), from_ref(&found));
    assert!(life.run(now() + 30 * DAY, from_ref(&found)).is_empty());
    let again = Finding { last_time: Some(time(now() + 29 * DAY)), ..found };
    assert_eq!(life.run(now() + 30 * DAY, from_ref(&again)), ["seen", "raised reminder"]);
    assert!(life.run(now() + 31 * DAY, &[again]).is_empty());
}

#[test]
fn what_happened_is_never_over_and_a_state_that_is_gone_is() {
    let mut life = Life::new();
    let (happened, stands) = (finding("happened", "a", now()), finding("stands", "b", now()));
    life.run(now(), &[happened, stands.clone()]);
    assert_eq!(life.run(now() + HOUR, &[]), ["closed gone"]);
    assert!(life.run(now() + 2 * HOUR, &[]).is_empty());
    let back = life.run(now() + 3 * HOUR, &[stands]);
    assert_eq!(back, ["found returned", "raised returned"]);
    assert_eq!(life.known.matters["b"].alerts, 2);
}

#[test]
fn nothing_is_over_where_nobody_could_see() {
    let mut life = Life::new();
    life.run(now(), &[finding("stands", "a", now())]);
    let later = now() + HOUR;
    let blind = Judgement { covered: Coverage::default(), ..judged(later, &[]) };
    let failed = Judgement { of_states: [].into(), ..judged(later, &[]) };
    let place = ("stands".to_owned(), ACCOUNT.to_owned(), REGION.to_owned());
    let silent = Judgement { not_determinable: [place].into(), ..judged(later, &[]) };
    let earlier = judged(now() - HOUR, &[]);
    for judgement in [blind, failed, silent, earlier] {
        assert!(life.judge(later, &judgement).is_empty(), "{judgement:?}");
    }
}

#[test]
fn a_run_that_looked_earlier_does_not_bring_back_what_is_over() {
    let mut life = Life::new();
    let found = finding("stands", "a", now());
    life.run(now(), from_ref(&found));
    life.run(now() + HOUR, &[]);
    assert!(life.judge(now() + 2 * HOUR, &judged(now() + HOUR / 2, &[found])).is_empty());
}

#[test]
fn what_gets_worse_is_told_at_once_and_what_gets_better_is_not() {
    let mut life = Life::new();
    let found = finding("stands", "a", now());
    life.run(now(), from_ref(&found));
    let worse = Finding { severity: Severity::Critical, ..found.clone() };
    assert_eq!(life.run(now() + HOUR, from_ref(&worse)), ["escalated", "raised escalated"]);
    assert!(life.run(now() + 2 * HOUR, &[found]).is_empty());
    assert!(life.run(now() + 3 * HOUR, &[worse]).is_empty());
}

#[test]
fn old_matters_are_historical_and_told_of_in_one_summary() {
    let mut life = Life::with(rules("[alerts]\nfrom = '2026-11-20'"));
    let old = |name: &str| finding("happened", name, now() - 10 * DAY);
    let said = life.run(now(), &[old("a"), old("b"), finding("stands", "c", now() - 9 * DAY)]);
    assert_eq!(said, ["historical", "historical", "historical", "raised historical"]);
    // More turn up: one summary a day.
    assert_eq!(life.run(now() + HOUR, &[old("d")]), ["historical", "closed gone"]);
    let next = changes(
        &life.known,
        &judged(now() + 25 * HOUR, &[]),
        &life.rules,
        "run",
        now() + 25 * HOUR,
    );
    let summary = next.iter().find(|row| row.change == FindingChange::Raised).unwrap();
    assert!(summary.summary.as_deref().unwrap().starts_with("1 matter "), "{summary:?}");
    fold(&mut life.known, &next);
    assert!(life.run(now() + 50 * HOUR, &[]).is_empty());
    // What goes on after alerting began is new.
    let again = Finding { last_time: Some(time(now() - DAY)), ..old("a") };
    assert_eq!(life.run(now() + 50 * HOUR, &[again]), ["found went_on", "raised new"]);
}

#[test]
fn a_suppression_is_recorded_once_and_ends() {
    let text = "[[suppressions]]\ndetection = 'stands'\nreason = 'planned'\napproved_by = 'robin'\nexpires = '2026-11-27'\nentity = { key_id = 'a*', account_id = '1111*' }";
    let mut life = Life::with(rules(text));
    let found = finding("stands", "a1", now());
    assert_eq!(life.run(now(), from_ref(&found)), ["suppressed planned (approved by robin)"]);
    assert_eq!(life.known.matters["a1"].until, moment("2026-11-27"));
    assert!(life.run(now() + HOUR, from_ref(&found)).is_empty());
    assert_eq!(life.run(now() + HOUR, &[finding("stands", "b", now()), found.clone()]).len(), 2);
    let ended = life.run(now() + 2 * DAY, &[found, finding("stands", "b", now())]);
    assert_eq!(ended, ["found suppression_ended", "raised new", "seen"]);
}

#[test]
fn a_known_matter_is_suppressed_without_being_found_again() {
    let mut life = Life::new();
    life.run(now(), &[finding("happened", "a", now())]);
    life.rules = rules(
        "[[suppressions]]\ndetection = 'happened'\nreason = 'drill'\napproved_by = 'robin'\nexpires = '2027-01-01'",
    );
    assert_eq!(life.run(now() + HOUR, &[]), ["suppressed drill (approved by robin)"]);
    assert!(life.run(now() + 2 * HOUR, &[]).is_empty());
}

#[test]
fn ids_of_alerts_count_up() {
    let mut life = Life::new();
    let mut ids = Vec::new();
    for week in 0..3 {
        let at = now() + week * 7 * DAY;
        let rows = changes(
            &life.known,
            &judged(at, &[finding("stands", "a", now())]),
            &life.rules,
            "run",
            at,
        );
        ids.extend(rows.iter().filter_map(|row| row.alert_id.clone()));
        fold(&mut life.known, &rows);
    }
    assert_eq!(ids, ["a-1", "a-2", "a-3"]);
}

fn any_findings() -> impl Strategy<Value = Vec<Finding>> {
    let one = (0..6_u8, 0..2_u8, 0..5_usize, -40..2_i64, 0..40_i64, proptest::option::of(1..9_u64));
    proptest::collection::vec(one, 0..8).prop_map(|all| {
        let mut findings: BTreeMap<String, Finding> = BTreeMap::new();
        for (name, kind, severity, day, more, count) in all {
            let detection = if kind == 0 { "happened" } else { "stands" };
            let at = now() + day * DAY;
            let found = Finding {
                severity: Severity::ALL[severity],
                last_time: (more % 2 == 0).then(|| time(at + more * HOUR)),
                event_count: count,
                ..finding(detection, &format!("{detection}{name}"), at)
            };
            findings.insert(found.fingerprint.clone(), found);
        }
        findings.into_values().collect()
    })
}

fn any_rules() -> impl Strategy<Value = Rules> {
    (any::<bool>(), any::<bool>()).prop_map(|(from, accepted)| {
        let from = if from { "[alerts]\nfrom = '2026-11-10'\n" } else { "" };
        let accepted = if accepted {
            "[[suppressions]]\ndetection = 'stands'\nreason = 'r'\napproved_by = 'p'\nexpires = '2026-12-10'\nentity = { key_id = '*1' }\n"
        } else {
            ""
        };
        rules(&format!("{from}{accepted}"))
    })
}

proptest! {
    #[test]
    fn the_same_run_twice_changes_nothing(
        runs in proptest::collection::vec((any_findings(), 0..60_i64), 1..6),
        rules in any_rules(),
    ) {
        let mut life = Life::with(rules);
        let mut at = now();
        for (findings, hours) in runs {
            at += hours * HOUR;
            life.run(at, &findings);
            prop_assert_eq!(life.run(at, &findings), Vec::<String>::new());
        }
    }

    #[test]
    fn nobody_is_told_of_what_is_suppressed_historical_or_over(
        runs in proptest::collection::vec((any_findings(), 1..60_i64), 1..6),
        rules in any_rules(),
    ) {
        let mut life = Life::with(rules);
        let mut at = now();
        for (findings, hours) in runs {
            at += hours * HOUR;
            let rows = changes(&life.known, &judged(at, &findings), &life.rules, "run", at);
            let mut ids: Vec<_> = rows.iter().filter_map(|row| row.alert_id.clone()).collect();
            let raised = ids.len();
            ids.sort();
            ids.dedup();
            prop_assert_eq!(raised, ids.len());
            fold(&mut life.known, &rows);
            for row in rows.iter().filter(|row| row.change == FindingChange::Raised) {
                let matter = life.known.matters.get(row.fingerprint.as_deref().unwrap());
                prop_assert!(matter.is_none_or(|matter| matter.state == MatterState::Open));
            }
        }
    }
}

/// The fold above stands for the view: here is the proof.
#[tokio::test(flavor = "multi_thread")]
async fn the_view_says_what_the_log_means() {
    let folder = tempfile::tempdir().unwrap();
    let lake = ingest::Lake::at(&folder.path().display().to_string()).await.unwrap();
    let mut table = lake.table(&ingest::schema::FINDINGS).await.unwrap();
    let mut life = Life::with(rules(
        "[alerts]\nfrom = '2026-11-20'\n[[suppressions]]\ndetection = 'stands'\nreason = 'r'\napproved_by = 'p'\nexpires = '2026-11-28'\nentity = { key_id = 'c' }",
    ));
    let stands = |name: &str| finding("stands", name, now());
    let worse = Finding { severity: Severity::Critical, ..stands("b") };
    let old = finding("happened", "d", now() - 30 * DAY);
    let counted = |count: u64, hours: i64| Finding {
        event_count: Some(count),
        last_time: Some(time(now() + hours * HOUR)),
        ..finding("happened", "e", now())
    };
    let runs = [
        vec![stands("a"), stands("b"), stands("c"), old, counted(1, 1)],
        vec![stands("b"), stands("c"), counted(1, 2)],
        vec![worse, stands("c"), counted(7, 3)],
        vec![stands("a"), stands("b"), stands("c"), counted(2, 30)],
        vec![stands("c")],
    ];
    for (run, findings) in (0..).zip(&runs) {
        let at = now() + run * 20 * HOUR;
        let judgement = judged(at, findings);
        let rows = changes(&life.known, &judgement, &life.rules, "run", at);
        fold(&mut life.known, &rows);
        ingest::append_findings(&mut table, &rows, "detect", run + 1).await.unwrap();
        life.known.version = Some(u64::try_from(run + 1).unwrap());
        let known = Known::read(&table, true).await.unwrap();
        assert_eq!(known, life.known, "run {run}");
    }
}
