//! To **scrub** a text: values that are known to be sensitive, and what looks
//! like an address, a session name or an e-mail address, are taken out.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, Ipv6Addr};

use super::{Redaction, SensitiveKind};

/// Shorter values are taken out as whole words only: one letter is in every text.
const PART_CHARACTERS_MIN: usize = 4;

/// Knows what to take out.
pub(super) struct Scrubber<'a> {
    redaction: &'a Redaction,
    /// Longest first, so that the longest is taken out where several begin.
    values: Vec<(String, SensitiveKind)>,
}

impl<'a> Scrubber<'a> {
    pub(super) fn new(redaction: &'a Redaction, values: BTreeSet<(String, SensitiveKind)>) -> Self {
        let mut values: Vec<_> =
            values.into_iter().filter(|(value, _)| !value.is_empty()).collect();
        values.sort_by_key(|(value, _)| std::cmp::Reverse(value.len()));
        Self { redaction, values }
    }

    /// The text, once through from left to right: what stands in place of a value
    /// is not looked at again.
    pub(super) fn scrub(&self, text: &str) -> String {
        let mut safe = String::with_capacity(text.len());
        let mut at = 0;
        while let Some(character) = text.get(at..).and_then(|rest| rest.chars().next()) {
            let (before, rest) = text.split_at(at);
            let found = self.value_at(before, rest).or_else(|| pattern_at(before, rest));
            if let Some((length, kind)) = found {
                let value = rest.get(..length).unwrap_or(rest);
                safe += &self.redaction.placeholder(kind, value);
                at += value.len();
            } else {
                safe.push(character);
                at += character.len_utf8();
            }
        }
        safe
    }

    /// Length and kind of a known value that begins here.
    fn value_at(&self, before: &str, rest: &str) -> Option<(usize, SensitiveKind)> {
        let word = |character: Option<char>| character.is_some_and(char::is_alphanumeric);
        self.values.iter().find_map(|(value, kind)| {
            let after = rest.strip_prefix(value.as_str())?;
            let whole = !word(before.chars().next_back()) && !word(after.chars().next());
            (whole || value.chars().count() >= PART_CHARACTERS_MIN).then_some((value.len(), *kind))
        })
    }
}

/// Length and kind of what looks sensitive and begins here.
fn pattern_at(before: &str, rest: &str) -> Option<(usize, SensitiveKind)> {
    session_at(before, rest)
        .map(|length| (length, SensitiveKind::Session))
        .or_else(|| person_at(before, rest).map(|length| (length, SensitiveKind::Person)))
        .or_else(|| address_at(before, rest).map(|length| (length, SensitiveKind::Address)))
}

/// A session name: the end of `assumed-role/ROLE/NAME`, `federated-user/NAME` and
/// of a principal id such as `AROAEXAMPLE:NAME`.
fn session_at(before: &str, rest: &str) -> Option<usize> {
    let names_session = if let Some(head) = before.strip_suffix('/') {
        head.ends_with("federated-user")
            || head.rsplit_once('/').is_some_and(|(head, _)| head.ends_with("assumed-role"))
    } else if let Some(head) = before.strip_suffix(':') {
        let id = head.rsplit(|character: char| !character.is_ascii_alphanumeric()).next();
        id.is_some_and(|id| id.len() >= 16 && id.starts_with("AROA"))
    } else {
        false
    };
    if !names_session {
        return None;
    }
    // A wildcard names nobody.
    let ends = |character: char| {
        character.is_whitespace()
            || matches!(
                character,
                '"' | '\'' | '`' | '(' | ')' | '[' | ']' | '{' | '}' | '<' | '>' | ';' | '*'
            )
    };
    let name = rest.split(ends).next().unwrap_or_default();
    // In a list or at the end of a sentence.
    let name = name.trim_end_matches([',', '.']);
    (!name.is_empty()).then_some(name.len())
}

/// An e-mail address.
fn person_at(before: &str, rest: &str) -> Option<usize> {
    let local = |character: char| {
        character.is_alphanumeric() || matches!(character, '.' | '_' | '%' | '+' | '-' | '=')
    };
    if before.chars().next_back().is_some_and(local) {
        return None;
    }
    let (name, after) = rest.split_at(rest.find(|character: char| !local(character))?);
    let after = after.strip_prefix('@')?;
    let host = |character: char| character.is_alphanumeric() || matches!(character, '.' | '-');
    let domain = after.split(|character: char| !host(character)).next()?.trim_end_matches('.');
    (!name.is_empty() && !domain.is_empty()).then_some(name.len() + 1 + domain.len())
}

/// An IP address, with the length of a network if there is one.
fn address_at(before: &str, rest: &str) -> Option<usize> {
    let previous = before.chars().next_back();
    let run = |allowed: fn(char) -> bool| {
        rest.find(|character: char| !allowed(character)).map_or(rest, |end| rest.split_at(end).0)
    };
    let mut length = None;
    if !previous.is_some_and(|character| character.is_ascii_digit()) {
        let text = run(|character| character.is_ascii_digit() || character == '.');
        let text = text.trim_end_matches('.');
        length = text.parse::<Ipv4Addr>().is_ok().then_some(text.len());
    }
    if length.is_none() && !previous.is_some_and(|it| it.is_ascii_alphanumeric() || it == ':') {
        let text = run(|character| character.is_ascii_hexdigit() || matches!(character, ':' | '.'));
        let next = rest.get(text.len()..).and_then(|after| after.chars().next());
        let text = text.trim_end_matches('.');
        // A colon may be the sentence's.
        let candidates = [text, text.strip_suffix(':').unwrap_or(text)];
        let address = candidates.into_iter().find(|text| text.parse::<Ipv6Addr>().is_ok());
        length = address
            .filter(|text| text.len() > 2 && !next.is_some_and(char::is_alphanumeric))
            .map(str::len);
    }
    let length = length?;
    let network = rest.get(length..).and_then(|after| after.strip_prefix('/')).map_or(0, |bits| {
        let digits = bits.chars().take_while(char::is_ascii_digit).count();
        if (1..=3).contains(&digits) { digits + 1 } else { 0 }
    });
    Some(length + network)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scrubbed(text: &str) -> String {
        let redaction = Redaction::withheld();
        Scrubber::new(&redaction, BTreeSet::new()).scrub(text)
    }

    #[test]
    fn addresses_sessions_and_people_are_found_by_their_form() {
        let cases = [
            ("from 192.0.2.10.", "from [address withheld]."),
            (
                "from 192.0.2.0/24, or x198.51.100.7:443",
                "from [address withheld], or x[address withheld]:443",
            ),
            ("2001:db8::1 and [2001:db8::/32]", "[address withheld] and [[address withheld]]"),
            ("::ffff:192.0.2.1: refused", "[address withheld]: refused"),
            (
                "arn:aws:sts::111122223333:assumed-role/Admin/anna@example.com, and",
                "arn:aws:sts::111122223333:assumed-role/Admin/[session withheld], and",
            ),
            (
                "arn:aws:sts::111122223333:federated-user/bob",
                "arn:aws:sts::111122223333:federated-user/[session withheld]",
            ),
            ("AROAEXAMPLEEXAMPLE12:carol ran", "AROAEXAMPLEEXAMPLE12:[session withheld] ran"),
            ("mail anna.b+c@mail.example.com.", "mail [person withheld]."),
        ];
        for (text, expected) in cases {
            assert_eq!(scrubbed(text), expected);
        }
    }

    #[test]
    fn what_only_resembles_them_stays() {
        for text in [
            "arn:aws:iam::111122223333:role/KeyOperator",
            "arn:aws:s3:::bucket/2026/11",
            "arn:aws:sts::111122223333:assumed-role/Admin/*",
            "2026-11-25T10:00:00Z",
            "aws-cli/2.22.0 TLSv1.2",
            "kms:EncryptionContext:tenant",
            "alias/app :: nothing",
            "a @ b",
        ] {
            assert_eq!(scrubbed(text), text);
        }
    }

    #[test]
    fn short_values_are_taken_out_as_words_only() {
        let redaction = Redaction::withheld();
        let values = BTreeSet::from([("x".to_owned(), SensitiveKind::Context)]);
        let text = Scrubber::new(&redaction, values).scrub("x in text, (x)");
        assert_eq!(text, "[context withheld] in text, ([context withheld])");
    }
}
