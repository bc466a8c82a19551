//! A **restriction**: a condition that narrows down who may call, so that a
//! statement for `*` is not open to the world.
//!
//! A condition restricts only if it must hold and names the caller, or the
//! caller's network, by something an outsider cannot have. So these do not:
//!
//! - negated operators, `...IfExists`, `Null`, and `ForAllValues:`, which also
//!   hold when the key is absent;
//! - keys about *how* (`kms:ViaService`, encryption context, MFA, TLS), and keys
//!   that outsiders can set for themselves: tags, `aws:username` (every account
//!   can have a user of that name), `aws:VpcSourceIp` (every VPC can have that
//!   address);
//! - values with a wildcard or a variable where the identity stands. One such
//!   value opens the whole list.
//!
//! AWS draws the line likewise where it calls a bucket policy public: fixed
//! values only, and address ranges up to /8 (IPv4) or /32 (IPv6).

use std::net::IpAddr;

use super::principal::arn_fields;
use super::statement::Condition;

/// Operators that hold only if the key is present and equal or alike.
const POSITIVE_OPERATORS: [&str; 7] = [
    "arnequals",
    "arnlike",
    "bool",
    "ipaddress",
    "stringequals",
    "stringequalsignorecase",
    "stringlike",
];

/// Variables that stand for something fixed: the owner of the key itself.
const FIXED_VARIABLES: [&str; 2] = ["${aws:resourceaccount}", "${aws:resourceorgid}"];

/// Which part of a value has to be fixed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Identity {
    /// All of it: an account, an organization, a VPC endpoint, a service.
    Whole,
    /// What stands before this character: the organization of a path, the
    /// unique id of a role before its session name.
    Before(char),
    /// The account of an ARN.
    Arn,
    /// An address or range of addresses.
    Address,
    /// A flag that only AWS services carry.
    Flag,
}

/// Whether the condition restricts who may call.
pub(super) fn restricts(condition: &Condition) -> bool {
    let Some(identity) = identity(&condition.key) else {
        return false;
    };
    is_positive(&condition.operator)
        && !condition.values.is_empty()
        && condition.values.iter().all(|value| is_narrow(identity, value))
}

fn is_positive(operator: &str) -> bool {
    let operator = operator.to_ascii_lowercase();
    let plain = operator.strip_prefix("foranyvalue:").unwrap_or(&operator);
    POSITIVE_OPERATORS.contains(&plain)
}

fn identity(key: &str) -> Option<Identity> {
    match key.to_ascii_lowercase().as_str() {
        "kms:calleraccount"
        | "aws:principalaccount"
        | "aws:principalorgid"
        | "aws:principalservicename"
        | "aws:principalservicenameslist"
        | "aws:sourceaccount"
        | "aws:sourceorgid"
        | "aws:sourceowner"
        | "aws:sourcevpc"
        | "aws:sourcevpce"
        | "aws:vpceaccount"
        | "aws:vpceorgid" => Some(Identity::Whole),
        "aws:principalorgpaths" | "aws:sourceorgpaths" | "aws:vpceorgpaths" => {
            Some(Identity::Before('/'))
        }
        "aws:userid" => Some(Identity::Before(':')),
        "aws:principalarn" | "aws:sourcearn" | "aws:sourcevpcarn" => Some(Identity::Arn),
        "aws:sourceip" => Some(Identity::Address),
        "aws:principalisawsservice" => Some(Identity::Flag),
        _ => None,
    }
}

fn is_narrow(identity: Identity, value: &str) -> bool {
    let mut value = value.to_ascii_lowercase();
    for variable in FIXED_VARIABLES {
        // Has a colon of its own, so it goes before a value is cut in fields.
        value = value.replace(variable, "fixed");
    }
    match identity {
        Identity::Whole => is_fixed(&value),
        Identity::Before(end) => is_fixed_before(&[end], &value),
        Identity::Arn => names_an_account(&value),
        Identity::Address => is_narrow_range(&value),
        Identity::Flag => value == "true",
    }
}

/// No wildcard, no variable that the caller could fill in. Also asked of
/// operators that take `*` literally: whoever wrote it meant a wildcard.
fn is_fixed(text: &str) -> bool {
    !text.is_empty() && !text.contains(['*', '?']) && !text.contains("${")
}

fn is_fixed_before(ends: &[char], text: &str) -> bool {
    text.split(ends).next().is_some_and(is_fixed)
}

/// An ARN whose account is fixed. One without account (`arn:aws:s3:::bucket`)
/// names something globally unique, which then has to be fixed.
fn names_an_account(value: &str) -> bool {
    match arn_fields(value) {
        Some([_, _, _, _, "", resource]) => is_fixed_before(&['/', ':'], resource),
        Some([_, _, _, _, account, _]) => is_fixed(account),
        None => is_fixed(value),
    }
}

fn is_narrow_range(value: &str) -> bool {
    let (address, bits) = match value.split_once('/') {
        Some((address, bits)) => (address, bits.parse::<u8>().ok()),
        None => (value, Some(u8::MAX)),
    };
    match (address.parse::<IpAddr>(), bits) {
        (Ok(IpAddr::V4(_)), Some(bits)) => bits >= 8,
        (Ok(IpAddr::V6(_)), Some(bits)) => bits >= 32,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Operator, key, and values with commas between, in one line.
    fn condition(line: &str) -> Condition {
        let mut words = line.splitn(3, ' ');
        let mut word = || words.next().unwrap_or_default();
        Condition {
            operator: word().into(),
            key: word().to_owned(),
            values: word().split(',').map(str::to_owned).collect(),
        }
    }

    #[test]
    fn a_positive_operator_with_fixed_values_on_who_restricts() {
        for line in [
            "StringEquals kms:CallerAccount 111122223333",
            "stringequals KMS:calleraccount 111122223333,444455556666",
            "StringEqualsIgnoreCase aws:PrincipalOrgID o-example12345",
            "StringEquals aws:PrincipalOrgID ${aws:ResourceOrgID}",
            "StringEquals aws:PrincipalAccount ${aws:ResourceAccount}",
            "StringEquals aws:PrincipalServiceName cloudtrail.amazonaws.com",
            "ForAnyValue:StringLike aws:PrincipalOrgPaths o-example12345/*",
            "ArnLike aws:PrincipalArn arn:aws:iam::111122223333:role/*",
            "ArnLike aws:PrincipalArn arn:*:iam::111122223333:role/a",
            "ArnLike aws:PrincipalArn arn:aws-us-gov:iam::111122223333:user/a",
            "ArnLike aws:PrincipalArn arn:aws:iam::${aws:ResourceAccount}:role/a",
            "ArnEquals aws:SourceArn arn:aws-cn:cloudtrail:*:111122223333:trail/*",
            "ArnLike aws:SourceArn arn:aws:s3:::example-bucket/*",
            "StringEquals aws:SourceAccount 111122223333",
            "StringEquals aws:SourceOrgID o-example12345",
            "StringEquals aws:SourceVpc vpc-0123",
            "StringEquals aws:SourceVpce vpce-0123",
            "StringLike aws:userid AROAEXAMPLEEXAMPLE12:*,111122223333",
            "IpAddress aws:SourceIp 192.0.2.0/24,198.51.100.7,2001:db8::/32",
            "Bool aws:PrincipalIsAWSService true",
        ] {
            assert!(restricts(&condition(line)), "{line}");
        }
    }

    #[test]
    fn an_operator_that_holds_without_the_key_does_not_restrict() {
        for line in [
            "StringNotEquals kms:CallerAccount 111122223333",
            "StringNotLike kms:CallerAccount 111122223333",
            "ArnNotEquals aws:PrincipalArn arn:aws:iam::111122223333:role/a",
            "ArnNotLike aws:PrincipalArn arn:aws:iam::111122223333:role/a",
            "NotIpAddress aws:SourceIp 192.0.2.0/24",
            "StringEqualsIfExists kms:CallerAccount 111122223333",
            "ForAnyValue:StringEqualsIfExists kms:CallerAccount 111122223333",
            "IpAddressIfExists aws:SourceIp 192.0.2.0/24",
            "BoolIfExists aws:PrincipalIsAWSService true",
            "ForAllValues:StringEquals kms:CallerAccount 111122223333",
            "Null kms:CallerAccount false",
            "ForAnyValue: kms:CallerAccount 111122223333",
            " kms:CallerAccount 111122223333",
        ] {
            assert!(!restricts(&condition(line)), "{line}");
        }
    }

    #[test]
    fn a_key_that_does_not_say_who_does_not_restrict() {
        for line in [
            "StringEquals kms:ViaService s3.eu-central-1.amazonaws.com",
            "StringEquals kms:EncryptionContext:tenant a",
            "ForAnyValue:StringEquals kms:EncryptionContextKeys tenant",
            "Bool kms:GrantIsForAWSResource true",
            "Bool aws:MultiFactorAuthPresent true",
            "Bool aws:SecureTransport true",
            "Bool aws:ViaAWSService true",
            "StringEquals aws:PrincipalTag/team a",
            "StringEquals aws:PrincipalType User",
            "StringEquals aws:username alice",
            "IpAddress aws:VpcSourceIp 10.0.0.0/16",
            "StringEquals aws:ResourceAccount 111122223333",
            "StringEquals aws:RequestedRegion eu-central-1",
        ] {
            assert!(!restricts(&condition(line)), "{line}");
        }
    }

    #[test]
    fn a_value_that_anyone_can_have_does_not_restrict() {
        for line in [
            "StringLike kms:CallerAccount *",
            "StringEquals kms:CallerAccount *",
            "StringLike kms:CallerAccount ????????????",
            "StringEquals kms:CallerAccount 111122223333,*",
            "StringEquals kms:CallerAccount ",
            "StringEquals aws:SourceAccount ${aws:PrincipalAccount}",
            "StringLike aws:PrincipalOrgID o-*",
            "ForAnyValue:StringLike aws:PrincipalOrgPaths */r-ab12/*",
            "ArnLike aws:PrincipalArn arn:aws:iam::*:role/Admin",
            "StringLike aws:PrincipalArn *:role/Admin",
            "StringLike aws:PrincipalArn arn:aws:iam::11112222*:role/Admin",
            "ArnLike aws:SourceArn arn:aws:s3:::*",
            "ArnLike aws:SourceArn arn:aws:s3:::example-*",
            "StringLike aws:userid *:alice",
            "StringLike aws:SourceVpce vpce-*",
            "IpAddress aws:SourceIp 0.0.0.0/0",
            "IpAddress aws:SourceIp ::/0",
            "IpAddress aws:SourceIp 0.0.0.0/1,128.0.0.0/1",
            "IpAddress aws:SourceIp 192.0.2.0/24,::/0",
            "IpAddress aws:SourceIp 192.0.2.7/0",
            "IpAddress aws:SourceIp 192.0.2.*",
            "IpAddress aws:SourceIp 192.0.2.0/x",
            "Bool aws:PrincipalIsAWSService false",
            "Bool aws:PrincipalIsAWSService true,false",
        ] {
            assert!(!restricts(&condition(line)), "{line}");
        }
    }

    #[test]
    fn a_condition_without_values_does_not_restrict() {
        let mut condition = condition("StringEquals kms:CallerAccount 111122223333");
        condition.values.clear();
        assert!(!restricts(&condition));
    }

    proptest! {
        #[test]
        fn one_more_value_never_makes_a_condition_restrict(
            key in "(kms:CallerAccount|aws:(PrincipalArn|SourceIp|userid|PrincipalOrgPaths))",
            values in prop::collection::vec("[0-9a-z*?:/.$\\{\\}]{0,16}", 1..4),
            more in "[0-9a-z*?:/.$\\{\\}]{0,16}",
        ) {
            let mut condition = condition(&format!("StringLike {key}"));
            condition.values = values;
            let few = restricts(&condition);
            condition.values.push(more);
            let many = restricts(&condition);
            prop_assert!(few || !many);
        }
    }
}
