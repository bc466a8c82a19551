//! **ASFF**, the AWS Security Finding Format of 2018-10-08: an alert as Security
//! Hub takes it.
//!
//! The same matter is the same `Id`, so an alert about it updates what is there.
//! `BatchImportFindings` takes findings of the account that calls it only. One
//! function that imports for many accounts therefore imports them under its own
//! account and Region, and says the true ones in `Resources` and `ProductFields`.
//!
//! Limits are those of [`AwsSecurityFinding`] and the [guidelines], in bytes, which
//! are never more than characters: at most 240 KB in all. Severity, types and
//! confidence go into `FindingProviderFields`, as the API reference asks of
//! [finding providers].
//!
//! [`AwsSecurityFinding`]: https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_AwsSecurityFinding.html
//! [guidelines]: https://docs.aws.amazon.com/securityhub/latest/partnerguide/guidelines-batchimportfindings.html
//! [finding providers]: https://docs.aws.amazon.com/securityhub/latest/userguide/finding-update-batchimportfindings.html

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;

use super::bounded::line;
use crate::alert::Alert;
use crate::finding::{Finding, Severity};

mod fields;
mod resources;
mod types;

use resources::Arn;
pub use resources::Resource;
pub(crate) use resources::is_account;

/// The account and Region that a finding is imported under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Importer {
    /// `aws`, `aws-cn` or `aws-us-gov`.
    pub partition: String,
    /// Region of the Security Hub.
    pub region: String,
    /// Account that calls it.
    pub account_id: String,
}

impl Importer {
    /// The account and Region that the finding is about, as if that account
    /// imported it.
    #[must_use]
    pub fn of(finding: &Finding) -> Self {
        let key = finding.key_arn.as_deref().and_then(Arn::parse);
        let actor = finding.actor.as_deref().and_then(Arn::parse);
        let partition = key.as_ref().or(actor.as_ref()).map_or("aws", |arn| arn.partition);
        let region = finding.region.as_deref().filter(|region| resources::is_region(region));
        let account =
            finding.account_id.as_deref().filter(|account| resources::is_account(account));
        Self {
            partition: partition.to_owned(),
            region: region.unwrap_or("us-east-1").to_owned(),
            account_id: account.unwrap_or("000000000000").to_owned(),
        }
    }

    /// The ARN of what an account imports by itself.
    fn product_arn(&self) -> String {
        let Self { partition, region, account_id } = self;
        format!("arn:{partition}:securityhub:{region}:{account_id}:product/{account_id}/default")
    }
}

/// A finding in the format, field by field.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "the fields are AWS's")]
pub struct Asff {
    pub schema_version: &'static str,
    pub id: String,
    pub product_arn: String,
    pub product_name: &'static str,
    pub company_name: &'static str,
    pub generator_id: String,
    pub aws_account_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_observed_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_observed_at: Option<String>,
    pub created_at: String,
    pub updated_at: String,
    pub title: String,
    pub description: String,
    pub finding_provider_fields: FindingProviderFields,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remediation: Option<Remediation>,
    pub product_fields: BTreeMap<String, String>,
    pub resources: Vec<Resource>,
    pub record_state: &'static str,
}

/// What only the provider of a finding changes.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "the fields are AWS's")]
pub struct FindingProviderFields {
    pub confidence: i32,
    pub severity: ProviderSeverity,
    pub types: Vec<String>,
}

/// How bad it is, in the words of Security Hub and in ours.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "the fields are AWS's")]
pub struct ProviderSeverity {
    pub label: &'static str,
    pub original: &'static str,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "the fields are AWS's")]
pub struct Remediation {
    pub recommendation: Recommendation,
}

/// What to do, in words.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "the fields are AWS's")]
pub struct Recommendation {
    pub text: String,
}

/// The alert as a finding that this account and Region import.
#[must_use]
pub fn finding(alert: &Alert, importer: &Importer) -> Asff {
    let finding = &alert.finding;
    let or = |text: String, other: &str| if text.is_empty() { other.to_owned() } else { text };
    let detection = or(line(&finding.detection, 512), "keytrail");
    let title = or(line(&finding.title, 256), &detection[..detection.floor_char_boundary(256)]);
    let description = match finding.why.as_str() {
        "" => finding.summary.clone(),
        why => format!("{} Why it matters: {why}", finding.summary),
    };
    // A finding is updated only by one that was updated later: each alert of a
    // matter is raised later than the one before.
    let updated = time(&alert.raised_at).unwrap_or_default();
    let created = time(&alert.first_found_at).unwrap_or(updated).min(updated);
    let first = finding.first_time.as_ref().unwrap_or(&finding.event_time);
    let last = finding.last_time.as_ref().unwrap_or(&finding.event_time);
    let respond = line(&finding.respond, 512);
    Asff {
        schema_version: "2018-10-08",
        id: line(&format!("keytrail/{}", finding.fingerprint), 512),
        product_arn: importer.product_arn(),
        product_name: "KeyTrail",
        company_name: "KeyTrail",
        generator_id: detection,
        aws_account_id: importer.account_id.clone(),
        first_observed_at: time(first).map(write),
        last_observed_at: time(last).map(write),
        created_at: write(created),
        updated_at: write(updated),
        description: or(line(&description, 1_024), &title),
        title,
        finding_provider_fields: FindingProviderFields {
            confidence: confidence(&finding.confidence),
            severity: ProviderSeverity {
                label: label(finding.severity),
                original: finding.severity.name(),
            },
            types: types::of(&finding.attack),
        },
        remediation: (!respond.is_empty())
            .then_some(Remediation { recommendation: Recommendation { text: respond } }),
        product_fields: fields::of(alert),
        resources: resources::of(finding, importer),
        record_state: "ACTIVE",
    }
}

/// Info is `INFORMATIONAL`, whose meaning there is that nothing need be done.
fn label(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "INFORMATIONAL",
        Severity::Low => "LOW",
        Severity::Medium => "MEDIUM",
        Severity::High => "HIGH",
        Severity::Critical => "CRITICAL",
    }
}

/// Of a hundred.
fn confidence(word: &str) -> i32 {
    match word {
        "high" => 90,
        "low" => 30,
        _ => 60,
    }
}

fn time(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text).ok().map(|time| time.to_utc())
}

/// `2019-01-31T23:00:00.000Z`, one of the formats that Security Hub takes.
fn write(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

#[cfg(test)]
mod tests;
