//! A **finding**: one row that a detection returned, with what a person needs
//! to judge it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Good to know.
    Info,
    /// Hygiene.
    Low,
    /// To be looked at.
    Medium,
    /// To be looked at today.
    High,
    /// To be looked at now.
    Critical,
}

impl Severity {
    /// All severities, mildest first.
    pub const ALL: [Self; 5] = [Self::Info, Self::Low, Self::Medium, Self::High, Self::Critical];

    /// The name, in lower case.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

impl FromStr for Severity {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|severity| severity.name() == text)
            .ok_or_else(|| format!("{text:?} is no severity: info, low, medium, high or critical"))
    }
}

/// Most event ids a finding names.
pub(crate) const EVENT_IDS_MAX: usize = 20;

/// One matter that a detection found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// Same matter, same fingerprint: from the detection and its entity.
    pub fingerprint: String,
    /// Id of the detection.
    pub detection: String,
    /// Its title.
    pub title: String,
    /// How bad it is.
    pub severity: Severity,
    /// How sure the detection is: low, medium or high.
    pub confidence: String,
    /// When it happened or became true, ISO 8601.
    pub event_time: String,
    /// First and last call counted, where the detection tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_time: Option<String>,
    /// See `first_time`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_time: Option<String>,
    /// Calls counted, where the detection tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_count: Option<u64>,
    /// Account concerned.
    pub account_id: Option<String>,
    /// Region concerned.
    pub region: Option<String>,
    /// Who.
    pub actor: Option<String>,
    /// Which key.
    pub key_arn: Option<String>,
    /// Up to twenty events that show it.
    pub event_ids: Vec<String>,
    /// What happened, in a sentence.
    pub summary: String,
    /// Columns that identify the matter.
    pub entity: Map<String, Value>,
    /// Further columns of the detection.
    pub details: Map<String, Value>,
    /// Why it matters.
    pub why: String,
    /// What it may be instead.
    pub benign: String,
    /// What to look at first.
    pub respond: String,
    /// ATT&CK techniques.
    pub attack: Vec<String>,
    /// Whether it is one only because it happened for the first time.
    #[serde(skip)]
    pub(crate) needs_history: bool,
}

impl Finding {
    /// Takes in another row about the same matter: worst severity, all counts.
    pub(crate) fn merge(&mut self, other: Self) {
        if other.severity > self.severity {
            self.severity = other.severity;
            self.summary = other.summary;
        }
        self.event_time = self.event_time.clone().min(other.event_time);
        self.first_time = [self.first_time.take(), other.first_time].into_iter().flatten().min();
        self.last_time = [self.last_time.take(), other.last_time].into_iter().flatten().max();
        self.event_count = match (self.event_count, other.event_count) {
            (Some(mine), Some(theirs)) => Some(mine + theirs),
            (mine, theirs) => mine.or(theirs),
        };
        self.needs_history &= other.needs_history;
        for id in other.event_ids {
            if self.event_ids.len() < EVENT_IDS_MAX && !self.event_ids.contains(&id) {
                self.event_ids.push(id);
            }
        }
    }
}

/// The fingerprint of a matter: detection and entity values, nothing else.
pub(crate) fn fingerprint(detection: &str, entity: &Map<String, Value>) -> String {
    let mut hash = Sha256::new();
    hash.update(detection);
    for (name, value) in entity {
        hash.update([0]);
        hash.update(name);
        hash.update([0]);
        hash.update(value.to_string());
    }
    let mut text = format!("{:x}", hash.finalize());
    text.truncate(32);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn severities_are_ordered_and_read_by_name() {
        assert!(Severity::Info < Severity::Critical);
        for severity in Severity::ALL {
            assert_eq!(severity.name().parse(), Ok(severity));
        }
        assert!("urgent".parse::<Severity>().is_err());
    }

    #[test]
    fn a_fingerprint_depends_on_detection_and_entity_only() {
        let entity: Map<String, Value> = [("key_arn".to_owned(), "k".into())].into_iter().collect();
        assert_eq!(fingerprint("a", &entity), fingerprint("a", &entity.clone()));
        assert_ne!(fingerprint("a", &entity), fingerprint("b", &entity));
    }
}
