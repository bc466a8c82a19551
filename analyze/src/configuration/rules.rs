//! The **rules** of alerting, read and checked: since when people are told, how
//! often, and of what not.

use chrono::{DateTime, NaiveDate};

use super::review::{Review, unknown};
use super::{Configuration, Suppression};
use crate::detection::{Detection, micros_of};
use crate::finding::Finding;

/// Columns of every finding that a suppression may name beside the entity's.
const COMMON: &[&str] = &["account_id", "region", "actor", "key_arn"];

/// Shorter waits would tell of the same matter at every run.
const RENOTIFY_MICROS_MIN: i64 = 3_600_000_000;

/// What the configuration says about alerts. Times are microseconds since 1970
/// UTC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rules {
    /// Matters from before are historical.
    pub(crate) from: Option<i64>,
    /// How long a matter that goes on is not told of again.
    pub(crate) renotify_after: i64,
    /// What is known and accepted.
    pub(crate) accepted: Vec<Accepted>,
}

/// A suppression, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Accepted {
    detection: String,
    entity: Vec<(String, String)>,
    /// When it ends.
    pub(crate) until: i64,
    /// Why, and who said so.
    pub(crate) reason: String,
}

impl Rules {
    /// Reads the rules; says all that is wrong with them.
    ///
    /// # Errors
    /// When a time or a duration is none.
    pub(crate) fn of(configuration: &Configuration) -> Result<Self, Vec<String>> {
        let mut errors = Vec::new();
        let alerts = &configuration.alerts;
        let from = alerts.from.as_deref().map(|text| {
            moment(text).ok_or_else(|| format!("[alerts] from: {text:?} is no time: give one such as \"2026-11-01\" or \"2026-11-01T08:00:00Z\""))
        });
        let from = from.transpose().unwrap_or_else(|error| {
            errors.push(error);
            None
        });
        let mut span = |name: &str, text: &str, least: i64, shortest: &str| {
            let micros = micros_of(text).filter(|micros| *micros >= least);
            if micros.is_none() {
                errors.push(format!("[alerts] {name}: {text:?} is no duration of {shortest} or more, such as \"7d\" or \"12h\""));
            }
            micros.unwrap_or(least)
        };
        let renotify_after =
            span("renotify_after", &alerts.renotify_after, RENOTIFY_MICROS_MIN, "1h");
        span("claim_expires_after", &alerts.claim_expires_after, 60_000_000, "1m");
        if alerts.attempts_max == 0 {
            errors.push(
                "[alerts] attempts_max: 0 would never send anything: give 1 or more".to_owned(),
            );
        }
        let mut accepted = Vec::new();
        for suppression in &configuration.suppressions {
            match Accepted::of(suppression) {
                Ok(read) => accepted.push(read),
                Err(error) => errors.push(error),
            }
        }
        if errors.is_empty() { Ok(Self { from, renotify_after, accepted }) } else { Err(errors) }
    }

    /// The suppression that covers a finding now; the one that lasts longest.
    pub(crate) fn accepts(&self, finding: &Finding, now: i64) -> Option<&Accepted> {
        self.accepted
            .iter()
            .filter(|accepted| accepted.until > now && accepted.covers(finding))
            .max_by_key(|accepted| accepted.until)
    }
}

impl Accepted {
    fn of(suppression: &Suppression) -> Result<Self, String> {
        let Suppression { detection, entity, reason, approved_by, expires } = suppression;
        let wrong = |problem: &str| format!("[[suppressions]] of {detection:?}: {problem}");
        if reason.trim().is_empty() {
            return Err(wrong("reason is empty: say why it is accepted"));
        }
        if approved_by.trim().is_empty() {
            return Err(wrong("approved_by is empty: say who accepted it"));
        }
        let until = moment(expires).ok_or_else(|| {
            wrong(&format!("expires: {expires:?} is no time: give one such as \"2027-03-31\""))
        })?;
        Ok(Self {
            detection: detection.clone(),
            entity: entity.iter().map(|(name, pattern)| (name.clone(), pattern.clone())).collect(),
            until,
            reason: format!("{} (approved by {})", reason.trim(), approved_by.trim()),
        })
    }

    fn covers(&self, finding: &Finding) -> bool {
        self.detection == finding.detection
            && self.entity.iter().all(|(name, pattern)| {
                value(finding, name).is_some_and(|value| is_like(&value, pattern))
            })
    }
}

/// What a column of a finding holds, as text.
fn value(finding: &Finding, name: &str) -> Option<String> {
    match name {
        "account_id" => finding.account_id.clone(),
        "region" => finding.region.clone(),
        "actor" => finding.actor.clone(),
        "key_arn" => finding.key_arn.clone(),
        _ => None,
    }
    .or_else(|| match finding.entity.get(name)? {
        serde_json::Value::Null => None,
        serde_json::Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    })
}

/// Whether text is like a pattern in which `*` stands for any text.
pub(super) fn is_like(text: &str, pattern: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        // The first place is as good as any: what follows may start later still.
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// A time, or the start of a day, microseconds since 1970 UTC.
pub(crate) fn moment(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time.timestamp_micros());
    }
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    Some(day.and_hms_opt(0, 0, 0)?.and_utc().timestamp_micros())
}

/// What is wrong or odd in `[alerts]` and `[[suppressions]]`.
pub(super) fn review(configuration: &Configuration, detections: &[Detection], now: i64) -> Review {
    let mut review = Review::default();
    if let Err(errors) = Rules::of(configuration) {
        review.errors.extend(errors);
    }
    for suppression in &configuration.suppressions {
        let said =
            |problem: String| format!("[[suppressions]] of {:?}: {problem}", suppression.detection);
        let ids = detections.iter().map(|detection| &detection.header.id);
        let known = detections.iter().find(|known| known.header.id == suppression.detection);
        let Some(Detection { header, .. }) = known else {
            review.errors.push(said(unknown("detection", &suppression.detection, ids)));
            continue;
        };
        for name in suppression.entity.keys() {
            if COMMON.contains(&name.as_str()) || header.entity.contains(name) {
                continue;
            }
            let common = COMMON.iter().map(|name| (*name).to_owned());
            let columns: Vec<String> = header.entity.iter().cloned().chain(common).collect();
            review.errors.push(said(unknown("column of its entity", name, columns.iter())));
        }
        if moment(&suppression.expires).is_some_and(|until| until <= now) {
            let expired = format!("it ended at {}: renew it, or take it out", suppression.expires);
            review.warnings.push(said(expired));
        }
        if suppression.entity.values().all(|pattern| pattern.chars().all(|sign| sign == '*')) {
            let all = "it covers every finding: name what it is about in entity, or set enabled = false for the detection";
            review.warnings.push(said(all.to_owned()));
        }
    }
    review
}

#[cfg(test)]
mod tests {
    use super::*;

    fn configuration(text: &str) -> Configuration {
        toml::from_str(text).unwrap()
    }

    fn suppression(more: &str) -> String {
        format!(
            "[[suppressions]]\ndetection = 'key_disabled'\nreason = 'known'\napproved_by = 'robin'\nexpires = '2026-12-01'\n{more}"
        )
    }

    fn said(text: &str) -> Review {
        let detections = crate::built_in().unwrap();
        review(&configuration(text), &detections, moment("2026-11-25").unwrap())
    }

    #[test]
    fn a_star_stands_for_any_text() {
        for (text, pattern, expected) in [
            ("abc", "abc", true),
            ("abc", "ab", false),
            ("abc", "", false),
            ("", "*", true),
            ("abc", "a*c", true),
            ("ac", "a*c", true),
            ("aba", "ab*ba", false),
            ("arn:aws:iam::111122223333:role/Key", "arn:*:role/*", true),
            ("a.b.c.b", "*.b", true),
            ("a[b", "a[*", true),
        ] {
            assert_eq!(is_like(text, pattern), expected, "{text} {pattern}");
        }
    }

    #[test]
    fn times_are_dates_or_moments() {
        assert_eq!(moment("1970-01-02"), Some(86_400_000_000));
        assert_eq!(moment("1970-01-01T01:00:00+01:00"), Some(0));
        for wrong in ["", "tomorrow", "2026-13-01", "2026-11-25T10"] {
            assert_eq!(moment(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn good_rules_are_not_complained_of() {
        let text = suppression("entity = { key_arn = 'arn:*' }\n");
        assert_eq!(said(&text), Review::default());
        assert_eq!(said("[alerts]\nfrom = '2026-11-01'\nrenotify_after = '1d'"), Review::default());
    }

    #[test]
    fn every_mistake_is_named() {
        for (text, words) in [
            ("[alerts]\nfrom = 'soon'".to_owned(), "[alerts] from: \"soon\" is no time"),
            ("[alerts]\nrenotify_after = '5m'".to_owned(), "renotify_after: \"5m\""),
            ("[alerts]\nclaim_expires_after = 'x'".to_owned(), "claim_expires_after: \"x\""),
            ("[alerts]\nattempts_max = 0".to_owned(), "attempts_max: 0"),
            (
                suppression("").replace("'key_disabled'", "'key_disbled'"),
                "did you mean \"key_disabled\"?",
            ),
            (suppression("entity = { key = 'x' }"), "there is no column of its entity \"key\""),
            (suppression("").replace("2026-12-01", "never"), "expires: \"never\" is no time"),
            (suppression("").replace("known", " "), "reason is empty"),
            (suppression("").replace("robin", ""), "approved_by is empty"),
        ] {
            let errors = said(&text).errors.join("\n");
            assert!(errors.contains(words), "{text}\n{errors}");
        }
    }

    #[test]
    fn what_has_expired_or_covers_everything_is_odd() {
        let text = suppression("").replace("2026-12-01", "2026-11-01");
        let warnings = said(&text).warnings.join("\n");
        assert!(warnings.contains("it ended at 2026-11-01"), "{warnings}");
        assert!(warnings.contains("covers every finding"), "{warnings}");
    }
}
