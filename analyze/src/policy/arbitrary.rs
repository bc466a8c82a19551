//! An **arbitrary** policy: JSON for property tests, from nearly right to
//! nonsense.

use proptest::prelude::*;
use serde_json::{Value, json};

/// A policy document of up to six statements.
pub(super) fn policy() -> impl Strategy<Value = Value> {
    prop::collection::vec(statement(), 0..6)
        .prop_map(|statements| json!({ "Version": "2012-10-17", "Statement": statements }))
}

fn statement() -> impl Strategy<Value = Value> {
    let name = "(Sid|Effect|(Not)?(Principal|Action|Resource)|Condition)";
    object(name, prop_oneof![element(), nonsense()])
}

fn element() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!("Allow")),
        Just(json!("*")),
        object("(AWS|Service|aws|Odd)", texts()),
        object(
            "(ForAnyValue:)?(StringLike|ArnLike|IpAddress|Bool|Null)(IfExists)?",
            object(
                "(kms:CallerAccount|aws:(PrincipalArn|SourceIp|userid|PrincipalOrgPaths))",
                texts(),
            ),
        ),
        texts(),
    ]
}

fn texts() -> impl Strategy<Value = Value> {
    prop::collection::vec("(kms:|arn:aws:iam::|192\\.0\\.2\\.)?[a-zA-Z0-9:/.*?$]{0,8}", 0..4)
        .prop_map(Value::from)
}

fn nonsense() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            object("\\PC{0,4}", inner),
        ]
    })
}

fn object(
    name: &str,
    value: impl Strategy<Value = Value> + 'static,
) -> impl Strategy<Value = Value> {
    let name = proptest::string::string_regex(name).unwrap();
    prop::collection::btree_map(name, value, 0..5)
        .prop_map(|entries| Value::Object(entries.into_iter().collect()))
}
