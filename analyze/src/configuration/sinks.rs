//! A **review of sinks**: what cannot be meant in `[[sinks]]`, all at once.

use std::collections::BTreeSet;

use url::{Host, Url};

use super::alerting::{SinkKind, SinkSettings};
use super::review::{PARTITIONS, Review, is_account};
use super::rules::is_like;

/// Names of sinks are shown in tables and written into the log.
const NAME_CHARACTERS_MAX: usize = 64;

/// What stands for the account that a finding is about.
const ACCOUNT: &str = "{account_id}";

/// What findings of no detection name as theirs.
const OWN_IDS: [&str; 2] = ["alert_undeliverable", "historical_findings"];

/// Reviews the sinks. `detections` are the ids of those there are, if that is
/// known.
pub(super) fn review(sinks: &[SinkSettings], detections: Option<&BTreeSet<String>>) -> Review {
    let mut review = Review::default();
    let mut names = BTreeSet::new();
    for sink in sinks {
        let name = &sink.name;
        let mut wrong = |text: String| review.errors.push(format!("[[sinks]] {name:?}: {text}"));
        if !is_name(name) {
            wrong("give a name of letters, digits, - and _, 64 at most".to_owned());
        }
        if !names.insert(name) {
            wrong("there is another sink of that name: rename one".to_owned());
        }
        for problem in address_problems(sink).into_iter().chain(other_problems(sink)) {
            wrong(problem);
        }
        for account in sink.accounts.iter().filter(|account| !is_account(account)) {
            wrong(format!("accounts: {account:?} is no account id: give twelve digits, in quotes"));
        }
        review.warnings.extend(oddities(sink, detections));
    }
    review
}

fn is_name(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (1..=NAME_CHARACTERS_MAX).contains(&name.len()) && name.bytes().all(fits)
}

/// Says what is wrong with a target.
type Form = fn(&str) -> Option<&'static str>;

/// What is wrong with where it is.
fn address_problems(sink: &SinkSettings) -> Vec<String> {
    let by_variable = sink.target_variable.as_deref();
    let (form, may_lack, may_be_secret): (Form, bool, bool) = match sink.kind {
        SinkKind::Sns => (topic, false, false),
        SinkKind::Sqs => (queue, false, false),
        SinkKind::EventBridge => (bus, true, false),
        SinkKind::S3 => (bucket, false, false),
        SinkKind::Slack | SinkKind::Webhook => (web_address, false, true),
        SinkKind::SecurityHub | SinkKind::Stdout => (nowhere, true, false),
    };
    let mut problems = Vec::new();
    match (sink.target.as_deref(), by_variable) {
        (_, Some(_)) if !may_be_secret => {
            problems.push("target_variable is for slack and webhook: give target".to_owned());
        }
        (Some(_), Some(_)) => {
            problems.push("give target or target_variable, not both".to_owned());
        }
        // The address itself may be a secret: it is not repeated.
        (Some(target), None) => problems.extend(form(target).map(str::to_owned)),
        (None, Some(variable)) => problems.extend(not_a_variable("target_variable", variable)),
        (None, None) if may_lack => {}
        (None, None) if may_be_secret => {
            problems.push("give its address: target, or better target_variable".to_owned());
        }
        (None, None) => problems.extend(form("").map(str::to_owned)),
    }
    problems
}

/// What is wrong with the rest.
fn other_problems(sink: &SinkSettings) -> Vec<String> {
    let mut problems = Vec::new();
    match sink.secret_variable.as_deref() {
        Some(_) if sink.kind != SinkKind::Webhook => {
            problems.push("secret_variable is for webhook".to_owned());
        }
        Some(variable) => problems.extend(not_a_variable("secret_variable", variable)),
        None => {}
    }
    let is_aws = !matches!(sink.kind, SinkKind::Slack | SinkKind::Webhook | SinkKind::Stdout);
    if !is_aws && sink.region.is_some() {
        problems.push("region is for services of AWS".to_owned());
    }
    match sink.role_arn.as_deref() {
        Some(_) if !is_aws => problems.push("role_arn is for services of AWS".to_owned()),
        Some(role) if role.contains(ACCOUNT) && sink.kind != SinkKind::SecurityHub => {
            problems.push(format!("role_arn: {ACCOUNT} is for security_hub"));
        }
        Some(role) if !is_role(&role.replace(ACCOUNT, "111122223333")) => problems.push(format!(
            "role_arn: {role:?} is no role: give \"arn:aws:iam::111122223333:role/NAME\""
        )),
        _ => {}
    }
    problems
}

/// What is allowed and hardly meant.
fn oddities(sink: &SinkSettings, detections: Option<&BTreeSet<String>>) -> Vec<String> {
    let mut oddities = Vec::new();
    if sink.kind == SinkKind::Slack && sink.target.is_some() {
        oddities.push(format!(
            "[[sinks]] {:?}: whoever knows the address can write there: put it into an environment \
             variable, and name that in target_variable",
            sink.name
        ));
    }
    for pattern in &sink.detections {
        let is_known = |ids: &BTreeSet<String>| {
            ids.iter().map(String::as_str).chain(OWN_IDS).any(|id| is_like(id, pattern))
        };
        if !detections.is_none_or(is_known) {
            oddities.push(format!(
                "[[sinks]] {:?}: detections: {pattern:?} matches no detection",
                sink.name
            ));
        }
    }
    oddities
}

fn not_a_variable(field: &str, name: &str) -> Option<String> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let is_name = !name.is_empty()
        && name.bytes().all(fits)
        && !name.starts_with(|first: char| first.is_ascii_digit());
    // It may be the secret itself, put in the wrong place.
    (!is_name).then(|| format!("{field}: give the name of an environment variable"))
}

fn topic(target: &str) -> Option<&'static str> {
    let is_topic = arn(target, "sns").is_some_and(|name| !name.is_empty() && !name.contains(':'));
    (!is_topic).then_some("target: give the ARN of a topic, arn:aws:sns:REGION:ACCOUNT:NAME")
}

fn bus(target: &str) -> Option<&'static str> {
    let is_bus = match arn(target, "events") {
        Some(resource) => resource.strip_prefix("event-bus/").is_some_and(|name| !name.is_empty()),
        None => is_name(&target.replace(['.', '/'], "-")),
    };
    (!is_bus).then_some("target: give the name or ARN of a bus, or leave it out for the default")
}

fn bucket(target: &str) -> Option<&'static str> {
    let path = target.strip_prefix("s3://").unwrap_or_default();
    let bucket = path.split('/').next().unwrap_or_default();
    let fits =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte);
    let is_bucket = (3..=63).contains(&bucket.len()) && bucket.bytes().all(fits);
    (!is_bucket).then_some("target: give s3://BUCKET/PREFIX")
}

fn queue(target: &str) -> Option<&'static str> {
    let is_queue = is_safe_address(target)
        && Url::parse(target).is_ok_and(|url| url.path().trim_matches('/').contains('/'));
    (!is_queue)
        .then_some("target: give the URL of a queue, https://sqs.REGION.amazonaws.com/ACCOUNT/NAME")
}

fn web_address(target: &str) -> Option<&'static str> {
    (!is_safe_address(target))
        .then_some("target: give an https address; http is for this machine only")
}

fn nowhere(target: &str) -> Option<&'static str> {
    (!target.is_empty()).then_some("target: this kind has none")
}

/// Encrypted on its way, or never leaving this machine.
fn is_safe_address(target: &str) -> bool {
    let Ok(url) = Url::parse(target) else { return false };
    let is_here = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => return false,
    };
    url.scheme() == "https" || (url.scheme() == "http" && is_here)
}

fn is_role(role: &str) -> bool {
    let name = arn(role, "iam").and_then(|resource| resource.strip_prefix("role/"));
    name.is_some_and(|name| !name.is_empty())
}

/// The resource of an ARN of this service.
fn arn<'a>(text: &'a str, service: &str) -> Option<&'a str> {
    let fields: Vec<&str> = text.splitn(6, ':').collect();
    let [scheme, partition, of, region, account, resource] = fields.as_slice() else {
        return None;
    };
    let fits = *scheme == "arn"
        && PARTITIONS.contains(partition)
        && *of == service
        && region.is_empty() == (service == "iam")
        && is_account(account);
    fits.then_some(*resource)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::configuration::Configuration;

    fn reviewed(text: &str) -> Review {
        let configuration: Configuration = toml::from_str(text).unwrap();
        let ids = ["key_disabled", "grant_to_self"].map(str::to_owned).into();
        review(&configuration.sinks, Some(&ids))
    }

    #[test]
    fn sinks_that_can_be_meant_are_taken() {
        let review = reviewed(
            "[[sinks]]\nname = 'a'\nkind = 'sns'\ntarget = 'arn:aws:sns:eu-west-1:111122223333:keys'\n\
             [[sinks]]\nname = 'b'\nkind = 'sqs'\ntarget = 'https://sqs.eu-west-1.amazonaws.com/111122223333/keys'\n\
             [[sinks]]\nname = 'c'\nkind = 'event_bridge'\n\
             [[sinks]]\nname = 'd'\nkind = 'event_bridge'\ntarget = 'arn:aws:events:eu-west-1:111122223333:event-bus/keys'\n\
             [[sinks]]\nname = 'e'\nkind = 's3'\ntarget = 's3://bucket/alerts'\n\
             role_arn = 'arn:aws:iam::111122223333:role/alerts'\n\
             [[sinks]]\nname = 'f'\nkind = 'security_hub'\nrole_arn = 'arn:aws:iam::{account_id}:role/hub'\n\
             [[sinks]]\nname = 'g'\nkind = 'slack'\ntarget_variable = 'SLACK_URL'\n\
             [[sinks]]\nname = 'h'\nkind = 'webhook'\ntarget = 'http://127.0.0.1:8080/x'\nsecret_variable = 'SECRET'\n\
             [[sinks]]\nname = 'i'\nkind = 'stdout'\ndetections = ['key_*', '*self', 'key_*led']\n\
             accounts = ['111122223333']\n",
        );
        assert_eq!(review, Review::default());
    }

    #[test]
    fn sinks_that_cannot_be_meant_are_named_with_what_to_give() {
        for (sink, words) in [
            ("name = 'a b'\nkind = 'stdout'", "give a name"),
            ("name = ''\nkind = 'stdout'", "give a name"),
            ("name = 'a'\nkind = 'sns'", "the ARN of a topic"),
            (
                "name = 'a'\nkind = 'sns'\ntarget = 'arn:aws:sqs:eu-west-1:111122223333:q'",
                "ARN of a topic",
            ),
            ("name = 'a'\nkind = 'sns'\ntarget_variable = 'X'", "target_variable is for slack"),
            ("name = 'a'\nkind = 'sqs'\ntarget = 'http://sqs.example.com/1/q'", "URL of a queue"),
            (
                "name = 'a'\nkind = 'event_bridge'\ntarget = 'arn:aws:events:x'",
                "name or ARN of a bus",
            ),
            ("name = 'a'\nkind = 's3'\ntarget = 'bucket/prefix'", "s3://BUCKET/PREFIX"),
            ("name = 'a'\nkind = 'slack'", "target_variable"),
            ("name = 'a'\nkind = 'slack'\ntarget_variable = 'https://x'", "name of an environment"),
            ("name = 'a'\nkind = 'webhook'\ntarget = 'http://192.0.2.1/x'", "https address"),
            ("name = 'a'\nkind = 'webhook'\ntarget = 'ftp://localhost/x'", "https address"),
            (
                "name = 'a'\nkind = 'webhook'\ntarget = 'https://x.example'\ntarget_variable = 'X'",
                "not both",
            ),
            ("name = 'a'\nkind = 'stdout'\ntarget = 'x'", "has none"),
            ("name = 'a'\nkind = 'stdout'\nsecret_variable = 'X'", "is for webhook"),
            ("name = 'a'\nkind = 'stdout'\nrole_arn = 'x'", "services of AWS"),
            ("name = 'a'\nkind = 'stdout'\nregion = 'x'", "services of AWS"),
            (
                "name = 'a'\nkind = 'event_bridge'\nrole_arn = 'arn:aws:iam::{account_id}:role/x'",
                "security_hub",
            ),
            ("name = 'a'\nkind = 'security_hub'\nrole_arn = 'role/x'", "is no role"),
            ("name = 'a'\nkind = 'stdout'\naccounts = ['1111']", "no account id"),
            ("name = 'a'\nkind = 'stdout'\n[[sinks]]\nname = 'a'\nkind = 'stdout'", "another sink"),
        ] {
            let review = reviewed(&format!("[[sinks]]\n{sink}\n"));
            assert_eq!(review.errors.len(), 1, "{sink}: {review:?}");
            assert!(review.errors[0].contains(words), "{sink}: {review:?}");
        }
    }

    #[test]
    fn what_is_hardly_meant_is_warned_of_and_no_address_is_repeated() {
        let review = reviewed(
            "[[sinks]]\nname = 'a'\nkind = 'slack'\ntarget = 'https://hooks.example/T0/secret'\n\
             detections = ['stale_*']\n\
             [[sinks]]\nname = 'b'\nkind = 'webhook'\ntarget = 'http://hooks.example/T0/secret'\n",
        );
        assert_eq!((review.errors.len(), review.warnings.len()), (1, 2), "{review:?}");
        assert!(!format!("{review:?}").contains("secret"), "{review:?}");
    }
}
