//! The **settings** of the function: environment variables, read once.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use ingest::{MemoryBudget, Source};
use tracing::Level;

mod configuration;
mod role;

pub(crate) use configuration::written;
pub(crate) use role::{Role, own_role};

/// How the function was set up.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where the lake is.
    pub lake: String,
    /// Where the trail's objects are. What lies elsewhere is never read.
    pub sources: Vec<Source>,
    /// Where the configuration is.
    pub configuration: ConfigurationPlace,
    /// A folder of the package with more detections.
    pub detections: Option<PathBuf>,
    /// Matters older than this are historical.
    pub alert_from: Option<DateTime<Utc>>,
    /// Objects delivered before are passed over.
    pub ingest_from: Option<DateTime<Utc>>,
    /// Our accounts, in place of the configuration's.
    pub accounts: Vec<String>,
    /// The function's own role.
    pub role_arn: Option<String>,
    /// How long before the end of its time the function winds up.
    pub stop_before: Option<Duration>,
    /// How much to hold in memory.
    pub memory: MemoryBudget,
    /// What is logged.
    pub log_level: Level,
    /// Name of the function, for its metrics.
    pub function_name: String,
}

/// Where the configuration is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConfigurationPlace {
    /// There is none.
    Nowhere,
    /// The TOML itself.
    Text(String),
    /// A file of the package.
    File(PathBuf),
    /// An object.
    Object {
        /// Name of the bucket.
        bucket: String,
        /// Key.
        key: String,
    },
}

/// Everything that is wrong with the settings.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct SettingsError {
    reasons: Vec<String>,
}

impl fmt::Display for SettingsError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.reasons.join("; "))
    }
}

impl Settings {
    /// Reads the settings, with everything that is wrong with them at once.
    ///
    /// # Errors
    /// When a variable is missing or says what cannot be meant.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        let mut reader = Reader {
            variable: |name: &str| variable(name).filter(|text| !text.trim().is_empty()),
            reasons: Vec::new(),
        };
        let settings = Self {
            lake: reader.lake(),
            sources: reader.sources(),
            configuration: reader.configuration(),
            detections: reader.text("KEYTRAIL_DETECTIONS").map(PathBuf::from),
            alert_from: reader.time("KEYTRAIL_ALERT_FROM"),
            ingest_from: reader.time("KEYTRAIL_INGEST_FROM"),
            accounts: reader.accounts(),
            role_arn: reader.text("KEYTRAIL_ROLE_ARN"),
            stop_before: reader.stop_before(),
            memory: reader.memory(),
            log_level: reader.log_level(),
            function_name: reader.text("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_default(),
        };
        let reasons = reader.reasons;
        if reasons.is_empty() { Ok(settings) } else { Err(SettingsError { reasons }) }
    }
}

struct Reader<F> {
    variable: F,
    reasons: Vec<String>,
}

impl<F: Fn(&str) -> Option<String>> Reader<F> {
    fn text(&self, name: &str) -> Option<String> {
        (self.variable)(name).map(|text| text.trim().to_owned())
    }

    fn words(&self, name: &str) -> Vec<String> {
        let text = self.text(name).unwrap_or_default();
        let words = text.split(',').map(str::trim).filter(|word| !word.is_empty());
        words.map(str::to_owned).collect()
    }

    fn wrong(&mut self, reason: impl Into<String>) {
        self.reasons.push(reason.into());
    }

    fn lake(&mut self) -> String {
        self.text("KEYTRAIL_LAKE").unwrap_or_else(|| {
            self.wrong("set KEYTRAIL_LAKE to where the lake is, such as s3://bucket/lake");
            String::new()
        })
    }

    fn sources(&mut self) -> Vec<Source> {
        let mut sources = Vec::new();
        for word in self.words("KEYTRAIL_SOURCE") {
            match Source::parse(&word) {
                Ok(Source::Stdin) => self.wrong("KEYTRAIL_SOURCE: a function has no input to read"),
                Ok(source) => sources.push(source),
                Err(error) => self.wrong(format!("KEYTRAIL_SOURCE: {error}")),
            }
        }
        if sources.is_empty() && !self.reasons.iter().any(|r| r.starts_with("KEYTRAIL_SOURCE")) {
            self.wrong(
                "set KEYTRAIL_SOURCE to where the trail's objects are, such as \
                 s3://bucket/AWSLogs, or to several with commas",
            );
        }
        sources
    }

    fn configuration(&mut self) -> ConfigurationPlace {
        let text = (self.variable)("KEYTRAIL_CONFIG_TEXT");
        match (self.text("KEYTRAIL_CONFIG"), text) {
            (Some(_), Some(_)) => {
                self.wrong("set KEYTRAIL_CONFIG or KEYTRAIL_CONFIG_TEXT, not both");
                ConfigurationPlace::Nowhere
            }
            (None, None) => ConfigurationPlace::Nowhere,
            (None, Some(text)) => ConfigurationPlace::Text(text),
            (Some(place), None) => match place.strip_prefix("s3://") {
                None => ConfigurationPlace::File(PathBuf::from(place)),
                Some(rest) => match rest.split_once('/') {
                    Some((bucket, key)) if !bucket.is_empty() && !key.is_empty() => {
                        ConfigurationPlace::Object {
                            bucket: bucket.to_owned(),
                            key: key.to_owned(),
                        }
                    }
                    _ => {
                        self.wrong("KEYTRAIL_CONFIG: give s3://bucket/key or a path");
                        ConfigurationPlace::Nowhere
                    }
                },
            },
        }
    }

    fn time(&mut self, name: &str) -> Option<DateTime<Utc>> {
        let text = self.text(name)?;
        let time =
            DateTime::parse_from_rfc3339(&text).map(|time| time.to_utc()).ok().or_else(|| {
                let day = NaiveDate::parse_from_str(&text, "%Y-%m-%d").ok()?;
                Some(day.and_time(NaiveTime::MIN).and_utc())
            });
        if time.is_none() {
            self.wrong(format!(
                "{name}: give a day as 2026-11-25, or a time as 2026-11-25T10:00:00Z"
            ));
        }
        time
    }

    fn accounts(&mut self) -> Vec<String> {
        let accounts = self.words("KEYTRAIL_ACCOUNTS");
        let is_account =
            |text: &String| text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
        if !accounts.iter().all(is_account) {
            self.wrong("KEYTRAIL_ACCOUNTS: an account has twelve digits; put commas between them");
        }
        accounts
    }

    fn stop_before(&mut self) -> Option<Duration> {
        let text = self.text("KEYTRAIL_STOP_BEFORE")?;
        let seconds = text.strip_suffix('s').and_then(|digits| digits.parse().ok());
        if seconds.is_none() {
            self.wrong("KEYTRAIL_STOP_BEFORE: give seconds, such as 20s");
        }
        seconds.map(Duration::from_secs)
    }

    /// Three quarters of the function's memory: the rest is for judging.
    fn memory(&self) -> MemoryBudget {
        self.text("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
            .and_then(|mebibytes| mebibytes.parse::<u64>().ok())
            .and_then(|mebibytes| MemoryBudget::within(mebibytes.saturating_mul(1 << 20) / 4 * 3))
            .unwrap_or_default()
    }

    fn log_level(&mut self) -> Level {
        let Some(text) = self.text("KEYTRAIL_LOG") else { return Level::INFO };
        text.parse().unwrap_or_else(|_| {
            self.wrong("KEYTRAIL_LOG: give error, warn, info, debug or trace");
            Level::INFO
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Settings, SettingsError> {
        Settings::read(|name| {
            variables.iter().find(|(set, _)| *set == name).map(|(_, text)| (*text).to_owned())
        })
    }

    const LAKE: (&str, &str) = ("KEYTRAIL_LAKE", "s3://lake/kms");
    const SOURCE: (&str, &str) = ("KEYTRAIL_SOURCE", "s3://trail/AWSLogs/");

    #[test]
    fn what_is_missing_is_said_with_an_example() {
        assert_eq!(
            read(&[]).unwrap_err().to_string(),
            "set KEYTRAIL_LAKE to where the lake is, such as s3://bucket/lake; \
             set KEYTRAIL_SOURCE to where the trail's objects are, such as s3://bucket/AWSLogs, \
             or to several with commas"
        );
        assert_eq!(read(&[("KEYTRAIL_LAKE", " "), SOURCE]).unwrap_err().reasons.len(), 1);
    }

    #[test]
    fn what_cannot_be_meant_is_refused_by_name() {
        for (name, text) in [
            ("KEYTRAIL_CONFIG", "s3://bucket"),
            ("KEYTRAIL_ALERT_FROM", "yesterday"),
            ("KEYTRAIL_INGEST_FROM", "2026-13-01"),
            ("KEYTRAIL_ACCOUNTS", "111122223333, 4444"),
            ("KEYTRAIL_STOP_BEFORE", "soon"),
            ("KEYTRAIL_LOG", "loud"),
        ] {
            let error = read(&[LAKE, SOURCE, (name, text)]).unwrap_err().to_string();
            assert!(error.starts_with(name), "{error}");
        }
        let error = read(&[LAKE, ("KEYTRAIL_SOURCE", "-")]).unwrap_err().to_string();
        assert_eq!(error, "KEYTRAIL_SOURCE: a function has no input to read");
        let both = [LAKE, SOURCE, ("KEYTRAIL_CONFIG", "a.toml"), ("KEYTRAIL_CONFIG_TEXT", "#")];
        assert!(read(&both).unwrap_err().to_string().ends_with("not both"));
    }

    #[test]
    fn several_sources_and_a_day_are_understood() {
        let settings = read(&[
            LAKE,
            ("KEYTRAIL_SOURCE", "s3://one/AWSLogs, s3://two/AWSLogs"),
            ("KEYTRAIL_INGEST_FROM", "2026-10-05"),
            ("KEYTRAIL_ALERT_FROM", "2026-10-05T02:00:00+02:00"),
            ("KEYTRAIL_CONFIG", "s3://settings/keytrail.toml"),
            ("KEYTRAIL_STOP_BEFORE", "20s"),
        ])
        .unwrap();
        assert_eq!(settings.sources.len(), 2);
        assert_eq!(settings.ingest_from, settings.alert_from);
        assert_eq!(settings.stop_before, Some(Duration::from_secs(20)));
        let ConfigurationPlace::Object { bucket, key } = settings.configuration else { panic!() };
        assert_eq!((bucket.as_str(), key.as_str()), ("settings", "keytrail.toml"));
    }
}
