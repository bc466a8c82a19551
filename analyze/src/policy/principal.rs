//! A **principal**: one party that a statement names, such as an account, a
//! role, a service or everyone.

use std::fmt;

use serde_json::Value;

use super::document::texts;

/// What sort of party, by the key of the principal map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PrincipalKind {
    /// An account, role, user, session, or everyone.
    Aws,
    /// An AWS service.
    Service,
    /// An identity provider.
    Federated,
    /// The canonical id of an account, as S3 has it.
    CanonicalUser,
    /// A key that this version does not know.
    Other,
}

impl PrincipalKind {
    fn read(key: &str) -> Self {
        let known = [Self::Aws, Self::Service, Self::Federated, Self::CanonicalUser];
        let mut known = known.into_iter();
        let found = known.find(|kind| kind.as_str().eq_ignore_ascii_case(key));
        found.unwrap_or(Self::Other)
    }

    /// As policies write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Aws => "AWS",
            Self::Service => "Service",
            Self::Federated => "Federated",
            Self::CanonicalUser => "CanonicalUser",
            Self::Other => "Other",
        }
    }
}

/// One named party. Displayed as plain value for AWS principals (`*`, an ARN,
/// an account id, a unique id), else with its kind: `Service:...`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// What sort of party.
    pub kind: PrincipalKind,
    /// Who, as written.
    pub value: String,
}

impl Principal {
    /// All principals of a `Principal` or `NotPrincipal` element. A bare value
    /// (`"*"`) is an AWS principal.
    pub(super) fn read(element: Option<&Value>) -> Vec<Self> {
        match element {
            None => Vec::new(),
            Some(Value::Object(kinds)) => {
                let kinds = kinds.iter();
                kinds.flat_map(|(key, who)| of_kind(PrincipalKind::read(key), who)).collect()
            }
            Some(bare) => of_kind(PrincipalKind::Aws, bare).collect(),
        }
    }

    /// Every AWS principal there is, of any account.
    #[must_use]
    pub fn is_anyone(&self) -> bool {
        self.kind == PrincipalKind::Aws && self.value == "*"
    }

    /// Account of an AWS principal: field 5 of its ARN, or a bare account id.
    /// A unique id (`AROA...`) of a deleted principal tells no account.
    #[must_use]
    pub fn account(&self) -> Option<&str> {
        if self.kind != PrincipalKind::Aws {
            return None;
        }
        let account = match arn_fields(&self.value) {
            Some([_, _, _, _, account, _]) => account,
            None => &self.value,
        };
        is_account_id(account).then_some(account)
    }

    /// An account as a whole, which hands the decision to that account's IAM
    /// policies: its root ARN or its bare id. In any partition.
    #[must_use]
    pub fn is_account_root(&self) -> bool {
        self.account().is_some()
            && match arn_fields(&self.value) {
                Some([_, _, service, _, _, resource]) => service == "iam" && resource == "root",
                None => true,
            }
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            PrincipalKind::Aws => formatter.write_str(&self.value),
            kind => write!(formatter, "{}:{}", kind.as_str(), self.value),
        }
    }
}

fn of_kind(kind: PrincipalKind, who: &Value) -> impl Iterator<Item = Principal> {
    let values = texts(Some(who)).into_iter();
    values.map(move |value| Principal { kind, value })
}

/// `arn`, partition, service, Region, account, resource; the last may hold more
/// colons. None if the text is not an ARN.
pub(super) fn arn_fields(text: &str) -> Option<[&str; 6]> {
    let fields: Vec<&str> = text.splitn(6, ':').collect();
    let fields: [&str; 6] = fields.try_into().ok()?;
    fields[0].eq_ignore_ascii_case("arn").then_some(fields)
}

fn is_account_id(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Vec<Principal> {
        Principal::read(Some(&serde_json::from_str(json).unwrap()))
    }

    #[test]
    fn every_shape_of_principal_is_read() {
        let cases: &[(&str, &[&str])] = &[
            (r#""*""#, &["*"]),
            (r#"{"AWS":"*"}"#, &["*"]),
            (r#"{"aws":["111122223333","*"]}"#, &["111122223333", "*"]),
            (r#"{"Service":"logs.amazonaws.com"}"#, &["Service:logs.amazonaws.com"]),
            (r#"{"Service":["a.amazonaws.com"],"AWS":"*"}"#, &["*", "Service:a.amazonaws.com"]),
            (
                r#"{"Federated":"arn:aws:iam::111122223333:saml-provider/p"}"#,
                &["Federated:arn:aws:iam::111122223333:saml-provider/p"],
            ),
            (r#"["*"]"#, &["*"]),
            (r#"{"AWS":[111122223333,null]}"#, &["111122223333"]),
            (r#"{"Unheard":"x"}"#, &["Other:x"]),
            ("null", &[]),
            ("{}", &[]),
        ];
        for (json, expected) in cases {
            let mut found: Vec<String> = read(json).iter().map(ToString::to_string).collect();
            // The order of kinds is the map's own affair.
            found.sort_by_key(|principal| principal.starts_with("Service"));
            assert_eq!(&found, expected, "{json}");
        }
    }

    #[test]
    fn account_and_root_come_from_the_fields_of_the_arn() {
        let cases = [
            ("arn:aws:iam::111122223333:root", Some("111122223333"), true),
            ("arn:aws-us-gov:iam::111122223333:root", Some("111122223333"), true),
            ("arn:aws-cn:iam::111122223333:root", Some("111122223333"), true),
            ("111122223333", Some("111122223333"), true),
            ("arn:aws:iam::111122223333:role/root", Some("111122223333"), false),
            ("arn:aws:sts::111122223333:assumed-role/a/b:c", Some("111122223333"), false),
            ("arn:aws:iam::*:root", None, false),
            ("AROAEXAMPLEEXAMPLE12", None, false),
            ("11112222333", None, false),
            ("111122223333:root", None, false),
            ("*", None, false),
            ("", None, false),
        ];
        for (value, account, root) in cases {
            let principal = Principal { kind: PrincipalKind::Aws, value: value.into() };
            assert_eq!(principal.account(), account, "{value}");
            assert_eq!(principal.is_account_root(), root, "{value}");
        }
    }

    #[test]
    fn only_an_aws_principal_can_be_anyone_or_an_account() {
        for value in ["*", "111122223333"] {
            let principal = Principal { kind: PrincipalKind::Service, value: value.into() };
            assert!(!principal.is_anyone() && !principal.is_account_root());
            assert_eq!(principal.account(), None);
        }
    }
}
