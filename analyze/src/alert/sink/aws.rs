//! **Access** to AWS as a sink needs it: Region, role, and how patient to be.
//!
//! Endpoints other than AWS's own come with the configuration of the environment:
//! `AWS_ENDPOINT_URL`, `AWS_ENDPOINT_URL_SNS` and so on.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::timeout::TimeoutConfig;
use aws_config::{Region, SdkConfig};
use aws_credential_types::provider::future;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};

use crate::configuration::SinkSettings;
use crate::error::AnalyzeError;

/// How long a connection may take.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(5);
/// How long one attempt may take.
const ATTEMPT_TIME_MAX: Duration = Duration::from_secs(10);
/// How long a request may take with all its attempts.
const REQUEST_TIME_MAX: Duration = Duration::from_secs(30);
/// Attempts within a request. Who calls tries again later, and for longer.
const ATTEMPTS_MAX: u32 = 3;
/// What assumed roles show in CloudTrail.
const SESSION_NAME: &str = "keytrail";

/// What stands for the account of a finding in the ARN of a role.
pub(super) const ACCOUNT_PLACEHOLDER: &str = "{account_id}";

/// The configuration for a sink's client: in the Region of the settings, else that
/// of the target, else that of the environment.
pub(super) fn config(
    settings: &SinkSettings,
    aws: &SdkConfig,
    target_region: Option<&str>,
) -> Result<SdkConfig, AnalyzeError> {
    let region = settings.region.as_deref().or(target_region).map(str::to_owned);
    let region = region.map(Region::new).or_else(|| aws.region().cloned());
    let region =
        region.ok_or_else(|| invalid(settings, "no Region: set `region` or AWS_REGION"))?;
    let patience = TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIME_MAX)
        .operation_attempt_timeout(ATTEMPT_TIME_MAX)
        .operation_timeout(REQUEST_TIME_MAX)
        .build();
    let config = aws
        .clone()
        .into_builder()
        .region(region)
        .timeout_config(patience)
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS_MAX))
        .build();
    Ok(match settings.role_arn.as_deref() {
        Some(role) if !role.contains(ACCOUNT_PLACEHOLDER) => assume(config, role),
        _ => config,
    })
}

/// The same, as a role that is assumed when credentials are first asked for.
pub(super) fn assume(config: SdkConfig, role_arn: &str) -> SdkConfig {
    let role = AssumedRole { role_arn: role_arn.to_owned(), base: config.clone() };
    config.into_builder().credentials_provider(SharedCredentialsProvider::new(role)).build()
}

/// The settings of a sink are not what they should be.
pub(super) fn invalid(settings: &SinkSettings, reason: &str) -> AnalyzeError {
    AnalyzeError::Setting { reason: format!("sink {}: {reason}", settings.name) }
}

/// The target, which these kinds of sink must have.
pub(super) fn target<'a>(settings: &'a SinkSettings, what: &str) -> Result<&'a str, AnalyzeError> {
    let target = settings.target.as_deref().filter(|target| !target.is_empty());
    target.ok_or_else(|| invalid(settings, &format!("no target: set it to {what}")))
}

/// The Region in an ARN of this service.
pub(super) fn arn_region<'a>(arn: &'a str, service: &str) -> Option<&'a str> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    match parts[..] {
        ["arn", _, found, region, account, resource]
            if found == service
                && !region.is_empty()
                && !account.is_empty()
                && !resource.is_empty() =>
        {
            Some(region)
        }
        _ => None,
    }
}

/// Credentials of a role. The SDK's own provider is built by waiting, and a sink
/// is opened without.
#[derive(Debug)]
struct AssumedRole {
    role_arn: String,
    base: SdkConfig,
}

impl ProvideCredentials for AssumedRole {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            let role = AssumeRoleProvider::builder(&self.role_arn).session_name(SESSION_NAME);
            role.configure(&self.base).build().await.provide_credentials().await
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_region_of_a_target_is_that_of_its_arn() {
        let topic = "arn:aws:sns:eu-west-1:111122223333:alerts";
        assert_eq!(arn_region(topic, "sns"), Some("eu-west-1"));
        assert_eq!(arn_region(topic, "events"), None);
        assert_eq!(arn_region("arn:aws:sns:eu-west-1:111122223333:", "sns"), None);
        assert_eq!(arn_region("alerts", "sns"), None);
    }
}
