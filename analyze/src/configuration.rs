//! The **configuration**: what the owner of the lake trusts, from
//! `keytrail.toml`.

use std::fs;
use std::path::Path;

use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::detection::toml_error;
use crate::error::AnalyzeError;

/// `keytrail.toml`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Configuration {
    /// Who belongs to us and whom we trust.
    pub trust: Trust,
    /// SHA-256 of the file's text, hex; none without a file.
    #[serde(skip)]
    pub hash: Option<String>,
}

/// The `[trust]` table. Principals are patterns in which `*` stands for any
/// text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Trust {
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
}

impl Configuration {
    /// Reads a configuration file.
    ///
    /// # Errors
    /// When the file cannot be read, has unknown fields, or names an account
    /// that is none.
    pub fn read(path: &Path) -> Result<Self, AnalyzeError> {
        let text = fs::read_to_string(path)
            .map_err(|source| AnalyzeError::File { path: path.to_path_buf(), source })?;
        let wrong =
            |reason: String| AnalyzeError::Configuration { path: path.to_path_buf(), reason };
        let mut configuration: Self = toml::from_str(&text)
            .map_err(|error| wrong(format!("not as it should be{}", toml_error(&text, &error))))?;
        let accounts =
            configuration.trust.own_accounts.iter().chain(&configuration.trust.trusted_accounts);
        for account in accounts {
            if account.len() != 12 || !account.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(wrong(format!(
                    "{account:?} is no account id: twelve digits, in quotes"
                )));
            }
        }
        configuration.hash = Some(format!("{:x}", Sha256::digest(text.as_bytes())));
        Ok(configuration)
    }
}

impl Trust {
    /// Role and SQL `like` pattern of every configured principal.
    pub(crate) fn like_patterns(&self) -> Vec<(&'static str, String)> {
        let lists = [
            ("creator", &self.creators),
            ("administrator", &self.administrators),
            ("user", &self.users),
            ("break_glass", &self.break_glass),
        ];
        lists
            .into_iter()
            .flat_map(|(role, patterns)| patterns.iter().map(move |pattern| (role, like(pattern))))
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
            ("", true),
        ] {
            fs::write(&path, text).unwrap();
            assert_eq!(Configuration::read(&path).is_ok(), good, "{text}");
        }
    }
}
