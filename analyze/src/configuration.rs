//! The **configuration**: what the owner of the lake trusts, and how detections
//! are to differ from what their files say; from `keytrail.toml`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use sha2::{Digest, Sha256};

mod alerting;
mod compare;
mod overrides;
mod proposal;
mod quoted;
mod review;
mod rules;
mod seen;
mod sinks;

pub use alerting::{AlertSettings, SinkKind, SinkSettings, Suppression};
pub(crate) use overrides::set_parameters;
pub use overrides::{Override, Setting};
pub use proposal::propose;
pub use review::Review;
#[cfg(test)]
pub(crate) use rules::moment;
pub(crate) use rules::{Accepted, Rules};

use crate::detection::{Detection, toml_error};
use crate::error::AnalyzeError;

/// `keytrail.toml`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Configuration {
    /// Who belongs to us and whom we trust.
    pub trust: Trust,
    /// How detections differ, by id.
    pub detections: BTreeMap<String, Override>,
    /// When alerts are sent.
    pub alerts: AlertSettings,
    /// Where they are sent.
    pub sinks: Vec<SinkSettings>,
    /// What is known and accepted.
    pub suppressions: Vec<Suppression>,
    /// Parameters given on the command line; they win over the file.
    #[serde(skip)]
    pub settings: Vec<Setting>,
    /// The file that it was read from.
    #[serde(skip)]
    pub path: Option<PathBuf>,
    /// SHA-256 of the file's text and of the settings, hex; none without either.
    #[serde(skip)]
    pub hash: Option<String>,
}

/// The `[trust]` table. Principals are patterns in which `*` stands for any
/// text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Trust {
    /// Our organization, such as `o-a1b2c3d4e5`.
    pub organization_id: Option<String>,
    /// Our accounts. Without any, every account that a trail delivers to the
    /// lake for is ours.
    pub own_accounts: Vec<String>,
    /// Accounts of others that may have access.
    pub trusted_accounts: Vec<String>,
    /// Who may create keys.
    pub creators: Vec<String>,
    /// Who may administer keys.
    pub administrators: Vec<String>,
    /// Who may use keys.
    pub users: Vec<String>,
    /// Roles for emergencies.
    pub break_glass: Vec<String>,
    /// Automations known to be noisy.
    pub quiet: Vec<String>,
}

impl Configuration {
    /// Reads a configuration file.
    ///
    /// # Errors
    /// When the file cannot be read, has unknown fields, or says what cannot be
    /// meant, such as an account that is none.
    pub fn read(path: &Path) -> Result<Self, AnalyzeError> {
        Self::of_text(path, &read_text(path)?)
    }

    /// Reads the text of a configuration file; `path` is what errors call it.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn of_text(path: &Path, text: &str) -> Result<Self, AnalyzeError> {
        let wrong = |reason| AnalyzeError::Configuration { path: path.to_path_buf(), reason };
        let configuration = Self::parse(path, text).map_err(wrong)?;
        let mut errors = configuration.trust.review().errors;
        errors.extend(Rules::of(&configuration).err().unwrap_or_default());
        errors.extend(sinks::review(&configuration.sinks, None).errors);
        if errors.is_empty() { Ok(configuration) } else { Err(wrong(errors.join("; "))) }
    }

    /// Says all that is wrong with a configuration file, and with what it says
    /// of these detections, as of `now`, microseconds since 1970 UTC. None comes
    /// back when it cannot be understood.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn review(
        path: &Path,
        detections: &[Detection],
        now: i64,
    ) -> Result<(Option<Self>, Review), AnalyzeError> {
        let configuration = match Self::parse(path, &read_text(path)?) {
            Ok(configuration) => configuration,
            Err(error) => return Ok((None, Review { errors: vec![error], warnings: Vec::new() })),
        };
        let mut review = configuration.trust.review();
        let rules = rules::review(&configuration, detections, now);
        review.errors.extend(rules.errors);
        review.warnings.extend(rules.warnings);
        let ids = detections.iter().map(|one| one.header.id.clone()).collect();
        let sinks = sinks::review(&configuration.sinks, Some(&ids));
        review.errors.extend(sinks.errors);
        review.warnings.extend(sinks.warnings);
        let mut detections = detections.to_vec();
        review.errors.extend(configuration.override_all(&mut detections));
        Ok((Some(configuration), review))
    }

    fn parse(path: &Path, text: &str) -> Result<Self, String> {
        let configuration: Self = toml::from_str(text)
            .map_err(|error| format!("not as it should be{}", toml_error(text, &error)))?;
        Ok(Self {
            path: Some(path.to_path_buf()),
            hash: Some(format!("{:x}", Sha256::digest(text.as_bytes()))),
            ..configuration
        })
    }

    /// Adds parameters given on the command line. The hash covers them.
    #[must_use]
    pub fn with_settings(mut self, settings: Vec<Setting>) -> Self {
        if settings.is_empty() {
            return self;
        }
        let mut hash = Sha256::new();
        hash.update(self.hash.as_deref().unwrap_or_default());
        for setting in &settings {
            hash.update([0]);
            hash.update(setting.to_string());
        }
        self.hash = Some(format!("{:x}", hash.finalize()));
        self.settings.extend(settings);
        self
    }

    /// Changes detections as the file and the settings say.
    ///
    /// # Errors
    /// When a detection or a parameter does not exist, or a value does not fit.
    pub fn apply(&self, detections: &mut [Detection]) -> Result<(), AnalyzeError> {
        let errors = self.override_all(detections);
        if !errors.is_empty() {
            let path = self.path.clone().unwrap_or_else(|| PathBuf::from("keytrail.toml"));
            return Err(AnalyzeError::Configuration { path, reason: errors.join("; ") });
        }
        let errors = self.set_all(detections);
        if errors.is_empty() {
            Ok(())
        } else {
            Err(AnalyzeError::Setting { reason: errors.join("; ") })
        }
    }
}

fn read_text(path: &Path) -> Result<String, AnalyzeError> {
    fs::read_to_string(path)
        .map_err(|source| AnalyzeError::File { path: path.to_path_buf(), source })
}

impl Trust {
    /// Name of each list of principals in the file, the role that it gives, and
    /// its patterns.
    pub(crate) fn principals(&self) -> [(&'static str, &'static str, &[String]); 5] {
        [
            ("creators", "creator", &self.creators),
            ("administrators", "administrator", &self.administrators),
            ("users", "user", &self.users),
            ("break_glass", "break_glass", &self.break_glass),
            ("quiet", "quiet", &self.quiet),
        ]
    }

    /// Role and SQL `like` pattern of every configured principal.
    pub(crate) fn like_patterns(&self) -> Vec<(&'static str, String)> {
        self.principals()
            .into_iter()
            .flat_map(|(_, role, patterns)| {
                patterns.iter().map(move |pattern| (role, like(pattern)))
            })
            .collect()
    }
}

/// A pattern with `*` as one for `like`, whose own signs lose their meaning.
pub(crate) fn like(pattern: &str) -> String {
    pattern.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_").replace('*', "%")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_matches_text_as_it_stands_but_for_the_star() {
        assert_eq!(like("arn:*:role/Key_Admin*"), "arn:%:role/Key\\_Admin%");
    }

    #[test]
    fn a_configuration_with_a_wrong_account_or_field_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keytrail.toml");
        for (text, good) in [
            ("[trust]\nown_accounts = ['111122223333']\n", true),
            ("[trust]\nown_accounts = ['1111']\n", false),
            ("[trust]\nown = []\n", false),
            ("[trust]\nquiet = ['*:role/inventory']\n", true),
            ("[detections.stale_grant]\nenabled = false\n", true),
            ("[detections.stale_grant]\nseverity = 'urgent'\n", false),
            ("", true),
        ] {
            fs::write(&path, text).unwrap();
            assert_eq!(Configuration::read(&path).is_ok(), good, "{text}");
        }
    }

    #[test]
    fn the_hash_covers_the_file_and_the_settings() {
        let setting = || vec!["stale_grant.stale_after=120d".parse::<Setting>().unwrap()];
        let none = Configuration::default();
        let file = Configuration { hash: Some("ab".to_owned()), ..Configuration::default() };
        let hashes: std::collections::BTreeSet<Option<String>> = [
            none.clone().with_settings(Vec::new()).hash,
            none.with_settings(setting()).hash,
            file.clone().hash,
            file.with_settings(setting()).hash,
        ]
        .into();
        assert_eq!(hashes.len(), 4);
    }
}
