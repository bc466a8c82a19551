//! **AWS configuration**: credentials, Region and endpoint, found once as every
//! AWS tool finds them.

use aws_config::{BehaviorVersion, SdkConfig};

/// Region, credentials and endpoint from the environment, profiles, containers
/// or instance.
pub(crate) async fn config() -> SdkConfig {
    aws_config::defaults(BehaviorVersion::latest()).load().await
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
    let mut builder = aws_sdk_s3::config::Builder::from(&config);
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
        ("ConnectorError", "cannot connect"),
    ];
    hints.iter().find(|(sign, _)| text.contains(sign)).map(|(_, hint)| *hint)
}
