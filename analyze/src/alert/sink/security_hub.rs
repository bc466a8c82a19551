//! **Security Hub** as a sink: a finding for each matter, in its own format.
//!
//! `BatchImportFindings` takes findings of the calling account only. Without a
//! role per account all are imported into the caller's account and Region; with
//! `{account_id}` in `role_arn`, each into the account that it is about, as that
//! role. A hundred findings and 6 MB a request, by the [guidelines].
//!
//! [guidelines]: https://docs.aws.amazon.com/securityhub/latest/partnerguide/guidelines-batchimportfindings.html

use std::collections::BTreeMap;

use aws_config::SdkConfig;
use aws_sdk_securityhub::Client;
use aws_sdk_securityhub::types::AwsSecurityFinding;

use super::DeliveryError;
use super::aws::{ACCOUNT_PLACEHOLDER, assume, config};
use super::aws_error::Purpose;
use super::batches::{Batches, Delivery, all_but};
use crate::alert::Alert;
use crate::alert::format::asff::{self, Asff, Importer, is_account};
use crate::configuration::SinkSettings;
use crate::error::AnalyzeError;

mod finding;

/// Most findings in a request.
const FINDINGS_MAX: usize = 100;
/// Most bytes in a request, below 6 MB with what surrounds the findings.
const REQUEST_BYTES_MAX: usize = 5_000_000;

/// Security Hub of one account, or of each.
#[derive(Debug)]
pub struct SecurityHub {
    config: SdkConfig,
    /// Role to assume in the account of a finding.
    role_per_account: Option<String>,
}

impl SecurityHub {
    /// Security Hub in the Region of the settings or the environment.
    ///
    /// # Errors
    /// When no Region is known.
    pub fn open(settings: &SinkSettings, aws: &SdkConfig) -> Result<Self, AnalyzeError> {
        let role = settings.role_arn.clone();
        Ok(Self {
            config: config(settings, aws, None)?,
            role_per_account: role.filter(|role| role.contains(ACCOUNT_PLACEHOLDER)),
        })
    }

    /// Imports a finding for each alert, and says what came of it, in order.
    pub async fn deliver(&self, alerts: &[Alert]) -> Vec<Delivery> {
        let mut accounts: BTreeMap<Option<&str>, Vec<usize>> = BTreeMap::new();
        for (place, alert) in alerts.iter().enumerate() {
            accounts.entry(self.account_to_enter(alert)).or_default().push(place);
        }
        let mut deliveries = vec![Ok(()); alerts.len()];
        for (account, places) in accounts {
            let own: Vec<&Alert> = places.iter().map(|&place| &alerts[place]).collect();
            for (place, delivery) in places.into_iter().zip(self.import(account, &own).await) {
                deliveries[place] = delivery;
            }
        }
        deliveries
    }

    /// The account whose role is assumed for a finding. An account from logs goes
    /// into an ARN only if it is one.
    fn account_to_enter<'a>(&self, alert: &'a Alert) -> Option<&'a str> {
        let account = alert.finding.account_id.as_deref();
        account.filter(|account| self.role_per_account.is_some() && is_account(account))
    }

    /// Imports alerts about one account, or all of them into the caller's.
    async fn import(&self, account: Option<&str>, alerts: &[&Alert]) -> Vec<Delivery> {
        let config = match (account, &self.role_per_account) {
            (Some(account), Some(role)) => {
                assume(self.config.clone(), &role.replace(ACCOUNT_PLACEHOLDER, account))
            }
            _ => self.config.clone(),
        };
        let importer = match importer(&config, account).await {
            Ok(importer) => importer,
            Err(error) => return vec![Err(error); alerts.len()],
        };
        let place = format!("Security Hub of {} in {}", importer.account_id, importer.region);
        let purpose = Purpose { place, action: "securityhub:BatchImportFindings" };
        let hub = Hub { client: Client::new(&config), purpose };

        // Two alerts about one matter are one finding: the later one is it.
        let mut latest: BTreeMap<&str, &Alert> = BTreeMap::new();
        for &alert in alerts {
            let known = latest.entry(&alert.finding.fingerprint).or_insert(alert);
            if alert.raised_at > known.raised_at {
                *known = alert;
            }
        }
        let findings = latest.values().map(|alert| asff::finding(alert, &importer)).collect();
        let outcomes: BTreeMap<&str, Delivery> =
            latest.keys().copied().zip(hub.import(findings).await).collect();
        let outcome = |alert: &&Alert| outcomes.get(alert.finding.fingerprint.as_str()).cloned();
        alerts.iter().map(|alert| outcome(alert).unwrap_or(Ok(()))).collect()
    }
}

/// The account that these credentials belong to. STS answers everybody.
async fn importer(config: &SdkConfig, account: Option<&str>) -> Result<Importer, DeliveryError> {
    let place = account.map_or("Security Hub".to_owned(), |id| format!("Security Hub of {id}"));
    let purpose = Purpose { place, action: "sts:GetCallerIdentity" };
    let request = aws_sdk_sts::Client::new(config).get_caller_identity();
    let caller = request.send().await.map_err(|error| purpose.failed(&error))?;
    let partition = caller.arn().and_then(|arn| arn.split(':').nth(1)).unwrap_or("aws");
    let account_id = caller.account().filter(|account| is_account(account));
    Ok(Importer {
        partition: partition.to_owned(),
        region: config.region().map(ToString::to_string).unwrap_or_default(),
        account_id: account_id
            .ok_or_else(|| purpose.error("STS does not say which account this is", true))?
            .to_owned(),
    })
}

/// Security Hub of one account.
struct Hub {
    client: Client,
    purpose: Purpose,
}

impl Hub {
    async fn import(&self, findings: Vec<Asff>) -> Vec<Delivery> {
        let size = |finding: &Asff| serde_json::to_string(finding).map_or(0, |text| text.len());
        let sizes: Vec<usize> = findings.iter().map(size).collect();
        let mut batches = Batches::new(&sizes, FINDINGS_MAX, REQUEST_BYTES_MAX);
        while let Some(entries) = batches.next() {
            let outcome = self.send(&findings[entries.clone()]).await;
            batches.came(entries, outcome);
        }
        batches.deliveries()
    }

    async fn send(&self, findings: &[Asff]) -> Result<Vec<Delivery>, DeliveryError> {
        let request: Vec<AwsSecurityFinding> = findings.iter().map(finding::request).collect();
        let request = self.client.batch_import_findings().set_findings(Some(request));
        let answer = request.send().await.map_err(|error| self.purpose.failed(&error))?;
        let refused: Vec<(usize, DeliveryError)> = answer
            .failed_findings()
            .iter()
            .filter_map(|refusal| {
                let (id, code) = (refusal.id()?, refusal.error_code().unwrap_or_default());
                let place = findings.iter().position(|finding| finding.id == id)?;
                Some((place, self.purpose.refused(code, refusal.error_message(), false)))
            })
            .collect();
        let count = usize::try_from(answer.failed_count().unwrap_or_default()).unwrap_or_default();
        if count > refused.len() {
            return Err(self.purpose.error("some findings were refused, and not which", true));
        }
        Ok(all_but(findings.len(), refused))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::format::{example, sample};
    use crate::configuration::SinkKind;

    #[test]
    fn only_an_account_goes_into_the_arn_of_a_role() {
        let mut settings = sample::sink(SinkKind::SecurityHub, None);
        let alert = example::alert();
        let hub = SecurityHub::open(&settings, &sample::aws()).unwrap();
        assert_eq!(hub.account_to_enter(&alert), None);
        settings.role_arn = Some("arn:aws:iam::{account_id}:role/import".to_owned());
        let hub = SecurityHub::open(&settings, &sample::aws()).unwrap();
        assert_eq!(hub.account_to_enter(&alert), Some("111122223333"));
        let mut hostile = alert;
        hostile.finding.account_id = Some("444455556666:role/admin#".to_owned());
        assert_eq!(hub.account_to_enter(&hostile), None);
    }

    #[test]
    fn a_sink_without_a_region_cannot_be_opened() {
        let aws = SdkConfig::builder().build();
        let error =
            SecurityHub::open(&sample::sink(SinkKind::SecurityHub, None), &aws).unwrap_err();
        assert_eq!(error.to_string(), "sink test: no Region: set `region` or AWS_REGION");
    }
}
