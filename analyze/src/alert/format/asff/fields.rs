//! A finding's **product fields**: what the format has no place for.
//!
//! At most 50, names of up to 128 and values of up to 2,048 characters, by the API
//! reference; fewer bytes in all, so that a finding stays below 240 KB.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::alert::Alert;
use crate::alert::format::bounded::line;

/// Most fields.
const FIELDS_MAX: usize = 50;
/// Longest name.
const NAME_BYTES_MAX: usize = 128;
/// Longest value.
const VALUE_BYTES_MAX: usize = 2_048;
/// All of them: JSON may write each byte as two.
const BYTES_MAX: usize = 100_000;

/// Fields of the alert first: those of the detection may be too many.
pub(super) fn of(alert: &Alert) -> BTreeMap<String, String> {
    let finding = &alert.finding;
    let own = |value: &Option<String>| value.clone().unwrap_or_default();
    let reason = serde_json::to_value(alert.reason).unwrap_or_default();
    let columns = |group: &'static str, columns: &serde_json::Map<String, Value>| -> Vec<_> {
        columns.iter().map(|(name, value)| (format!("{group}/{name}"), text(value))).collect()
    };
    let mut fields = Fields::default();
    fields.extend([
        ("alert_id".to_owned(), alert.id.clone()),
        ("alert_reason".to_owned(), text(&reason)),
        ("fingerprint".to_owned(), finding.fingerprint.clone()),
        ("account_id".to_owned(), own(&finding.account_id)),
        ("region".to_owned(), own(&finding.region)),
        ("actor".to_owned(), own(&finding.actor)),
        ("key_arn".to_owned(), own(&finding.key_arn)),
        ("event_time".to_owned(), finding.event_time.clone()),
        ("event_ids".to_owned(), finding.event_ids.join(" ")),
        ("event_count".to_owned(), finding.event_count.map(|n| n.to_string()).unwrap_or_default()),
        ("attack".to_owned(), finding.attack.join(" ")),
        ("benign".to_owned(), finding.benign.clone()),
    ]);
    fields.extend(columns("entity", &finding.entity));
    fields.extend(columns("details", &finding.details));
    fields.kept
}

#[derive(Default)]
struct Fields {
    kept: BTreeMap<String, String>,
    bytes: usize,
}

impl Fields {
    /// Takes fields in while there is room; empty ones say nothing.
    fn extend(&mut self, fields: impl IntoIterator<Item = (String, String)>) {
        for (name, value) in fields {
            let name = line(&format!("keytrail/{name}"), NAME_BYTES_MAX);
            let value = line(&value, VALUE_BYTES_MAX);
            let bytes = self.bytes + name.len() + value.len();
            if !value.is_empty() && self.kept.len() < FIELDS_MAX && bytes <= BYTES_MAX {
                self.bytes = bytes;
                self.kept.insert(name, value);
            }
        }
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
