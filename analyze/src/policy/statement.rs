//! A **statement**: one rule of a policy, which allows or denies some principals
//! some actions under some conditions.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::canonical::canonical;
use super::document::{element, texts};
use super::principal::Principal;
use super::{actions, restriction};

/// Whether a statement gives or takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// `Allow`.
    Allow,
    /// `Deny`.
    Deny,
}

impl Effect {
    /// As policies write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "Allow",
            Self::Deny => "Deny",
        }
    }

    fn read(text: &str) -> Option<Self> {
        let effects = [Self::Allow, Self::Deny];
        let mut effects = effects.into_iter();
        effects.find(|effect| effect.as_str().eq_ignore_ascii_case(text))
    }
}

/// One condition of a statement: an operator, one key, and the values it is
/// compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// `StringEquals`, `ForAnyValue:StringLike`, `BoolIfExists`, ... as written.
    /// Shared by all its keys, so that a long one is not held once for each.
    pub operator: Arc<str>,
    /// `kms:ViaService`, `aws:PrincipalOrgID`, ... as written.
    pub key: String,
    /// Values; any one of them will do.
    pub values: Vec<String>,
}

/// One statement of a policy. Empty lists stand for elements that are absent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// `Sid`.
    pub sid: Option<String>,
    /// `Effect`; none if it is neither of the two.
    pub effect: Option<Effect>,
    /// `Principal`.
    pub principals: Vec<Principal>,
    /// `NotPrincipal`: everyone but these.
    pub not_principals: Vec<Principal>,
    /// `Action`, as written.
    pub actions: Vec<String>,
    /// `NotAction`: everything but these.
    pub not_actions: Vec<String>,
    /// `Resource`. In a key policy `*` is the key itself.
    pub resources: Vec<String>,
    /// `Condition`, one entry for each operator and key. All must hold.
    pub conditions: Vec<Condition>,
    /// `Condition` as canonical JSON.
    pub conditions_text: Option<String>,
    /// The whole statement as canonical JSON.
    pub text: String,
}

impl Statement {
    pub(super) fn read(object: &Map<String, Value>) -> Self {
        let list = |name| texts(element(object, name));
        let condition = element(object, "Condition").filter(|condition| !condition.is_null());
        Self {
            sid: list("Sid").pop(),
            effect: list("Effect").pop().as_deref().and_then(Effect::read),
            principals: Principal::read(element(object, "Principal")),
            not_principals: Principal::read(element(object, "NotPrincipal")),
            actions: list("Action"),
            not_actions: list("NotAction"),
            resources: list("Resource"),
            conditions: condition.map(read_conditions).unwrap_or_default(),
            conditions_text: condition.map(|condition| canonical(condition).to_string()),
            text: canonical(&Value::Object(object.clone())).to_string(),
        }
    }

    /// Accounts of the AWS principals, each once.
    #[must_use]
    pub fn principal_accounts(&self) -> Vec<&str> {
        let accounts = self.principals.iter().filter_map(Principal::account);
        distinct(accounts.collect())
    }

    /// The KMS permissions that `Action` or `NotAction` covers, as `kms:Decrypt`.
    #[must_use]
    pub fn kms_actions(&self) -> Vec<&'static str> {
        actions::expand(&self.actions, &self.not_actions)
    }

    /// Keys that the conditions look at, in lower case, each once.
    #[must_use]
    pub fn condition_keys(&self) -> Vec<String> {
        let conditions = self.conditions.iter();
        distinct(conditions.map(|condition| condition.key.to_ascii_lowercase()).collect())
    }

    /// Allows everyone in the world, with no condition that restricts who.
    #[must_use]
    pub fn is_open_to_anyone(&self) -> bool {
        self.effect == Some(Effect::Allow)
            && self.principals.iter().any(Principal::is_anyone)
            && !self.conditions.iter().any(restriction::restricts)
    }

    /// Allows an account as a whole, so that its IAM policies decide.
    #[must_use]
    pub fn is_root_delegation(&self) -> bool {
        self.effect == Some(Effect::Allow) && self.principals.iter().any(Principal::is_account_root)
    }
}

fn read_conditions(block: &Value) -> Vec<Condition> {
    let operators = block.as_object().into_iter().flatten();
    let conditions = operators.flat_map(|(operator, keys)| {
        let operator: Arc<str> = Arc::from(operator.as_str());
        let keys = keys.as_object().into_iter().flatten();
        keys.map(move |(key, values)| Condition {
            operator: Arc::clone(&operator),
            key: key.clone(),
            values: texts(Some(values)),
        })
    });
    conditions.collect()
}

fn distinct<T: Ord>(mut values: Vec<T>) -> Vec<T> {
    values.sort_unstable();
    values.dedup();
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Statement {
        Statement::read(&serde_json::from_str(json).unwrap())
    }

    /// The statement that every AWS managed key has, for one service.
    const AWS_MANAGED_KEY: &str = r#"{
        "Sid": "Allow access through EBS for all principals in the account that are authorized",
        "Effect": "Allow", "Principal": {"AWS": "*"},
        "Action": ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*",
            "kms:CreateGrant", "kms:DescribeKey"],
        "Resource": "*",
        "Condition": {"StringEquals": {"kms:CallerAccount": "111122223333",
            "kms:ViaService": "ec2.eu-central-1.amazonaws.com"}}}"#;

    #[test]
    fn an_aws_managed_key_is_not_open_until_it_loses_the_caller_account() {
        let statement = read(AWS_MANAGED_KEY);
        assert!(!statement.is_open_to_anyone());
        assert_eq!(statement.condition_keys(), ["kms:calleraccount", "kms:viaservice"]);
        assert!(statement.kms_actions().contains(&"kms:ReEncryptTo"));
        let open = AWS_MANAGED_KEY.replace("kms:CallerAccount", "kms:EncryptionContext:tenant");
        assert!(read(&open).is_open_to_anyone());
    }

    #[test]
    fn open_to_anyone_takes_an_allow_for_a_star() {
        let cases = [
            (r#"{"Effect":"Allow","Principal":"*"}"#, true),
            (r#"{"Effect":"Allow","Principal":{"AWS":["111122223333","*"]}}"#, true),
            (r#"{"effect":"allow","principal":"*","condition":null}"#, true),
            (r#"{"Effect":"Allow","Principal":"*","Condition":{}}"#, true),
            (r#"{"Effect":"Allow","Principal":"*","Condition":"odd"}"#, true),
            (r#"{"Effect":"Allow","Principal":"*","Condition":{"StringEquals":7}}"#, true),
            (r#"{"Effect":"Deny","Principal":"*"}"#, false),
            (r#"{"Effect":"Perhaps","Principal":"*"}"#, false),
            (r#"{"Principal":"*"}"#, false),
            (r#"{"Effect":"Allow","Principal":{"Service":"*"}}"#, false),
            (r#"{"Effect":"Allow","NotPrincipal":{"AWS":"111122223333"}}"#, false),
            (r#"{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"}}"#, false),
        ];
        for (json, expected) in cases {
            assert_eq!(read(json).is_open_to_anyone(), expected, "{json}");
        }
    }

    #[test]
    fn a_root_delegation_is_an_allow_for_an_account_in_any_partition() {
        let cases = [
            ("Allow", r#""arn:aws:iam::111122223333:root""#, true),
            ("Allow", r#""arn:aws-iso-b:iam::111122223333:root""#, true),
            ("Allow", r#"["arn:aws:iam::111122223333:role/a","111122223333"]"#, true),
            ("Allow", r#""arn:aws:iam::111122223333:role/root""#, false),
            ("Allow", r#""*""#, false),
            ("Deny", r#""111122223333""#, false),
        ];
        for (effect, principal, expected) in cases {
            let json = format!(r#"{{"Effect":"{effect}","Principal":{{"AWS":{principal}}}}}"#);
            assert_eq!(read(&json).is_root_delegation(), expected, "{json}");
        }
    }

    #[test]
    fn accounts_are_named_once_each() {
        let statement = read(
            r#"{"Principal":{"AWS":["arn:aws-cn:iam::444455556666:role/b","111122223333",
            "arn:aws-cn:iam::444455556666:root","AROAEXAMPLEEXAMPLE12","*"],
            "Service":"777788889999"}}"#,
        );
        assert_eq!(statement.principal_accounts(), ["111122223333", "444455556666"]);
    }
}
