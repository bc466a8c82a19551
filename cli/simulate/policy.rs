//! Policies are key policy documents as people send them: JSON text inside a JSON string.

use super::partition::Partition;

/// The policy that KMS itself would give to a key, with a person's line breaks.
pub(super) fn default_policy(partition: Partition, account: &str) -> String {
    format!(
        "{{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n    {}\n  ]\n}}",
        root_statement(partition, account)
    )
}

/// The default policy and one statement more.
pub(super) fn policy_with(partition: Partition, account: &str, statement: &str) -> String {
    let root = root_statement(partition, account);
    format!(
        "{{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n    {root},\n    {statement}\n  ]\n}}"
    )
}

/// A policy of these statements alone.
pub(super) fn policy_of(statement: &str) -> String {
    format!("{{\"Version\": \"2012-10-17\", \"Statement\": [{statement}]}}")
}

/// A statement that allows a principal (JSON) these actions (JSON) on the key.
pub(super) fn allow(sid: &str, principal: &str, actions: &str) -> String {
    format!(
        r#"{{"Sid": "{sid}", "Effect": "Allow", "Principal": {principal}, "Action": {actions}, "Resource": "*"}}"#
    )
}

fn root_statement(partition: Partition, account: &str) -> String {
    format!(
        r#"{{"Sid": "Enable IAM policies", "Effect": "Allow", "Principal": {{"AWS": "arn:{partition}:iam::{account}:root"}}, "Action": "kms:*", "Resource": "*"}}"#
    )
}

/// Text as it stands inside a JSON string.
pub(super) fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
