//! **SARIF**: a run's findings as a static analysis log, version 2.1.0, for what
//! shows such logs in CI. Findings have no file; their places are the key and
//! the actor, as logical locations.

use serde_json::{Map, Value, json};

use super::hostile::plain;
use crate::detection::{DetectionRun, Header};
use crate::finding::{Finding, Severity};

/// Most characters of a message.
const MESSAGE_CHARACTERS_MAX: usize = 4_000;

/// The log of a run that judged by these detections.
#[must_use]
pub fn log(run: &DetectionRun, headers: &[&Header]) -> Value {
    let judged: Vec<&Header> = headers
        .iter()
        .copied()
        .filter(|header| run.outcomes.iter().any(|outcome| outcome.detection == header.id))
        .collect();
    let results: Vec<Value> = run.findings.iter().map(|finding| result(finding, &judged)).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "KeyTrail",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": judged.iter().map(|header| rule(header)).collect::<Vec<_>>(),
            }},
            "invocations": [{
                "executionSuccessful": !run.is_incomplete(),
                "toolExecutionNotifications": notifications(run, &judged),
            }],
            "results": results,
        }],
    })
}

fn rule(header: &Header) -> Value {
    let help = format!(
        "{}\n\nWhat it may be instead: {}\n\nWhat to do first: {}",
        header.why, header.benign, header.respond
    );
    let mut rule = json!({
        "id": header.id,
        "name": camel(&header.id),
        "shortDescription": { "text": header.title },
        "fullDescription": { "text": header.why },
        "help": { "text": help },
        "defaultConfiguration": { "level": level(header.severity) },
        "properties": {
            "tags": header.attack.iter().chain(&header.controls).collect::<Vec<_>>(),
            "precision": header.confidence,
            "security-severity": score(header.severity),
        },
    });
    if let (Some(address), Some(rule)) = (header.see.first(), rule.as_object_mut()) {
        rule.insert("helpUri".to_owned(), json!(address));
    }
    rule
}

fn result(finding: &Finding, rules: &[&Header]) -> Value {
    let mut result = json!({
        "ruleId": finding.detection,
        "kind": "fail",
        "level": level(finding.severity),
        "message": { "text": message(finding) },
        "locations": [{ "logicalLocations": places(finding) }],
        "fingerprints": { "keytrail/v1": finding.fingerprint },
        // The one that readers which know partial ones only go by.
        "partialFingerprints": { "keytrail/v1": finding.fingerprint },
        "properties": {
            "severity": finding.severity,
            "event_time": finding.event_time,
            "account_id": finding.account_id,
            "region": finding.region,
            "event_ids": finding.event_ids,
            "details": finding.details,
        },
    });
    if let Some(result) = result.as_object_mut() {
        let index = rules.iter().position(|rule| rule.id == finding.detection);
        result.extend(index.map(|index| ("ruleIndex".to_owned(), json!(index))));
        let times = finding.event_count.filter(|times| *times > 0);
        result.extend(times.map(|times| ("occurrenceCount".to_owned(), json!(times))));
    }
    result
}

fn message(finding: &Finding) -> String {
    escaped(if finding.summary.is_empty() { &finding.title } else { &finding.summary })
}

/// Text of a message, in which SARIF reads links and placeholders.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in plain(text, MESSAGE_CHARACTERS_MAX).chars() {
        match character {
            '[' | ']' | '\\' => safe.extend(['\\', character]),
            '{' | '}' => safe.extend([character, character]),
            _ => safe.push(character),
        }
    }
    safe
}

/// Key and actor; the account where a finding is about neither.
fn places(finding: &Finding) -> Vec<Value> {
    let place = |kind: &str, name: &str| {
        let mut place = Map::new();
        let short = name.rsplit(['/', ':']).next().unwrap_or(name);
        place.insert("name".to_owned(), json!(plain(short, 300)));
        place.insert("fullyQualifiedName".to_owned(), json!(plain(name, 2_000)));
        place.insert("kind".to_owned(), json!(kind));
        Value::Object(place)
    };
    let key = finding.key_arn.as_deref().map(|key| place("resource", key));
    let actor = finding.actor.as_deref().map(|actor| place("actor", actor));
    let mut places: Vec<Value> = key.into_iter().chain(actor).collect();
    if places.is_empty() {
        places.push(place("account", finding.account_id.as_deref().unwrap_or("unknown")));
    }
    places
}

/// Detections that could not run.
fn notifications(run: &DetectionRun, rules: &[&Header]) -> Vec<Value> {
    run.outcomes
        .iter()
        .filter_map(|outcome| {
            let text = escaped(outcome.error.as_deref()?);
            let mut of = json!({ "id": outcome.detection });
            if let (Some(index), Some(of)) =
                (rules.iter().position(|rule| rule.id == outcome.detection), of.as_object_mut())
            {
                of.insert("index".to_owned(), json!(index));
            }
            Some(json!({ "level": "error", "message": { "text": text }, "associatedRule": of }))
        })
        .collect()
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "note",
    }
}

/// What GitHub sorts by: from 0.1 to 10.0, critical above 9.0, high from 7.0,
/// medium from 4.0.
fn score(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.0",
        Severity::Low => "3.0",
        Severity::Info => "0.1",
    }
}

/// `key_disabled` as `KeyDisabled`, which is what readers of SARIF expect.
fn camel(id: &str) -> String {
    id.split('_')
        .flat_map(|word| {
            let mut characters = word.chars();
            let first = characters.next().map(|first| first.to_ascii_uppercase());
            first.into_iter().chain(characters)
        })
        .collect()
}

#[cfg(test)]
mod tests;
