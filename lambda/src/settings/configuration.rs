//! The **configuration** that a run goes by: `keytrail.toml` from where the
//! settings say, and what the settings say themselves.

use std::path::Path;

use analyze::Configuration;
use anyhow::{Context as _, Result};
use aws_sdk_s3::error::DisplayErrorContext;
use chrono::{DateTime, SecondsFormat, Utc};
use sha2::{Digest, Sha256};

use super::{ConfigurationPlace, Role, Settings};

/// A configuration is a few kilobytes; what is larger is something else.
const TEXT_BYTES_MAX: usize = 4 << 20;

impl Settings {
    /// Reads the configuration.
    ///
    /// # Errors
    /// When it cannot be read or says what cannot be meant.
    pub(crate) async fn configuration(
        &self,
        s3: &aws_sdk_s3::Client,
        role: Option<&Role>,
    ) -> Result<Configuration> {
        let configuration = match &self.configuration {
            ConfigurationPlace::Nowhere => Configuration::default(),
            ConfigurationPlace::File(path) => Configuration::read(path)?,
            ConfigurationPlace::Text(text) => {
                Configuration::of_text(Path::new("KEYTRAIL_CONFIG_TEXT"), text)?
            }
            ConfigurationPlace::Object { bucket, key } => {
                let place = format!("s3://{bucket}/{key}");
                let text = text(s3, bucket, key).await.with_context(|| {
                    format!("the configuration {place} cannot be read; it takes s3:GetObject")
                })?;
                Configuration::of_text(Path::new(&place), &text)?
            }
        };
        Ok(self.applied_to(configuration, role))
    }

    /// The configuration with what the settings say themselves. The hash covers
    /// that, too.
    fn applied_to(&self, mut configuration: Configuration, role: Option<&Role>) -> Configuration {
        let mut hash = Sha256::new();
        hash.update(configuration.hash.as_deref().unwrap_or_default());
        let mut is_changed = false;
        if let Some(from) = self.alert_from {
            let from = written(from);
            hash.update(format!("\0from {from}"));
            configuration.alerts.from = Some(from);
            is_changed = true;
        }
        if !self.accounts.is_empty() {
            hash.update(format!("\0accounts {}", self.accounts.join(",")));
            configuration.trust.own_accounts.clone_from(&self.accounts);
            is_changed = true;
        }
        if let Some(role) = role {
            let patterns = role.patterns();
            hash.update(format!("\0quiet {}", patterns.join(",")));
            configuration.trust.quiet.extend(patterns);
            is_changed = true;
        }
        if is_changed {
            configuration.hash = Some(format!("{:x}", hash.finalize()));
        }
        configuration
    }
}

/// A moment as the configuration writes it.
#[must_use]
pub(crate) fn written(moment: DateTime<Utc>) -> String {
    moment.to_rfc3339_opts(SecondsFormat::Micros, true)
}

async fn text(s3: &aws_sdk_s3::Client, bucket: &str, key: &str) -> Result<String> {
    let object =
        s3.get_object().bucket(bucket).key(key).send().await.map_err(|error| {
            anyhow::anyhow!("{}", short(&DisplayErrorContext(error).to_string()))
        })?;
    let length = object.content_length().and_then(|length| usize::try_from(length).ok());
    anyhow::ensure!(length.is_none_or(|bytes| bytes <= TEXT_BYTES_MAX), "it is too large");
    let bytes = object.body.collect().await?.into_bytes();
    Ok(String::from_utf8(bytes.to_vec())?)
}

/// The SDK's error text begins with what matters and goes on with its innards.
fn short(text: &str) -> String {
    text.chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(more: &[(&str, &str)]) -> Settings {
        let base = [("KEYTRAIL_LAKE", "lake"), ("KEYTRAIL_SOURCE", "trail")];
        let all: Vec<_> = base.iter().chain(more).copied().collect();
        Settings::read(|name| {
            all.iter().find(|(set, _)| *set == name).map(|(_, text)| (*text).to_owned())
        })
        .unwrap()
    }

    #[test]
    fn the_settings_win_over_the_file_and_the_hash_tells() {
        let file = Configuration { hash: Some("ab".to_owned()), ..Configuration::default() };
        let same = settings(&[]).applied_to(file.clone(), None);
        assert_eq!(same, file);
        let changed = settings(&[
            ("KEYTRAIL_ALERT_FROM", "2026-10-05"),
            ("KEYTRAIL_ACCOUNTS", "111122223333,444455556666"),
        ])
        .applied_to(file.clone(), Role::of_arn("arn:aws:iam::111122223333:role/keytrail").as_ref());
        assert_eq!(changed.alerts.from.as_deref(), Some("2026-10-05T00:00:00.000000Z"));
        assert_eq!(changed.trust.own_accounts.len(), 2);
        assert_eq!(changed.trust.quiet, ["arn:aws:iam::111122223333:role/keytrail"]);
        assert_ne!(changed.hash, file.hash);
    }
}
