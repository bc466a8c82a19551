//! **AWS configuration**: credentials, Region and endpoint, found once as every
//! AWS tool finds them; and how patient we are with S3.

use std::sync::Arc;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};

use crate::requests::{CountingInterceptor, RequestCounter};

/// How long a request may go without an answer before it is made again. The SDK
/// by itself waits for ever.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(30);

/// How often a request is made before its failure is one of the object or the
/// listing. S3 slows callers down for seconds at a time.
pub(crate) const ATTEMPTS_MAX: u32 = 6;

/// Region, credentials and endpoint from the environment, profiles, containers
/// or instance.
pub(crate) async fn config() -> SdkConfig {
    let patience = TimeoutConfig::builder().read_timeout(ANSWER_TIME_MAX).build();
    aws_config::defaults(BehaviorVersion::latest()).timeout_config(patience).load().await
}

/// An endpoint other than AWS's own: `AWS_ENDPOINT_URL_S3`, else
/// `AWS_ENDPOINT_URL`.
pub(crate) fn endpoint(config: &SdkConfig) -> Option<String> {
    std::env::var("AWS_ENDPOINT_URL_S3")
        .ok()
        .filter(|endpoint| !endpoint.is_empty())
        .or_else(|| config.endpoint_url().map(str::to_owned))
}

/// An S3 client whose requests are counted. Other servers than AWS's get the
/// bucket in the path.
pub(crate) async fn s3_client(requests: Arc<RequestCounter>) -> aws_sdk_s3::Client {
    let config = config().await;
    let mut builder = aws_sdk_s3::config::Builder::from(&config)
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS_MAX))
        .interceptor(CountingInterceptor(requests));
    if let Some(endpoint) = endpoint(&config) {
        builder = builder.endpoint_url(endpoint).force_path_style(true);
    }
    aws_sdk_s3::Client::from_conf(builder.build())
}

/// The SDK's error text begins with what matters and goes on with its innards.
/// `needed` is the permission that the request takes.
pub(crate) fn explain(text: &str, needed: &str) -> String {
    let short: String = text.chars().take(300).collect();
    if text.contains("AccessDenied") {
        let needed = denied_action(text).unwrap_or(needed);
        return format!("access denied: {needed} is needed ({short})");
    }
    match hint(text) {
        Some(hint) => format!("{hint} ({short})"),
        None => short,
    }
}

/// The permission that a refusal names, such as `kms:Decrypt`.
fn denied_action(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("not authorized to perform: ")?;
    let is_part = |character: char| character.is_ascii_alphanumeric() || character == ':';
    let end = rest.find(|character| !is_part(character)).unwrap_or(rest.len());
    rest.get(..end).filter(|action| action.contains(':') && action.len() <= 100)
}

/// What to do about an error of S3, by the code in its text.
pub(crate) fn hint(text: &str) -> Option<&'static str> {
    let hints = [
        ("NoSuchBucket", "no such bucket"),
        ("InvalidAccessKeyId", "the access key is not known there"),
        ("SignatureDoesNotMatch", "the secret key does not fit the access key"),
        ("AccessDenied", "access denied: s3:ListBucket and s3:GetObject are needed"),
        ("KMS.DisabledException", "the KMS key of the object is disabled"),
        ("KMS.NotFoundException", "the KMS key of the object is gone"),
        ("KMS.KMSInvalidStateException", "the KMS key of the object is disabled or to be deleted"),
        ("NoCredentials", "no AWS credentials found: set a profile or AWS_ACCESS_KEY_ID"),
        ("CredentialsNotLoaded", "no AWS credentials found: set a profile or AWS_ACCESS_KEY_ID"),
        (
            "the credential provider was not enabled",
            "no AWS credentials found: set a profile or AWS_ACCESS_KEY_ID",
        ),
        ("A region must be set", "no Region found: set AWS_REGION"),
        ("NoSuchKey", "the object is gone"),
        ("SlowDown", "S3 is overloaded and asks for fewer requests"),
        ("InternalError", "S3 failed at it"),
        ("IncompleteBody", "the connection broke off"),
        ("IncompleteMessage", "the connection broke off"),
        ("ThroughputBelowMinimum", "the connection stalled"),
        ("HttpTimeoutError", "S3 did not answer in time"),
        ("ConnectorError", "cannot connect"),
    ];
    hints.iter().find(|(sign, _)| text.contains(sign)).map(|(_, hint)| *hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_the_permission_that_is_missing() {
        let text = "service error: unhandled error (AccessDenied): Error { code: \"AccessDenied\", message: \"User: arn:aws:sts::111122223333:assumed-role/r/s is not authorized to perform: kms:Decrypt on resource: arn:aws:kms:eu-west-1:111122223333:key/k\" }";
        assert!(
            explain(text, "s3:GetObject").starts_with("access denied: kms:Decrypt is needed (")
        );
        let bare =
            "service error: unhandled error (AccessDenied): Error { code: \"AccessDenied\" }";
        let said = explain(bare, "s3:GetObject");
        assert!(said.starts_with("access denied: s3:GetObject is needed ("), "{said}");
        let odd = "AccessDenied: not authorized to perform: \u{1b}[31m:x";
        assert!(
            explain(odd, "s3:GetObject").starts_with("access denied: s3:GetObject is needed (")
        );
    }
}
