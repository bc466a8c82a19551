//! A finding's **resources**: the key that it is about, and the actor.
//!
//! Types and the form of an account's id are those of Security Hub's [resource
//! attributes].
//!
//! [resource attributes]: https://docs.aws.amazon.com/securityhub/latest/userguide/asff-resources-attributes.html

use serde::Serialize;

use super::Importer;
use crate::alert::format::bounded::line;
use crate::finding::Finding;

/// Longest id.
const ID_BYTES_MAX: usize = 512;

/// Something that a finding is about.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "the fields are AWS's")]
pub struct Resource {
    pub r#type: &'static str,
    pub id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partition: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    pub resource_role: &'static str,
}

/// The parts of an ARN that are told apart here.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arn<'a> {
    pub(super) partition: &'a str,
    pub(super) service: &'a str,
    pub(super) region: &'a str,
    pub(super) account: &'a str,
    pub(super) resource: &'a str,
}

impl<'a> Arn<'a> {
    /// Text from logs may be anything: only ARNs of a known partition are taken
    /// for one.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.splitn(6, ':');
        let (head, partition) = (parts.next()?, parts.next()?);
        if head != "arn" || !matches!(partition, "aws" | "aws-cn" | "aws-us-gov") {
            return None;
        }
        let (service, region) = (parts.next()?, parts.next()?);
        Some(Self { partition, service, region, account: parts.next()?, resource: parts.next()? })
    }
}

/// Whether it is twelve digits.
pub(crate) fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether it could be a Region: at most sixteen characters, as the format wants.
pub(super) fn is_region(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !text.is_empty() && text.len() <= 16 && text.bytes().all(allowed)
}

/// Key, then actor; the account if there is neither.
pub(super) fn of(finding: &Finding, importer: &Importer) -> Vec<Resource> {
    let key = finding.key_arn.as_deref().map(|key| resource(key, "Target"));
    let actor = finding.actor.as_deref().map(|actor| resource(actor, "Actor"));
    let mut found: Vec<Resource> =
        key.into_iter().chain(actor).filter(|resource| !resource.id.is_empty()).collect();
    if found.is_empty() {
        let concerned = finding.account_id.as_deref().filter(|account| is_account(account));
        let account = concerned.unwrap_or(&importer.account_id);
        found.push(Resource {
            r#type: "AwsAccount",
            id: format!("AWS::::Account:{account}"),
            partition: Some(importer.partition.clone()),
            region: None,
            resource_role: "Target",
        });
    }
    found
}

fn resource(text: &str, role: &'static str) -> Resource {
    let arn = Arn::parse(text);
    let named = |kind| arn.is_some_and(|arn| arn.resource.starts_with(kind));
    let kind = match arn.map_or("", |arn| arn.service) {
        "kms" if named("key/") => "AwsKmsKey",
        "iam" if named("role/") => "AwsIamRole",
        "iam" if named("user/") => "AwsIamUser",
        "iam" if arn.is_some_and(|arn| arn.resource == "root" && is_account(arn.account)) => {
            "AwsAccount"
        }
        _ => "Other",
    };
    let id = match arn {
        Some(arn) if kind == "AwsAccount" => format!("AWS::::Account:{}", arn.account),
        _ => line(text, ID_BYTES_MAX),
    };
    let region = arn.map(|arn| arn.region).filter(|region| is_region(region));
    Resource {
        r#type: kind,
        id,
        partition: arn.map(|arn| arn.partition.to_owned()),
        region: region.map(str::to_owned),
        resource_role: role,
    }
}
