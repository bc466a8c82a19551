//! **S3** as a sink: lines of JSON below a prefix, by day.
//!
//! An object holds the alerts of one delivery that were raised on one day. Its name
//! follows from their ids, so a delivery that is made again overwrites what it wrote:
//! `<prefix>/year=2026/month=11/day=25/<first id>-<hash of all ids>.ndjson`, which
//! Athena and others read as partitions. How objects are encrypted is the bucket's
//! default.

use std::collections::BTreeMap;

use aws_config::SdkConfig;
use aws_sdk_s3::Client;
use chrono::{DateTime, Datelike as _};
use sha2::{Digest, Sha256};

use super::DeliveryError;
use super::aws::{config, invalid, target};
use super::aws_error::Purpose;
use super::batches::Delivery;
use crate::alert::Alert;
use crate::alert::format::json;
use crate::configuration::SinkSettings;
use crate::error::AnalyzeError;

/// Largest line.
const LINE_BYTES_MAX: usize = 1_000_000;
/// How much of an id stands in a name.
const ID_CHARACTERS_MAX: usize = 80;

/// A prefix of a bucket.
#[derive(Debug)]
pub struct S3 {
    client: Client,
    bucket: String,
    /// Empty, or ends with a slash.
    prefix: String,
    purpose: Purpose,
}

impl S3 {
    /// The bucket and prefix of the settings.
    ///
    /// # Errors
    /// When the target is not `s3://bucket/prefix`, or no Region is known.
    pub fn open(settings: &SinkSettings, aws: &SdkConfig) -> Result<Self, AnalyzeError> {
        let what = "s3://bucket/prefix";
        let address = target(settings, what)?;
        let path = address.strip_prefix("s3://").unwrap_or_default();
        let (bucket, prefix) = path.split_once('/').unwrap_or((path, ""));
        if bucket.is_empty() {
            return Err(invalid(settings, &format!("target is not {what}")));
        }
        let config = config(settings, aws, None)?;
        let client = aws_sdk_s3::config::Builder::from(&config);
        // Other servers than AWS's get the bucket in the path.
        let elsewhere = ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"]
            .iter()
            .any(|name| std::env::var_os(name).is_some_and(|endpoint| !endpoint.is_empty()));
        let client = client.force_path_style(elsewhere || config.endpoint_url().is_some());
        let prefix = prefix.trim_end_matches('/');
        Ok(Self {
            client: Client::from_conf(client.build()),
            bucket: bucket.to_owned(),
            prefix: if prefix.is_empty() { String::new() } else { format!("{prefix}/") },
            purpose: Purpose { place: format!("bucket {bucket}"), action: "s3:PutObject" },
        })
    }

    /// Writes the alerts, and says what came of each, in order.
    pub async fn deliver(&self, alerts: &[Alert]) -> Vec<Delivery> {
        let mut days: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (place, alert) in alerts.iter().enumerate() {
            days.entry(day(&alert.raised_at)).or_default().push(place);
        }
        let mut deliveries = vec![Ok(()); alerts.len()];
        for (day, places) in days {
            let day_alerts: Vec<&Alert> = places.iter().map(|&place| &alerts[place]).collect();
            let outcome = self.put(&day, &day_alerts).await;
            for place in places {
                deliveries[place].clone_from(&outcome);
            }
        }
        deliveries
    }

    async fn put(&self, day: &str, alerts: &[&Alert]) -> Result<(), DeliveryError> {
        let lines = alerts.iter().map(|alert| json::within(alert, LINE_BYTES_MAX) + "\n");
        let body: String = lines.collect();
        let request = self.client.put_object().bucket(&self.bucket);
        let request = request
            .key(format!("{}{day}/{}", self.prefix, name(alerts)))
            .content_type("application/x-ndjson")
            .body(body.into_bytes().into());
        request.send().await.map(drop).map_err(|error| self.purpose.failed(&error))
    }
}

/// The partition of the day when an alert was raised.
fn day(raised_at: &str) -> String {
    DateTime::parse_from_rfc3339(raised_at).map_or_else(
        |_| "undated".to_owned(),
        |time| {
            let time = time.to_utc();
            format!("year={:04}/month={:02}/day={:02}", time.year(), time.month(), time.day())
        },
    )
}

/// The same name for the same alerts.
fn name(alerts: &[&Alert]) -> String {
    let first = alerts.first().map_or("", |alert| alert.id.as_str());
    let first: String = first
        .chars()
        .map(|letter| if letter.is_ascii_alphanumeric() || letter == '-' { letter } else { '_' })
        .take(ID_CHARACTERS_MAX)
        .collect();
    let mut hash = Sha256::new();
    for alert in alerts {
        hash.update(&alert.id);
        hash.update([0]);
    }
    let hash = format!("{:x}", hash.finalize());
    format!("{first}-{}.ndjson", &hash[..16])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::format::{example, sample};
    use crate::configuration::SinkKind;

    #[test]
    fn the_same_alerts_have_the_same_name() {
        let (first, mut second) = (example::alert(), example::alert());
        second.id = "../../x\n-2".to_owned();
        assert_eq!(name(&[&first, &second]), name(&[&first, &second]));
        assert_ne!(name(&[&first]), name(&[&first, &second]));
        assert!(name(&[&second]).starts_with("______x_-2-"));
    }

    #[test]
    fn days_are_partitions_in_utc() {
        assert_eq!(day("2026-10-11T23:30:00-02:00"), "year=2026/month=10/day=12");
        assert_eq!(day("yesterday"), "undated");
    }

    #[test]
    fn a_target_is_a_bucket_and_perhaps_a_prefix() {
        let open = |target| S3::open(&sample::sink(SinkKind::S3, Some(target)), &sample::aws());
        assert_eq!(open("s3://alerts").unwrap().prefix, "");
        assert_eq!(open("s3://alerts/kms/").unwrap().prefix, "kms/");
        let error = open("https://alerts").unwrap_err().to_string();
        assert_eq!(error, "sink test: target is not s3://bucket/prefix");
    }
}
