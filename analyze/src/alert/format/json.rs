//! An alert as **JSON**: its fields as they are, in no more bytes than a service
//! takes.
//!
//! Fields may be added to it, and are never renamed or given another meaning.

use serde_json::{Map, Value};

use super::bounded;
use crate::alert::Alert;

/// Longest texts in the columns of a detection, tried one after the other.
const TEXT_BYTES: [usize; 3] = [4_000, 500, 60];
/// Most entries of a list or an object there, once texts are cut.
const ENTRIES_MAX: usize = 50;
/// Longest text elsewhere, when columns are left out and it is still too much.
const LAST_TEXT_BYTES: usize = 500;

/// The alert in at most so many bytes, which are never fewer than 150,000. What
/// is cut first is what logs said, and `truncated` says that something was.
pub(crate) fn within(alert: &Alert, bytes_max: usize) -> String {
    let mut value = serde_json::to_value(alert).unwrap_or_default();
    let text = write(&value);
    if text.len() <= bytes_max {
        return text;
    }
    value["truncated"] = true.into();
    for limit in TEXT_BYTES {
        for field in ["details", "entity"] {
            shorten(&mut value["finding"][field], limit);
        }
        let text = write(&value);
        if text.len() <= bytes_max {
            return text;
        }
    }
    for field in ["details", "entity"] {
        value["finding"][field] = Map::new().into();
    }
    let text = write(&value);
    if text.len() <= bytes_max {
        return text;
    }
    shorten(&mut value, LAST_TEXT_BYTES);
    write(&value)
}

/// JSON that every service takes: it escapes control characters by itself.
fn write(value: &Value) -> String {
    bounded::writable(&value.to_string())
}

fn shorten(value: &mut Value, bytes_max: usize) {
    match value {
        // Within the limit, too: what cleaning takes out is written with six bytes each.
        Value::String(text) => *text = bounded::line(text, bytes_max),
        Value::Array(values) => {
            values.truncate(ENTRIES_MAX);
            for value in values {
                shorten(value, bytes_max);
            }
        }
        Value::Object(fields) => {
            *fields = std::mem::take(fields)
                .into_iter()
                .take(ENTRIES_MAX)
                .map(|(name, mut value)| {
                    shorten(&mut value, bytes_max);
                    (bounded::line(&name, bytes_max), value)
                })
                .collect();
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{example, sample};
    use super::*;

    #[test]
    fn an_alert_that_fits_is_written_as_it_is() {
        let alert = example::alert();
        let text = within(&alert, 200_000);
        assert_eq!(serde_json::from_str::<Alert>(&text).unwrap(), alert);
        assert!(!text.contains("truncated"));
    }

    #[test]
    fn the_example_in_the_documentation_is_what_is_written() {
        let written = serde_json::to_string_pretty(&example::alert()).unwrap();
        let page = include_str!("../../../../docs/sinks-aws.md");
        assert!(page.contains(&written), "docs/sinks-aws.md needs this example:\n{written}");
    }

    #[test]
    fn what_logs_said_is_cut_before_anything_else() {
        let mut alert = example::alert();
        alert.finding.details.insert("user_agent".to_owned(), "x".repeat(300_000).into());
        let value: Value = serde_json::from_str(&within(&alert, 200_000)).unwrap();
        assert_eq!(value["truncated"], true);
        assert_eq!(value["finding"]["summary"], alert.finding.summary);
        assert_eq!(value["finding"]["details"]["user_agent"].as_str().unwrap().len(), 4_000);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]
        #[test]
        fn no_alert_is_larger_than_its_limit(alert in sample::hostile()) {
            let text = within(&alert, 150_000);
            prop_assert!(text.len() <= 150_000);
            prop_assert!(!text.contains(|letter| letter < ' '));
            let refused = text.contains(['\u{fffe}', '\u{ffff}']);
            prop_assert!(!refused);
            let read: Alert = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(read.reason, alert.reason);
        }
    }
}
