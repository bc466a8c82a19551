//! The **text** of an alert, for people who read it in a mail or on a phone.

use serde_json::Value;

use super::hostile::{cut, plain};
use crate::alert::{Alert, AlertReason};
use crate::finding::Finding;

/// Most characters of a subject: SNS takes fewer than 100.
pub const SUBJECT_CHARACTERS_MAX: usize = 99;

/// Most characters of one value in the body.
const VALUE_CHARACTERS_MAX: usize = 1_000;
/// Most characters of one detail.
const DETAIL_CHARACTERS_MAX: usize = 200;
/// Most details shown; the finding has all.
const DETAILS_MAX: usize = 20;
/// Most events named; the finding has up to twenty.
const EVENTS_MAX: usize = 5;

/// One line of printable ASCII, as mail and SNS want it.
#[must_use]
pub fn subject(alert: &Alert) -> String {
    let finding = &alert.finding;
    let mut text = format!("[{}] ", finding.severity.name().to_uppercase());
    if let Some(word) = reason_word(alert.reason) {
        text += &format!("{word}: ");
    }
    text += &finding.title;
    let place: Vec<&str> =
        [&finding.account_id, &finding.region].into_iter().flatten().map(String::as_str).collect();
    if !place.is_empty() {
        text += &format!(" ({})", place.join(" "));
    }
    let ascii = plain(&text, SUBJECT_CHARACTERS_MAX);
    ascii.chars().map(|character| if character.is_ascii() { character } else { '?' }).collect()
}

/// What happened and what to do, as lines of plain text.
#[must_use]
pub fn body(alert: &Alert) -> String {
    let finding = &alert.finding;
    let mut text = String::new();
    line(&mut text, &format!("{}: {}", finding.severity.name().to_uppercase(), finding.title));
    text.push('\n');
    line(&mut text, &finding.summary);
    text.push('\n');
    for (name, value) in facts(alert) {
        line(&mut text, &format!("{name:<9} {value}"));
    }
    section(&mut text, "Why it matters", &[&finding.why]);
    section(&mut text, "What it may be instead", &[&finding.benign]);
    section(&mut text, "What to do first", &[&finding.respond]);
    let details = details(finding);
    section(&mut text, "Details", &details.iter().map(String::as_str).collect::<Vec<_>>());
    let mut events: Vec<String> = finding.event_ids.iter().take(EVENTS_MAX).cloned().collect();
    if finding.event_ids.len() > EVENTS_MAX {
        events.push(format!("and {} more", finding.event_ids.len() - EVENTS_MAX));
    }
    section(&mut text, "Events", &events.iter().map(String::as_str).collect::<Vec<_>>());
    section(&mut text, "See more", &[&see_more(finding)]);
    text
}

/// What happened to whom, where and when: names and values, without hostile
/// characters.
pub(crate) fn facts(alert: &Alert) -> Vec<(&'static str, String)> {
    let finding = &alert.finding;
    let mut facts = Vec::new();
    if let Some(actor) = &finding.actor {
        facts.push(("Who", actor.clone()));
    }
    if let Some(key) = &finding.key_arn {
        facts.push(("Key", key.clone()));
    }
    let place = [("account", &finding.account_id), ("Region", &finding.region)];
    let place: Vec<String> = place
        .into_iter()
        .filter_map(|(name, value)| Some(format!("{name} {}", value.as_ref()?)))
        .collect();
    if !place.is_empty() {
        facts.push(("Where", place.join(", ")));
    }
    facts.push(("When", when(finding)));
    facts.push(("Told now", reason(alert)));
    facts.into_iter().map(|(name, value)| (name, plain(&value, VALUE_CHARACTERS_MAX))).collect()
}

/// The command that shows the finding and what became of it.
pub(crate) fn see_more(finding: &Finding) -> String {
    format!("keytrail findings show {}", finding.fingerprint)
}

fn when(finding: &Finding) -> String {
    let mut text = match (&finding.first_time, &finding.last_time) {
        (Some(first), Some(last)) if first != last => format!("{first} to {last}"),
        _ => finding.event_time.clone(),
    };
    if let Some(times) = finding.event_count.filter(|times| *times > 1) {
        text += &format!(", {times} times");
    }
    text
}

/// Why people are told, in words.
fn reason(alert: &Alert) -> String {
    match alert.reason {
        AlertReason::New => "it is new".to_owned(),
        AlertReason::Escalated => "it got worse".to_owned(),
        AlertReason::Reminder => format!("it goes on, first found {}", alert.first_found_at),
        AlertReason::Returned => {
            format!("it was over and is back, first found {}", alert.first_found_at)
        }
        AlertReason::Historical => "it is from before alerting began".to_owned(),
        AlertReason::Undeliverable => "alerts cannot be delivered somewhere else".to_owned(),
    }
}

/// What a subject says of an alert that is not the first about its matter.
fn reason_word(reason: AlertReason) -> Option<&'static str> {
    match reason {
        AlertReason::New | AlertReason::Undeliverable => None,
        AlertReason::Escalated => Some("Worse"),
        AlertReason::Reminder => Some("Still"),
        AlertReason::Returned => Some("Again"),
        AlertReason::Historical => Some("Earlier"),
    }
}

/// Further columns in few words; whole policies stay in the finding.
fn details(finding: &Finding) -> Vec<String> {
    let mut lines: Vec<String> = finding
        .details
        .iter()
        .filter_map(|(name, value)| Some(format!("{}: {}", name.replace('_', " "), detail(value)?)))
        .map(|line| plain(&line, DETAIL_CHARACTERS_MAX))
        .collect();
    if lines.len() > DETAILS_MAX {
        let more = lines.len() - DETAILS_MAX;
        lines.truncate(DETAILS_MAX);
        lines.push(format!("and {more} more"));
    }
    lines
}

fn detail(value: &Value) -> Option<String> {
    let text = match value {
        Value::Null => return None,
        Value::String(text) if text.is_empty() => return None,
        Value::String(text) => text.clone(),
        Value::Array(items) if items.is_empty() => return None,
        Value::Array(items) => items.iter().filter_map(detail).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    };
    Some(cut(text, DETAIL_CHARACTERS_MAX))
}

/// A heading and indented lines; nothing if the lines are empty.
fn section(text: &mut String, heading: &str, lines: &[&str]) {
    if lines.iter().all(|line| line.is_empty()) {
        return;
    }
    text.push('\n');
    line(text, heading);
    for one in lines {
        line(text, &format!("  {one}"));
    }
}

fn line(text: &mut String, line: &str) {
    text.push_str(&plain(line, VALUE_CHARACTERS_MAX + 20));
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::example;
    use super::*;

    #[test]
    fn a_subject_says_how_bad_what_and_where() {
        let mut alert = example::alert();
        assert_eq!(subject(&alert), "[HIGH] KMS key disabled (111122223333 eu-west-1)");
        alert.reason = AlertReason::Returned;
        assert_eq!(subject(&alert), "[HIGH] Again: KMS key disabled (111122223333 eu-west-1)");
    }

    #[test]
    fn a_body_says_what_happened_and_what_to_do() {
        let expected = "\
HIGH: KMS key disabled

arn:aws:iam::111122223333:role/KeyOperator disabled arn:aws:kms:eu-west-1:111122223333:key/0a1b2c3d-12ab-34cd-56ef-1234567890ab, which has been disabled since

Who       arn:aws:iam::111122223333:role/KeyOperator
Key       arn:aws:kms:eu-west-1:111122223333:key/0a1b2c3d-12ab-34cd-56ef-1234567890ab
Where     account 111122223333, Region eu-west-1
When      2026-11-25T10:00:00Z to 2026-11-25T10:05:00Z, 2 times
Told now  it is new

Why it matters
  Nothing encrypted under a disabled key can be read.

What it may be instead
  A test before deletion.

What to do first
  Ask the caller and the key's owner whether it was planned.

Details
  actor kind: person
  event names: DisableKey
  mfa: no
  mfa reason: session_flag
  source ip address: 192.0.2.10

Events
  b1b2b3b4-0000-4000-8000-000000000001
  b1b2b3b4-0000-4000-8000-000000000002

See more
  keytrail findings show 0123456789abcdef0123456789abcdef
";
        assert_eq!(body(&example::alert()), expected);
    }

    #[test]
    fn a_finding_without_actor_key_and_place_is_told_without_them() {
        let mut alert = example::alert();
        alert.finding.actor = None;
        alert.finding.key_arn = None;
        alert.finding.account_id = None;
        alert.finding.region = None;
        alert.finding.benign = String::new();
        let text = body(&alert);
        for absent in ["Who ", "Key ", "Where ", "What it may be instead"] {
            assert!(!text.contains(absent), "{absent}: {text}");
        }
        assert_eq!(subject(&alert), "[HIGH] KMS key disabled");
    }

    #[test]
    fn many_events_and_details_are_counted() {
        let mut alert = example::alert();
        alert.finding.event_ids = (0..20).map(|number| format!("event-{number}")).collect();
        alert.finding.details =
            (0..30).map(|number| (format!("column_{number:02}"), number.into())).collect();
        let text = body(&alert);
        assert!(text.contains("  event-4\n  and 15 more\n"), "{text}");
        assert!(text.contains("  column 19: 19\n  and 10 more\n"), "{text}");
    }

    proptest! {
        #[test]
        fn hostile_text_adds_no_line_and_no_length(hostile in any::<String>(), times in 1_usize..400) {
            let hostile = hostile.repeat(times);
            let mut alert = example::alert();
            let lines = body(&alert).lines().count();
            alert.finding.summary = format!("a{hostile}");
            alert.finding.actor = Some(format!("a{hostile}"));
            alert.finding.title = format!("a{hostile}");
            alert.finding.details.insert("mfa".to_owned(), format!("a{hostile}").into());
            let text = body(&alert);
            prop_assert_eq!(text.lines().count(), lines);
            prop_assert!(text.chars().count() < 8_000);
            let subject = subject(&alert);
            prop_assert!(subject.len() <= SUBJECT_CHARACTERS_MAX);
            prop_assert!(subject.bytes().all(|byte| (0x20..0x7f).contains(&byte)));
        }
    }
}
