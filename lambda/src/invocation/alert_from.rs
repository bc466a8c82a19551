//! Since when people are told: what neither the settings nor the configuration
//! say is the moment of the **first run**. Pointed at a bucket with years of
//! logs, the function then speaks of what happens from now on.

use analyze::Configuration;
use chrono::DateTime;
use ingest::schema::FINDINGS;
use ingest::{Lake, LakeError};

use super::Invocation;
use crate::settings::written;

impl Invocation<'_> {
    /// The configuration, which says since when people are told.
    pub(super) async fn with_alert_from(
        &mut self,
        lake: &Lake,
        mut configuration: Configuration,
    ) -> Configuration {
        if configuration.alerts.from.is_some() {
            return configuration;
        }
        let first = match first_recorded(lake).await {
            Ok(first) => first.and_then(DateTime::from_timestamp_micros),
            Err(error) => {
                self.fail(format!("{:#}", anyhow::Error::from(error)));
                None
            }
        };
        configuration.alerts.from = Some(written(first.unwrap_or(self.request.started)));
        configuration
    }
}

/// When the log of findings begins, microseconds since 1970 UTC, by the table's
/// log alone.
async fn first_recorded(lake: &Lake) -> Result<Option<i64>, LakeError> {
    let Some(findings) = lake.existing_table(&FINDINGS).await? else { return Ok(None) };
    let files = findings.files()?;
    Ok(files.iter().filter_map(|file| file.time_range("recorded_at")).map(|range| range.0).min())
}
