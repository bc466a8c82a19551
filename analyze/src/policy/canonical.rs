//! The **canonical** form of a piece of policy JSON: one spelling for all that
//! mean the same, so that texts can be compared.
//!
//! Every list in a policy is a set, and one value is the same as a list of one;
//! booleans and numbers may be written with or without quotes. So keys and
//! lists are sorted, repeats dropped, lists of one unwrapped, scalars made
//! text. Upper and lower case stay: some values depend on it.

use std::collections::BTreeMap;

use serde_json::Value;

/// The canonical form.
pub(super) fn canonical(value: &Value) -> Value {
    match value {
        Value::Array(items) => list(items),
        Value::Object(entries) => {
            // Sorted here, not by the map: its order depends on a feature that
            // any other crate can switch on.
            let sorted: BTreeMap<&String, &Value> = entries.iter().collect();
            let entries = sorted.into_iter();
            Value::Object(entries.map(|(key, value)| (key.clone(), canonical(value))).collect())
        }
        Value::Bool(_) | Value::Number(_) => Value::String(value.to_string()),
        Value::String(_) | Value::Null => value.clone(),
    }
}

fn list(items: &[Value]) -> Value {
    let distinct: BTreeMap<String, Value> =
        items.iter().map(canonical).map(|item| (item.to_string(), item)).collect();
    let mut values: Vec<Value> = distinct.into_values().collect();
    match values.len() {
        1 => values.swap_remove(0),
        _ => Value::Array(values),
    }
}

/// How many lists and objects lie in each other: 0 for a scalar.
pub(super) fn depth(value: &Value) -> usize {
    let deepest = match value {
        Value::Array(items) => items.iter().map(depth).max(),
        Value::Object(entries) => entries.values().map(depth).max(),
        _ => return 0,
    };
    1 + deepest.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(json: &str) -> String {
        canonical(&serde_json::from_str(json).unwrap()).to_string()
    }

    #[test]
    fn spellings_that_mean_the_same_have_one_form() {
        let cases = [
            (r#"{"b":1,"a":["y","x"]}"#, r#"{"a":["x","y"],"b":"1"}"#),
            (r#"{"a":["x"]}"#, r#"{"a":"x"}"#),
            (r#"{"a":["x","x"]}"#, r#"{"a":"x"}"#),
            (r#"{"a":true}"#, r#"{"a":"true"}"#),
            (r#"{"a":[]}"#, r#"{"a":[]}"#),
            (r#"{"a":null}"#, r#"{"a":null}"#),
            (r#"{"a":[{"c":["2","1"]},"b"]}"#, r#"{"a":["b",{"c":["1","2"]}]}"#),
        ];
        for (written, expected) in cases {
            assert_eq!(text(written), expected, "{written}");
            assert_eq!(text(expected), expected, "{expected} is not stable");
        }
    }

    #[test]
    fn case_is_kept() {
        assert_ne!(text(r#""kms:decrypt""#), text(r#""kms:Decrypt""#));
    }

    #[test]
    fn depth_counts_lists_and_objects() {
        let cases = [("1", 0), ("[]", 1), (r#"{"a":[1]}"#, 2), ("[[],[[]]]", 3)];
        for (json, expected) in cases {
            assert_eq!(depth(&serde_json::from_str(json).unwrap()), expected, "{json}");
        }
    }
}
