//! What is **sensitive**: IP addresses, session names, which are people's e-mail
//! addresses under Identity Center, and values of encryption contexts, which
//! name customers' objects. They do not leave AWS unless somebody says so.

mod column;
mod scrub;

use std::collections::BTreeSet;

use aws_lc_rs::hmac;
use serde_json::{Map, Value};

use crate::alert::Alert;
use crate::finding::Finding;
use column::{kind_of_column, kind_of_key};
use scrub::Scrubber;

/// A detection names at most this many values in a column, so that a column with
/// as many may have left out one that the summary names.
const VALUES_MAX: usize = 20;
/// Hexadecimal digits of a hash: enough to tell values apart, too few to be
/// taken for a checksum.
const HASH_DIGITS: usize = 12;

/// A kind of sensitive value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum SensitiveKind {
    Address,
    Session,
    Person,
    Context,
}

impl SensitiveKind {
    fn name(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Session => "session",
            Self::Person => "person",
            Self::Context => "context",
        }
    }
}

/// Takes what is sensitive out of findings.
#[derive(Debug)]
pub struct Redaction {
    key: Option<hmac::Key>,
}

impl Redaction {
    /// Sensitive values are left out.
    #[must_use]
    pub fn withheld() -> Self {
        Self { key: None }
    }

    /// Sensitive values are replaced by a hash that only who has the key can
    /// make: the same value can be followed, and not be guessed.
    #[must_use]
    pub fn hashed(key: &str) -> Self {
        Self { key: Some(hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes())) }
    }

    /// The alert without what is sensitive.
    #[must_use]
    pub fn alert(&self, alert: &Alert) -> Alert {
        Alert { finding: self.finding(&alert.finding), ..alert.clone() }
    }

    /// The finding without what is sensitive.
    #[must_use]
    pub fn finding(&self, finding: &Finding) -> Finding {
        let patterns = Scrubber::new(self, BTreeSet::new());
        let mut safe = finding.clone();
        for identity in [&mut safe.actor, &mut safe.key_arn, &mut safe.account_id, &mut safe.region]
        {
            *identity = identity.as_deref().map(|text| patterns.scrub(text));
        }
        let mut values = BTreeSet::new();
        for (name, value) in finding.entity.iter().chain(&finding.details) {
            collect(value, kind_of_column(name), &mut values);
        }
        // What the finding is about is told anyway. Else a caller could hide who
        // it is by encrypting something under a context with its own name.
        let told = [&safe.actor, &safe.key_arn, &safe.account_id, &safe.region];
        let told: Vec<&str> = told.into_iter().flatten().map(String::as_str).collect();
        values.retain(|(value, _)| !told.iter().any(|identity| identity.contains(value.as_str())));

        let scrubber = Scrubber::new(self, values);
        safe.entity = self.columns(&finding.entity, &scrubber);
        safe.details = self.columns(&finding.details, &scrubber);
        safe.summary = if may_name_others(finding) {
            let who = safe.actor.as_deref().unwrap_or("somebody");
            let key = safe.key_arn.as_deref().unwrap_or("keys named in the details");
            format!("{}: {who}, {key}", finding.title)
        } else {
            scrubber.scrub(&finding.summary)
        };
        safe
    }

    fn columns(&self, columns: &Map<String, Value>, scrubber: &Scrubber<'_>) -> Map<String, Value> {
        columns
            .iter()
            .map(|(name, value)| (name.clone(), self.value(value, kind_of_column(name), scrubber)))
            .collect()
    }

    /// A value of a column, or of a policy within one.
    fn value(&self, value: &Value, kind: Option<SensitiveKind>, scrubber: &Scrubber<'_>) -> Value {
        match (value, kind) {
            (Value::String(text), Some(kind)) => Value::String(match secret_part(text, kind) {
                Some((told, secret)) => format!("{told}{}", self.placeholder(kind, secret)),
                None => text.clone(),
            }),
            (Value::String(text), None) => Value::String(self.text(text, scrubber)),
            (Value::Array(items), _) => {
                Value::Array(items.iter().map(|item| self.value(item, kind, scrubber)).collect())
            }
            (Value::Object(fields), _) => Value::Object(
                fields
                    .iter()
                    .map(|(name, value)| {
                        let kind = kind.or_else(|| kind_of_key(name));
                        (scrubber.scrub(name), self.value(value, kind, scrubber))
                    })
                    .collect(),
            ),
            (other, _) => other.clone(),
        }
    }

    /// Text of a column that is not sensitive as a whole: a sentence, or a
    /// policy, whose conditions may name contexts and addresses.
    fn text(&self, text: &str, scrubber: &Scrubber<'_>) -> String {
        if !text.trim_start().starts_with(['{', '[']) {
            return scrubber.scrub(text);
        }
        match serde_json::from_str::<Value>(text) {
            Ok(document) => self.value(&document, None, scrubber).to_string(),
            // What cannot be read cannot be judged.
            Err(_) if text.to_ascii_lowercase().contains("context") => {
                self.placeholder(SensitiveKind::Context, text)
            }
            Err(_) => scrubber.scrub(text),
        }
    }

    /// What stands in place of a value.
    fn placeholder(&self, kind: SensitiveKind, value: &str) -> String {
        let Some(key) = &self.key else { return format!("[{} withheld]", kind.name()) };
        let mut hash = hex(hmac::sign(key, value.as_bytes()).as_ref());
        hash.truncate(HASH_DIGITS);
        format!("[{} {hash}]", kind.name())
    }
}

/// Bytes in hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// What may be told of a sensitive value, and what may not; none if all may.
fn secret_part(text: &str, kind: SensitiveKind) -> Option<(&str, &str)> {
    match kind {
        _ if text.is_empty() || text == "none" => None,
        // CloudTrail writes the name of a service where one called.
        SensitiveKind::Address
            if text == "AWS Internal"
                || text.ends_with(".amazonaws.com")
                || text.ends_with(".amazonaws.com.cn") =>
        {
            None
        }
        SensitiveKind::Context => {
            let words = ["encryption_context_equals ", "encryption_context_subset "];
            let word = words.into_iter().find(|word| text.starts_with(word));
            Some(text.split_at(word.map_or(0, str::len)))
        }
        _ => Some(("", text)),
    }
}

/// The sensitive values of a column, which the summary may name, too.
fn collect(
    value: &Value,
    kind: Option<SensitiveKind>,
    values: &mut BTreeSet<(String, SensitiveKind)>,
) {
    match (value, kind) {
        (Value::String(text), Some(kind)) => {
            let Some((_, secret)) = secret_part(text, kind) else { return };
            values.insert((secret.to_owned(), kind));
            // A context that was written as one text: `App=shop, Tier=gold`.
            for pair in secret.split(", ").filter(|_| kind == SensitiveKind::Context) {
                let value = pair.split_once('=').map_or(pair, |(_, value)| value);
                values.insert((value.to_owned(), kind));
            }
        }
        (Value::String(text), None) if text.trim_start().starts_with(['{', '[']) => {
            if let Ok(document @ (Value::Object(_) | Value::Array(_))) = serde_json::from_str(text)
            {
                collect(&document, None, values);
            }
        }
        (Value::Array(items), _) => {
            for item in items {
                collect(item, kind, values);
            }
        }
        (Value::Object(fields), _) => {
            for (name, value) in fields {
                collect(value, kind.or_else(|| kind_of_key(name)), values);
            }
        }
        _ => {}
    }
}

/// Whether the summary may name a value that no column has.
fn may_name_others(finding: &Finding) -> bool {
    finding.entity.iter().chain(&finding.details).any(|(name, value)| {
        kind_of_column(name) == Some(SensitiveKind::Context)
            && value.as_array().is_some_and(|items| items.len() >= VALUES_MAX)
    })
}

#[cfg(test)]
mod tests;
