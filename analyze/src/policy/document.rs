//! A policy **document**: the text of a policy, read leniently into statements.
//!
//! One value or a list of values, one statement or a list of statements are the
//! same thing. A value of an odd type costs that value, not the statement; only
//! what is no policy at all is an error. Of a key written twice the last one
//! wins, as it does for every JSON reader.

use serde_json::{Map, Value};

use super::canonical::{canonical, depth};
use super::statement::Statement;
use super::{DEPTH_MAX, PolicyError, STATEMENTS_MAX, TEXT_MAX};

/// A policy that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Its statements, in the order written.
    pub statements: Vec<Statement>,
}

/// Reads the text of a policy.
///
/// # Errors
///
/// If the text is not a policy, or beyond the limits of this module.
pub fn read(text: &str) -> Result<Policy, PolicyError> {
    if text.len() > TEXT_MAX {
        return Err(PolicyError::TooLong { bytes: text.len() });
    }
    // No policy hides behind half a character.
    let text = ingest::without_lone_surrogates(text);
    let document: Value = serde_json::from_str(&text).map_err(PolicyError::Json)?;
    if depth(&document) > DEPTH_MAX {
        return Err(PolicyError::TooDeep);
    }
    let document = document.as_object().ok_or(PolicyError::NotAnObject)?;
    let statements = match element(document, "Statement") {
        None | Some(Value::Null) => return Err(PolicyError::NoStatement),
        Some(Value::Array(statements)) => statements.as_slice(),
        Some(statement) => std::slice::from_ref(statement),
    };
    if statements.len() > STATEMENTS_MAX {
        let count = statements.len();
        return Err(PolicyError::TooManyStatements { count });
    }
    let statements = statements.iter().enumerate().map(|(index, statement)| {
        let object = statement.as_object();
        let object = object.ok_or(PolicyError::StatementNotAnObject { index })?;
        Ok(Statement::read(object))
    });
    let statements = statements.collect::<Result<_, PolicyError>>()?;
    Ok(Policy { statements })
}

/// An element by name. In another case too: a reader that is stricter than KMS
/// would miss a statement, one that is laxer misses nothing.
pub(super) fn element<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    object.get(name).or_else(|| {
        let mut entries = object.iter();
        let found = entries.find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value)
    })
}

/// All texts in a value: itself, or those of a list however deep.
pub(super) fn texts(value: Option<&Value>) -> Vec<String> {
    match value {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::String(text)) => vec![text.clone()],
        Some(Value::Array(items)) => items.iter().flat_map(|item| texts(Some(item))).collect(),
        Some(other) => match canonical(other) {
            Value::String(text) => vec![text],
            object => vec![object.to_string()],
        },
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::arbitrary;
    use super::super::principal::Principal;
    use super::super::statement::Effect;
    use super::*;

    #[test]
    fn one_value_and_a_list_of_one_read_the_same() {
        let one = r#"{"Statement":{"Effect":"Allow","Principal":{"AWS":"111122223333"},
            "Action":"kms:Decrypt","Resource":"*",
            "Condition":{"Bool":{"kms:GrantIsForAWSResource":true}}}}"#;
        let list = r#"{"Statement":[{"Effect":"Allow","Principal":{"AWS":["111122223333"]},
            "Action":["kms:Decrypt"],"Resource":["*"],
            "Condition":{"Bool":{"kms:GrantIsForAWSResource":["true"]}}}]}"#;
        let policy = read(one).unwrap();
        assert_eq!(policy, read(list).unwrap());
        let statement = &policy.statements[0];
        assert_eq!(statement.effect, Some(Effect::Allow));
        assert_eq!(statement.actions, ["kms:Decrypt"]);
        assert_eq!(
            statement.conditions_text.as_deref(),
            Some(r#"{"Bool":{"kms:GrantIsForAWSResource":"true"}}"#)
        );
    }

    #[test]
    fn odd_types_cost_the_value_and_not_the_statement() {
        let policy = read(
            r#"{"Statement":[{"Sid":7,"Effect":["Deny"],"Action":[["kms:Sign"],null,{"a":[1]}],
            "NotPrincipal":[],"Resource":false,"Condition":[1]}]}"#,
        );
        let statement = &policy.unwrap().statements[0];
        assert_eq!(statement.sid.as_deref(), Some("7"));
        assert_eq!(statement.effect, Some(Effect::Deny));
        assert_eq!(statement.actions, ["kms:Sign", r#"{"a":"1"}"#]);
        assert_eq!(statement.resources, ["false"]);
        assert_eq!(statement.conditions, []);
        assert_eq!(statement.conditions_text.as_deref(), Some(r#""1""#));
    }

    #[test]
    fn half_a_character_does_not_hide_a_policy() {
        let text =
            r#"{"Statement":[{"Sid":"\ud83d","Effect":"Allow","Principal":"*","Action":"kms:*"}]}"#;
        let statement = &read(text).unwrap().statements[0];
        assert_eq!(statement.sid.as_deref(), Some("\u{fffd}"));
        assert!(statement.is_open_to_anyone());
    }

    #[test]
    fn the_last_of_two_equal_keys_wins() {
        let text =
            r#"{"Statement":[{"Effect":"Allow","Effect":"Deny","Action":"a","Action":"b"}]}"#;
        let statement = &read(text).unwrap().statements[0];
        assert_eq!(statement.effect, Some(Effect::Deny));
        assert_eq!(statement.actions, ["b"]);
    }

    #[test]
    fn what_is_no_policy_is_an_error_that_says_why() {
        let long = " ".repeat(TEXT_MAX + 1);
        let deep = format!("{}{}", r#"{"Statement":"#, "[".repeat(40) + &"]".repeat(40) + "}");
        let deepest = "[".repeat(100_000);
        let many = json!({ "Statement": vec![json!({}); STATEMENTS_MAX + 1] }).to_string();
        let cases = [
            ("", "policy is not json: EOF while parsing a value at line 1 column 0"),
            ("HIDDEN", "policy is not json: expected value at line 1 column 1"),
            (&deepest, "policy is not json: recursion limit exceeded at line 1 column 128"),
            (&deep, "policy is nested deeper than 32"),
            (&long, "policy has 262145 bytes, more than 262144"),
            (&many, "policy has 1001 statements, more than 1000"),
            ("[]", "policy is not an object"),
            ("{}", "policy has no statement"),
            (r#"{"Statement":null}"#, "policy has no statement"),
            (r#"{"Statement":[{},"x"]}"#, "statement 1 of the policy is not an object"),
        ];
        for (text, expected) in cases {
            assert_eq!(read(text).unwrap_err().describe(), expected);
        }
    }

    #[test]
    fn a_policy_at_the_limits_is_read() {
        let many = json!({ "Statement": vec![json!({}); STATEMENTS_MAX] }).to_string();
        assert_eq!(read(&many).unwrap().statements.len(), STATEMENTS_MAX);
        assert!(read(r#"{"Statement":[]}"#).unwrap().statements.is_empty());
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,128}") {
            let _ = read(&text);
        }

        #[test]
        fn any_policy_of_objects_is_read_and_judged(document in arbitrary::policy()) {
            let policy = read(&document.to_string()).unwrap();
            for statement in &policy.statements {
                let anyone = statement.principals.iter().any(Principal::is_anyone);
                prop_assert!(anyone || !statement.is_open_to_anyone());
                let accounts = statement.principal_accounts();
                prop_assert!(!accounts.is_empty() || !statement.is_root_delegation());
                let listed = statement.actions.len() + statement.not_actions.len();
                prop_assert!(listed > 0 || statement.kms_actions().is_empty());
            }
        }

        #[test]
        fn a_policy_cut_off_anywhere_is_an_error(document in arbitrary::policy(), at in 0..400_usize) {
            let text = document.to_string();
            let cut: String = text.chars().take(at).collect();
            prop_assert!(cut.len() == text.len() || read(&cut).is_err());
        }
    }
}
