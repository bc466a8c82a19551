//! A configuration **compared** with a lake: what of it is never met there, and
//! who is there that it does not name.

use std::collections::BTreeSet;

use super::{Configuration, seen};
use crate::error::AnalyzeError;
use crate::session::Session;

impl Configuration {
    /// Says what of this configuration a lake has never seen, and which accounts
    /// it has seen that are neither ours nor trusted. `session` is of that lake,
    /// opened without a configuration.
    ///
    /// # Errors
    /// When the lake cannot be asked.
    pub async fn compare(&self, session: &Session) -> Result<Vec<String>, AnalyzeError> {
        let trust = &self.trust;
        let mut warnings = Vec::new();
        let actors = seen::actors(session).await?;
        for (field, _, patterns) in trust.principals() {
            for pattern in patterns {
                if !actors.iter().any(|actor| matches(pattern, actor)) {
                    warnings
                        .push(format!("[trust] {field}: {pattern:?} matches no actor of the lake"));
                }
            }
        }
        let delivered = seen::own_accounts(session).await?;
        let others = seen::other_accounts(session).await?;
        let taking_part: BTreeSet<&str> = others
            .iter()
            .map(|other| other.account_id.as_str())
            .chain(delivered.iter().map(String::as_str))
            .collect();
        for account in trust.own_accounts.iter().filter(|own| !delivered.contains(own)) {
            warnings.push(format!("[trust] own_accounts: no logs of {account:?} are in the lake"));
        }
        for account in
            trust.trusted_accounts.iter().filter(|trusted| !taking_part.contains(trusted.as_str()))
        {
            warnings.push(format!("[trust] trusted_accounts: {account:?} is not in the lake"));
        }
        let named: BTreeSet<&str> = trust
            .own_accounts
            .iter()
            .chain(&trust.trusted_accounts)
            // Without any, whoever delivers is ours.
            .chain(delivered.iter().filter(|_| trust.own_accounts.is_empty()))
            .map(String::as_str)
            .collect();
        for account in taking_part.difference(&named) {
            let logs = delivered.iter().any(|known| known == account);
            let logs = if logs { ", though its logs are in the lake" } else { "" };
            warnings.push(format!(
                "account {account:?} is neither in own_accounts nor in trusted_accounts{logs}"
            ));
        }
        Ok(warnings)
    }
}

/// Whether a text is as a pattern says, in which `*` stands for any text.
fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    let Some(last) = parts.next_back() else {
        return rest.is_empty();
    };
    for part in parts {
        let Some(at) = rest.find(part) else {
            return false;
        };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, text, good) in [
            ("a", "a", true),
            ("a", "ab", false),
            ("a*", "ab", true),
            ("*b", "ab", true),
            ("*", "", true),
            ("a*a", "a", false),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("arn:*:role/Key_*", "arn:aws:iam::111122223333:role/KeyAdmin", false),
        ] {
            assert_eq!(matches(pattern, text), good, "{pattern} {text}");
        }
    }
}
