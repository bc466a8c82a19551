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
