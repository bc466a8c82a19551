//! The **function**: what stays between the invocations of one process.

use analyze::{Detection, built_in, from_folder};
use anyhow::{Context as _, Result};
use aws_config::{BehaviorVersion, SdkConfig};

use crate::settings::{Role, Settings, own_role};

/// What an invocation starts from.
#[derive(Debug)]
pub struct Function {
    pub(crate) settings: Settings,
    pub(crate) s3: aws_sdk_s3::Client,
    pub(crate) role: Option<Role>,
    /// As their files say; the configuration may change between invocations.
    pub(crate) detections: Vec<Detection>,
}

impl Function {
    /// Gets ready for invocations.
    ///
    /// # Errors
    /// When a detection of the package is not what it should be.
    pub async fn prepare(settings: Settings) -> Result<Self> {
        let aws = aws_config::load_defaults(BehaviorVersion::latest()).await;
        let role = match &settings.role_arn {
            Some(arn) => Some(Role::of_arn(arn).context("KEYTRAIL_ROLE_ARN: no ARN of a role")?),
            None => own_role(&aws).await,
        };
        let mut detections = built_in()?;
        if let Some(folder) = &settings.detections {
            for detection in from_folder(folder)? {
                // A user's own version of a detection replaces ours.
                detections.retain(|known| known.header.id != detection.header.id);
                detections.push(detection);
            }
        }
        tracing::info!(
            lake = settings.lake,
            detections = detections.len(),
            version = env!("CARGO_PKG_VERSION"),
            "ready"
        );
        Ok(Self { s3: s3_client(&aws), settings, role, detections })
    }
}

/// Other servers than AWS's get the bucket in the path.
fn s3_client(aws: &SdkConfig) -> aws_sdk_s3::Client {
    let mut builder = aws_sdk_s3::config::Builder::from(aws);
    let elsewhere = ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"]
        .iter()
        .any(|name| std::env::var(name).is_ok_and(|endpoint| !endpoint.is_empty()));
    if elsewhere {
        builder = builder.force_path_style(true);
    }
    aws_sdk_s3::Client::from_conf(builder.build())
}
