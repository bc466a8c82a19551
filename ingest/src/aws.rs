//! **AWS configuration**: credentials, Region and endpoint, found once as every
//! AWS tool finds them; and how patient we are with S3.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};

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

/// An S3 client. Other servers than AWS's get the bucket in the path.
pub(crate) async fn s3_client() -> aws_sdk_s3::Client {
    let config = config().await;
    let mut builder = aws_sdk_s3::config::Builder::from(&config)
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS_MAX));
    if let Some(endpoint) = endpoint(&config) {
        builder = builder.endpoint_url(endpoint).force_path_style(true);
    }
    aws_sdk_s3::Client::from_conf(builder.build())
}

/// The SDK's error text begins with what matters and goes on with its innards.
pub(crate) fn explain(text: &str) -> String {
    let short: String = text.chars().take(300).collect();
    match hint(text) {
        Some(hint) => format!("{hint} ({short})"),
        None => short,
    }
}

/// What to do about an error of S3, by the code in its text.
pub(crate) fn hint(text: &str) -> Option<&'static str> {
    let hints = [
        ("NoSuchBucket", "no such bucket"),
        ("InvalidAccessKeyId", "the access key is not known there"),
        ("SignatureDoesNotMatch", "the secret key does not fit the access key"),
        ("AccessDenied", "access denied: s3:ListBucket and s3:GetObject are needed"),
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
