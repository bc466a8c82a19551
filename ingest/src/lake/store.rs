//! A **store**: the folder or bucket under a lake.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_s3::config::{ProvideCredentials, SharedCredentialsProvider};
use object_store::aws::{AmazonS3Builder, AwsCredential};
use object_store::local::LocalFileSystem;
use object_store::{BackoffConfig, CredentialProvider, ObjectStore, RetryConfig};
use url::Url;

use super::LakeError;
use crate::aws;
use crate::requests::{CountingConnector, RequestCounter};

/// How long requests are made again. S3 slows callers down for seconds at a time,
/// and a request that stalls is broken off after 30 s: several must fit in.
const PATIENCE: RetryConfig = RetryConfig {
    backoff: BackoffConfig {
        init_backoff: Duration::from_millis(250),
        max_backoff: Duration::from_secs(15),
        base: 3.0,
    },
    max_retries: 8,
    retry_timeout: Duration::from_mins(3),
};

/// The lake's location as a URL that ends in a slash.
pub(super) fn location(text: &str) -> Result<Url, LakeError> {
    let refuse =
        |reason: &str| LakeError::Location { location: text.to_owned(), reason: reason.to_owned() };
    if text.is_empty() {
        return Err(refuse("it is empty"));
    }
    let url = match Url::parse(text) {
        // A single letter is a drive, not a scheme.
        Ok(url) if url.scheme().len() > 1 => url,
        _ => {
            let path =
                std::path::absolute(Path::new(text)).map_err(|error| refuse(&error.to_string()))?;
            Url::from_directory_path(path).map_err(|()| refuse("not a folder path"))?
        }
    };
    match url.scheme() {
        "file" | "s3" => {}
        _ => return Err(refuse("give a folder, file:// or s3://bucket/prefix")),
    }
    let mut url = url;
    if !url.path().ends_with('/') {
        url.set_path(&format!("{}/", url.path()));
    }
    Ok(url)
}

/// A table's location below the lake's.
pub(super) fn join(location: &Url, table: &str) -> Result<Url, LakeError> {
    location.join(&format!("{table}/")).map_err(|error| LakeError::Location {
        location: location.to_string(),
        reason: error.to_string(),
    })
}

/// The store at the root of the location: the file system, or the bucket, whose
/// requests are counted.
pub(super) async fn root(
    location: &Url,
    requests: Arc<RequestCounter>,
) -> Result<Arc<dyn ObjectStore>, LakeError> {
    if location.scheme() == "file" {
        return Ok(Arc::new(LocalFileSystem::new()));
    }
    let refuse = |reason: String| LakeError::Location { location: location.to_string(), reason };
    let config = aws::config().await;
    let bucket = location.host_str().ok_or_else(|| refuse("no bucket".to_owned()))?;
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(bucket)
        .with_region(config.region().map_or("us-east-1", |region| region.as_ref()))
        .with_http_connector(CountingConnector(requests))
        .with_retry(PATIENCE);
    if let Some(endpoint) = aws::endpoint(&config) {
        builder = builder.with_allow_http(endpoint.starts_with("http://")).with_endpoint(endpoint);
    }
    if let Some(provider) = config.credentials_provider() {
        builder = builder.with_credentials(Arc::new(Credentials(provider)));
    }
    let store = builder.build().map_err(|error| refuse(error.to_string()))?;
    Ok(Arc::new(store))
}

/// The AWS SDK's credential chain, for the lake's store: profiles, containers
/// and instances work for the lake as they do for the trail.
#[derive(Debug)]
struct Credentials(SharedCredentialsProvider);

#[async_trait]
impl CredentialProvider for Credentials {
    type Credential = AwsCredential;

    async fn get_credential(&self) -> object_store::Result<Arc<AwsCredential>> {
        let found = self.0.provide_credentials().await.map_err(|source| {
            object_store::Error::Generic { store: "S3", source: Box::new(source) }
        })?;
        Ok(Arc::new(AwsCredential {
            key_id: found.access_key_id().to_owned(),
            secret_key: found.secret_access_key().to_owned(),
            token: found.session_token().map(str::to_owned),
        }))
    }
}
