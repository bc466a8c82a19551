//! A policy **difference**: the statements that came and went between two
//! policies.
//!
//! Statements are compared in canonical form, as a set: order, white space,
//! repeats, and one value or a list of one make no difference. A changed
//! statement is one that went and one that came.

use std::collections::BTreeSet;

use serde_json::json;

use super::document::read;

/// What changed from one policy to the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Nothing came or went.
    pub same: bool,
    /// Canonical statements that only the new policy has, sorted.
    pub added: Vec<String>,
    /// Canonical statements that only the old policy has, sorted.
    pub removed: Vec<String>,
}

/// Compares two policies; no policy counts as one without statements.
#[must_use]
pub fn difference(old: Option<&str>, new: Option<&str>) -> Difference {
    let (old, new) = (statements(old), statements(new));
    let added: Vec<String> = new.difference(&old).cloned().collect();
    let removed: Vec<String> = old.difference(&new).cloned().collect();
    Difference { same: added.is_empty() && removed.is_empty(), added, removed }
}

/// A text that cannot be read counts as one statement that is this text, so
/// that it differs from everything else and from nothing by accident.
fn statements(text: Option<&str>) -> BTreeSet<String> {
    let Some(text) = text else {
        return BTreeSet::new();
    };
    match read(text) {
        Ok(policy) => {
            let statements = policy.statements.into_iter();
            statements.map(|statement| statement.text).collect()
        }
        Err(error) => {
            let unreadable = json!({ "error": error.describe(), "unreadable": text });
            BTreeSet::from([unreadable.to_string()])
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::super::arbitrary;
    use super::*;

    const ALLOW: &str = r#"{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"kms:*","Resource":"*"}"#;
    const DENY: &str =
        r#"{"Effect":"Deny","Principal":"*","Action":["kms:Decrypt","kms:Sign"],"Resource":"*"}"#;

    fn policy(statements: &[&str]) -> String {
        format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, statements.join(","))
    }

    fn pretty(text: &str) -> String {
        let value: Value = serde_json::from_str(text).unwrap();
        serde_json::to_string_pretty(&value).unwrap()
    }

    fn compare(old: &str, new: &str) -> Difference {
        difference(Some(old), Some(new))
    }

    #[test]
    fn the_same_policy_in_another_spelling_is_the_same() {
        let old = policy(&[ALLOW, DENY]);
        let spellings = [
            policy(&[DENY, ALLOW]),
            policy(&[ALLOW, DENY, ALLOW]),
            pretty(&old),
            old.replace(r#""kms:*""#, r#"["kms:*"]"#),
            old.replace(r#"["kms:Decrypt","kms:Sign"]"#, r#"["kms:Sign","kms:Decrypt"]"#),
        ];
        for new in spellings {
            assert!(compare(&old, &new).same, "{new}");
        }
        let alone = format!(r#"{{"Statement":{ALLOW}}}"#);
        assert!(compare(&policy(&[ALLOW]), &alone).same);
    }

    #[test]
    fn a_lost_statement_is_removed_and_a_changed_one_is_both() {
        let old = policy(&[ALLOW, DENY]);
        let lost = compare(&old, &policy(&[ALLOW]));
        assert_eq!((lost.same, lost.added.len(), lost.removed.len()), (false, 0, 1));
        assert!(lost.removed[0].contains(r#""Effect":"Deny""#));
        let changed = compare(&old, &old.replace(r#""kms:*""#, r#""kms:Encrypt""#));
        assert_eq!((changed.same, changed.added.len(), changed.removed.len()), (false, 1, 1));
    }

    #[test]
    fn without_an_old_policy_all_is_added_and_without_a_new_one_all_is_removed() {
        let text = policy(&[ALLOW, DENY]);
        let first = difference(None, Some(&text));
        assert_eq!((first.added.len(), first.removed.len()), (2, 0));
        let last = difference(Some(&text), None);
        assert_eq!((last.added.len(), last.removed.len()), (0, 2));
        assert!(difference(None, None).same);
    }

    #[test]
    fn a_text_that_cannot_be_read_is_the_same_only_as_itself() {
        assert!(compare("HIDDEN", "HIDDEN").same);
        let other = compare("HIDDEN", "REMOVED");
        assert_eq!((other.added.len(), other.removed.len()), (1, 1));
        assert!(!compare("HIDDEN", r#"{"Statement":[]}"#).same);
    }

    /// Turns every list round.
    fn reversed(value: &Value) -> Value {
        match value {
            Value::Array(items) => items.iter().rev().map(reversed).collect(),
            Value::Object(entries) => {
                let entries = entries.iter().rev();
                let entries = entries.map(|(key, value)| (key.clone(), reversed(value)));
                Value::Object(entries.collect())
            }
            scalar => scalar.clone(),
        }
    }

    proptest! {
        #[test]
        fn any_text_is_the_same_as_itself(text in "\\PC{0,64}") {
            prop_assert!(compare(&text, &text).same);
        }

        #[test]
        fn order_makes_no_difference(old in arbitrary::policy()) {
            let found = compare(&old.to_string(), &reversed(&old).to_string());
            prop_assert!(found.same, "{found:?}");
        }

        #[test]
        fn what_is_added_one_way_is_removed_the_other(
            old in arbitrary::policy(),
            new in arbitrary::policy(),
        ) {
            let (old, new) = (old.to_string(), new.to_string());
            let (there, back) = (compare(&old, &new), compare(&new, &old));
            prop_assert_eq!(there.added, back.removed);
            prop_assert_eq!(there.removed, back.added);
        }
    }
}
