//! A **header**: the TOML in the leading comment of a detection file.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::bind::micros_of;
use super::parameter::Parameter;
use crate::error::AnalyzeError;
use crate::finding::Severity;
use crate::queries;

const MICROS_PER_DAY: i64 = 86_400_000_000;

/// How a detection judges.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// What happened in the window.
    Event,
    /// How things stand at the window's end.
    State,
    /// A state that needs silence to be real, and so complete logs.
    Absence,
}

impl Kind {
    /// The name, in lower case.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::State => "state",
            Self::Absence => "absence",
        }
    }
}

/// What a detection says of itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// The file stem.
    pub id: String,
    /// One line for people.
    pub title: String,
    /// How it judges.
    pub kind: Kind,
    /// Of a finding, unless its row says otherwise.
    pub severity: Severity,
    /// low, medium or high.
    pub confidence: String,
    /// ATT&CK techniques; none for hygiene.
    pub attack: Vec<String>,
    /// Version of ATT&CK that the ids are of.
    pub attack_version: Option<String>,
    /// Controls that a finding is evidence for.
    pub controls: Vec<String>,
    /// How far before the window it looks, such as `90d`.
    pub lookback: String,
    /// For what is a finding because it happens for the first time: how many
    /// days with logs, such as `14d`, must lie in the lookback before the window.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub history: Option<String>,
    /// For a state or an absence: how long after it was judged, such as `24h`, it
    /// is not judged again by runs that judge what is new.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<String>,
    /// Columns that identify one ongoing matter.
    pub entity: Vec<String>,
    /// Why it matters.
    pub why: String,
    /// What it may be instead.
    pub benign: String,
    /// What to look at first, and whom to ask.
    pub respond: String,
    /// Where to read on.
    pub see: Vec<String>,
    /// Values that a user may change.
    #[serde(default)]
    pub parameters: BTreeMap<String, Parameter>,
    /// Whether the configuration has set the severity: of every finding, then,
    /// whatever its row says.
    #[serde(skip)]
    pub severity_is_set: bool,
}

impl Header {
    pub(super) fn parse(id: &str, text: &str) -> Result<Self, AnalyzeError> {
        let wrong = |reason: String| AnalyzeError::detection(id, reason);
        let lines: Vec<&str> = text
            .lines()
            .map_while(|line| line.strip_prefix("--"))
            .map(|line| line.strip_prefix(' ').unwrap_or(line))
            .collect();
        if lines.is_empty() {
            return Err(wrong(
                "the file must begin with its header: TOML in lines that start with `-- `"
                    .to_owned(),
            ));
        }
        let toml = lines.join("\n");
        let header: Self = toml::from_str(&toml)
            .map_err(|error| wrong(format!("header{}", toml_error(&toml, &error))))?;
        header.validate(id).map_err(wrong)?;
        Ok(header)
    }

    /// How far before the window it looks, microseconds.
    #[must_use]
    pub fn lookback_micros(&self) -> i64 {
        micros_of(&self.lookback).unwrap_or_default()
    }

    /// Days with logs that it needs before the window; none if it needs no past.
    #[must_use]
    pub fn history_days(&self) -> Option<i64> {
        self.history.as_deref().and_then(micros_of).map(|micros| micros / MICROS_PER_DAY)
    }

    /// How long it is not judged again, microseconds; none if it always is.
    #[must_use]
    pub fn every_micros(&self) -> Option<i64> {
        self.every.as_deref().and_then(micros_of)
    }

    fn validate(&self, id: &str) -> Result<(), String> {
        if self.id != id {
            return Err(format!("its id is {:?}, its file is named {id:?}", self.id));
        }
        if !matches!(self.confidence.as_str(), "low" | "medium" | "high") {
            return Err(format!("confidence {:?} is not low, medium or high", self.confidence));
        }
        if micros_of(&self.lookback).is_none() {
            return Err(format!(
                "lookback {:?} is no duration such as \"90d\" or \"12h\"",
                self.lookback
            ));
        }
        self.validate_history()?;
        if let Some(every) = &self.every
            && (self.every_micros().is_none() || self.kind == Kind::Event)
        {
            return Err(format!(
                "every {every:?} must be a duration such as \"24h\", of a state or an absence"
            ));
        }
        for (name, text) in [
            ("title", &self.title),
            ("why", &self.why),
            ("benign", &self.benign),
            ("respond", &self.respond),
        ] {
            if text.trim().is_empty() {
                return Err(format!("{name} is empty"));
            }
        }
        if self.entity.is_empty() || self.entity.iter().any(|name| name == "recipient_account_id") {
            return Err(
                "entity must name at least one column, and never recipient_account_id".to_owned()
            );
        }
        self.validate_attack()
    }

    /// Whether the days of history needed lie within the lookback.
    pub(crate) fn validate_history(&self) -> Result<(), String> {
        let Some(history) = &self.history else {
            return Ok(());
        };
        let days = micros_of(history).filter(|_| history.ends_with('d'));
        if days.is_none_or(|days| days == 0 || days > self.lookback_micros()) {
            return Err(format!(
                "history {history:?} is no number of days within the lookback of {}, such as \"14d\"",
                self.lookback
            ));
        }
        Ok(())
    }

    fn validate_attack(&self) -> Result<(), String> {
        let Some(version) = &self.attack_version else {
            return if self.attack.is_empty() {
                Ok(())
            } else {
                Err("attack needs attack_version".to_owned())
            };
        };
        for technique in &self.attack {
            let listed = queries::ATTACK.lines().any(|line| {
                line.split(',').next() == Some(technique)
                    && line.rsplit(',').next() == Some(version)
            });
            if !listed {
                return Err(format!(
                    "{technique} of ATT&CK {version} is not in queries/attack.csv"
                ));
            }
        }
        Ok(())
    }
}

/// Line and message of a TOML error, in one line.
pub(crate) fn toml_error(text: &str, error: &toml::de::Error) -> String {
    let line = error.span().and_then(|span| text.get(..span.start)).map(|before| {
        let line = before.matches('\n').count() + 1;
        format!(", line {line}")
    });
    format!("{}: {}", line.unwrap_or_default(), error.message())
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "-- id = 'x'\n-- title = 'X'\n-- kind = 'event'\n-- severity = 'low'\n-- confidence = 'high'\n-- attack = []\n-- controls = []\n-- lookback = '0d'\n-- entity = ['actor']\n-- why = 'w'\n-- benign = 'b'\n-- respond = 'r'\n-- see = []\n-- [parameters]\n-- n = 3 # calls\n-- span = '10m'\n\nselect 1";

    #[test]
    fn a_header_is_read_from_the_leading_comment() {
        let header = Header::parse("x", GOOD).unwrap();
        assert_eq!(header.kind, Kind::Event);
        assert_eq!(header.parameters["n"], Parameter::Integer(3));
        assert_eq!(header.parameters["span"], Parameter::Text("10m".to_owned()));
    }

    #[test]
    fn controls_of_our_own_detections_are_in_the_list() {
        let listed: Vec<_> =
            queries::CONTROLS.lines().filter_map(|line| line.split(',').next()).collect();
        for detection in crate::built_in().unwrap() {
            for control in &detection.header.controls {
                assert!(
                    listed.contains(&control.as_str()),
                    "{}: {control} is not in queries/controls.csv",
                    detection.header.id
                );
            }
        }
    }

    #[test]
    fn a_header_that_is_wrong_is_refused_by_name() {
        for (from, to, message) in [
            ("-- id = 'x'", "-- id = 'y'", "its file is named"),
            ("-- why = 'w'", "-- wy = 'w'", "unknown field"),
            ("-- why = 'w'\n", "", "missing field"),
            ("'high'", "'sure'", "confidence"),
            ("'0d'", "'soon'", "lookback"),
            ("'0d'", "'7d'\n-- history = '14d'", "history"),
            ("'0d'", "'7d'\n-- history = '48h'", "history"),
            ("'0d'", "'0d'\n-- every = '24h'", "every"),
            ("'event'", "'state'\n-- every = 'daily'", "every"),
            ("['actor']", "[]", "entity"),
            ("-- attack = []", "-- attack = ['T1485']", "attack_version"),
            ("-- attack = []", "-- attack = ['T9']\n-- attack_version = '18.1'", "attack.csv"),
            (GOOD, "select 1", "header"),
        ] {
            let error = Header::parse("x", &GOOD.replace(from, to)).unwrap_err().to_string();
            assert!(error.contains(message), "{error}");
        }
    }
}
