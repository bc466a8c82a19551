//! An **override**: how one detection is to differ from what its file says.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::Deserialize;
use toml::Value;

use super::Configuration;
use super::review::unknown;
use crate::detection::{Detection, Header, Parameter};
use crate::finding::Severity;

/// A `[detections.<id>]` table.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Override {
    /// Whether it is judged.
    pub enabled: bool,
    /// Severity of all its findings.
    pub severity: Option<Severity>,
    /// Days with logs that it needs before the window.
    pub history: Option<String>,
    /// Values in place of the defaults.
    pub parameters: BTreeMap<String, Value>,
}

impl Default for Override {
    fn default() -> Self {
        Self { enabled: true, severity: None, history: None, parameters: BTreeMap::new() }
    }
}

/// A parameter given on the command line: `ID.PARAMETER=VALUE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    detection: String,
    parameter: String,
    value: String,
}

impl FromStr for Setting {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) = text.split_once('=').unwrap_or_default();
        match name.trim().split_once('.') {
            Some((detection, parameter)) if !detection.is_empty() && !parameter.is_empty() => {
                Ok(Self {
                    detection: detection.to_owned(),
                    parameter: parameter.to_owned(),
                    value: value.to_owned(),
                })
            }
            _ => Err("give ID.PARAMETER=VALUE, such as stale_grant.stale_after=120d".to_owned()),
        }
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}={}", self.detection, self.parameter, self.value)
    }
}

impl Configuration {
    /// Applies the file's tables; returns all that is wrong with them.
    pub(super) fn override_all(&self, detections: &mut [Detection]) -> Vec<String> {
        let mut errors = Vec::new();
        for (id, wanted) in &self.detections {
            let table = format!("[detections.{id}]");
            match named(detections, id) {
                Ok(detection) => errors.extend(
                    wanted.apply(detection).into_iter().map(|problem| format!("{table} {problem}")),
                ),
                Err(problem) => errors.push(format!("{table} {problem}")),
            }
        }
        errors
    }

    /// Applies the settings of the command line; returns all that is wrong.
    pub(super) fn set_all(&self, detections: &mut [Detection]) -> Vec<String> {
        let mut errors = Vec::new();
        for setting in &self.settings {
            let set = named(detections, &setting.detection).and_then(|detection| {
                set_parameter(
                    &mut detection.header,
                    &setting.parameter,
                    &format!("{:?}", setting.value),
                    |default| default.like_default(&setting.value),
                )
            });
            if let Err(problem) = set {
                errors.push(format!("--set {setting}: {problem}"));
            }
        }
        errors
    }
}

impl Override {
    fn apply(&self, detection: &mut Detection) -> Vec<String> {
        detection.enabled = self.enabled;
        let header = &mut detection.header;
        if let Some(severity) = self.severity {
            header.severity = severity;
            header.severity_is_set = true;
        }
        let mut problems = set_parameters(header, &self.parameters);
        if let Some(history) = &self.history {
            if header.history.is_none() {
                problems.push(
                    "history: this detection does not judge by the past; take the line out"
                        .to_owned(),
                );
            } else {
                let before = header.history.replace(history.clone());
                if let Err(problem) = header.validate_history() {
                    header.history = before;
                    problems.push(problem);
                }
            }
        }
        problems
    }
}

/// Puts values in place of the defaults; returns all that is wrong with them.
pub(crate) fn set_parameters(header: &mut Header, values: &BTreeMap<String, Value>) -> Vec<String> {
    let mut problems = Vec::new();
    for (name, value) in values {
        let set = set_parameter(header, name, &value.to_string(), |default| {
            default.value_like_default(value)
        });
        if let Err(problem) = set {
            problems.push(format!("parameters: {problem}"));
        }
    }
    problems
}

/// Puts one value in place of the default. A span longer than the lookback
/// lengthens it, so that silence is believed only where logs reach as far back.
fn set_parameter(
    header: &mut Header,
    name: &str,
    given: &str,
    read: impl FnOnce(&Parameter) -> Option<Parameter>,
) -> Result<(), String> {
    let Some(default) = header.parameters.get(name) else {
        return Err(unknown("parameter", name, header.parameters.keys()));
    };
    let Some(value) = read(default) else {
        return Err(format!(
            "{name} cannot be {given}: give {}, as in {name} = {}",
            default.form(),
            default.display()
        ));
    };
    if let Parameter::Text(span) = &value
        && value.micros().is_some_and(|micros| micros > header.lookback_micros())
    {
        header.lookback.clone_from(span);
    }
    header.parameters.insert(name.to_owned(), value);
    Ok(())
}

fn named<'a>(detections: &'a mut [Detection], id: &str) -> Result<&'a mut Detection, String> {
    match detections.iter().position(|detection| detection.header.id == id) {
        Some(index) => Ok(&mut detections[index]),
        None => Err(unknown("detection", id, detections.iter().map(|known| &known.header.id))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn configuration(text: &str) -> Configuration {
        toml::from_str(text).unwrap()
    }

    fn found<'a>(detections: &'a [Detection], id: &str) -> &'a Detection {
        detections.iter().find(|detection| detection.header.id == id).unwrap()
    }

    #[test]
    fn a_detection_is_judged_as_the_file_says_and_the_command_line_wins() {
        let mut detections = crate::built_in().unwrap();
        configuration(
            "[detections.stale_grant]\nseverity = 'high'\nparameters = { stale_after = '60d' }\n\
             [detections.key_disabled]\nenabled = false\n",
        )
        .with_settings(vec!["stale_grant.stale_after=120d".parse().unwrap()])
        .apply(&mut detections)
        .unwrap();
        let stale = found(&detections, "stale_grant");
        assert_eq!(stale.header.severity, Severity::High);
        assert_eq!(stale.header.parameters["stale_after"], Parameter::Text("120d".to_owned()));
        assert_eq!(stale.header.lookback, "120d");
        assert!(!found(&detections, "key_disabled").enabled);
    }

    #[test]
    fn everything_wrong_is_said_at_once_with_what_was_meant() {
        let mut detections = crate::built_in().unwrap();
        let error = configuration(
            "[detections.stale_grnt]\nenabled = false\n\
             [detections.stale_grant]\nhistory = '7d'\n\
             parameters = { stale_aftr = '60d', stale_after = 60 }\n",
        )
        .apply(&mut detections)
        .unwrap_err()
        .to_string();
        for words in [
            "[detections.stale_grnt] there is no detection \"stale_grnt\"; did you mean \"stale_grant\"?",
            "there is no parameter \"stale_aftr\"; did you mean \"stale_after\"? Known: stale_after",
            "stale_after cannot be 60: give a duration",
            "history: this detection does not judge by the past",
        ] {
            assert!(error.contains(words), "{words}\n{error}");
        }
    }

    #[test]
    fn a_setting_names_detection_parameter_and_value() {
        for wrong in ["", "stale_grant", "stale_grant=1", ".x=1", "stale_grant.=1"] {
            assert!(wrong.parse::<Setting>().is_err(), "{wrong}");
        }
        let mut detections = crate::built_in().unwrap();
        let error = Configuration::default()
            .with_settings(vec!["stale_grant.stale_after=soon".parse().unwrap()])
            .apply(&mut detections)
            .unwrap_err()
            .to_string();
        assert!(error.starts_with("--set stale_grant.stale_after=soon: "), "{error}");
    }
}
