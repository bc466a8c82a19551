//! A **refusal**: why an event is no trigger, in words that are safe to log.

use serde_json::Value;

/// Longest text of others that is repeated.
const TEXT_CHARACTERS_MAX: usize = 60;

/// Fields of an unknown event that are named.
const FIELDS_MAX: usize = 6;

/// Why an event, or a message in it, is not understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not understood: {what}")]
pub struct Refusal {
    what: String,
}

impl Refusal {
    pub(super) fn new(what: impl Into<String>) -> Self {
        Self { what: what.into() }
    }

    /// The position is told, the text is not.
    pub(super) fn not_json(error: &serde_json::Error) -> Self {
        Self::new(format!("no JSON, from line {} column {}", error.line(), error.column()))
    }
}

/// Text of others: short, on one line, and without control characters.
pub(super) fn shown(text: &str) -> String {
    let shown: String =
        text.chars().take(TEXT_CHARACTERS_MAX).flat_map(char::escape_default).collect();
    let more = if text.chars().nth(TEXT_CHARACTERS_MAX).is_some() { "..." } else { "" };
    format!("\"{shown}\"{more}")
}

/// What stands at the top of a value, to tell it by.
pub(super) fn names(value: &Value) -> String {
    match value {
        Value::Object(fields) if fields.is_empty() => "no fields".to_owned(),
        Value::Object(fields) => {
            let some: Vec<String> =
                fields.keys().take(FIELDS_MAX).map(|name| shown(name)).collect();
            let more = if fields.len() > FIELDS_MAX { ", ..." } else { "" };
            format!("the fields {}{more}", some.join(", "))
        }
        Value::Array(_) => "a list in place of fields".to_owned(),
        _ => "a plain value in place of fields".to_owned(),
    }
}
