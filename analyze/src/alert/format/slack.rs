//! A **Slack** message: an alert in blocks.
//!
//! All text from logs is in `plain_text` objects, in which Slack reads no markup.
//! The sizes are those of its reference of blocks; the line for notifications,
//! which is read as markup, is escaped.

use serde_json::{Value, json};

use super::hostile::{cut, plain};
use super::text;
use crate::alert::Alert;
use crate::finding::Severity;

/// Most characters of a header.
const HEADER_CHARACTERS_MAX: usize = 150;
/// Most characters of a section's text.
const SECTION_CHARACTERS_MAX: usize = 3_000;
/// Most characters of one of a section's fields, of which there are ten at most.
const FIELD_CHARACTERS_MAX: usize = 2_000;
/// Most characters of an element of a context block that are worth reading.
const CONTEXT_CHARACTERS_MAX: usize = 600;

/// The message.
#[must_use]
pub fn message(alert: &Alert) -> Value {
    let finding = &alert.finding;
    let subject = text::subject(alert);
    let mut blocks = vec![
        json!({
            "type": "header",
            "text": plain_text(&format!("{} {}", sign(finding.severity), finding.title), HEADER_CHARACTERS_MAX),
        }),
        json!({"type": "section", "text": plain_text(&finding.summary, SECTION_CHARACTERS_MAX)}),
    ];
    // Two columns: names to the left, values to the right.
    let fields: Vec<Value> = text::facts(alert)
        .iter()
        .take(5)
        .flat_map(|(name, value)| {
            let name = json!({"type": "mrkdwn", "text": format!("*{name}*")});
            [name, plain_text(value, FIELD_CHARACTERS_MAX)]
        })
        .collect();
    blocks.push(json!({"type": "section", "fields": fields}));
    let sections = [
        ("Why it matters", &finding.why),
        ("What it may be instead", &finding.benign),
        ("What to do first", &finding.respond),
    ];
    for (heading, paragraph) in sections {
        if !paragraph.is_empty() {
            let text = format!("{heading}: {paragraph}");
            blocks.push(
                json!({"type": "section", "text": plain_text(&text, SECTION_CHARACTERS_MAX)}),
            );
        }
    }
    let events = finding.event_ids.iter().take(3).cloned().collect::<Vec<_>>().join(", ");
    let more = [
        text::see_more(finding),
        format!("detection {}, alert {}", finding.detection, alert.id),
        format!("events {events}"),
    ];
    let elements: Vec<Value> =
        more.iter().map(|text| plain_text(text, CONTEXT_CHARACTERS_MAX)).collect();
    blocks.push(json!({"type": "context", "elements": elements}));
    json!({
        "text": markup(&subject),
        "blocks": blocks,
        "parse": "none",
        "link_names": false,
        "unfurl_links": false,
        "unfurl_media": false,
    })
}

fn plain_text(text: &str, characters_max: usize) -> Value {
    // An empty text is refused.
    let text = if text.is_empty() { "-" } else { text };
    let text = cut(harmless(&plain(text, characters_max)), characters_max);
    json!({"type": "plain_text", "text": text, "emoji": false})
}

/// For a text that is read as markup.
fn markup(text: &str) -> String {
    harmless(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Without names that call people, and addresses that become links, also in what
/// only resembles Slack: a character of no width stands in them.
fn harmless(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    let mut previous = ' ';
    for character in text.chars() {
        if previous == '@'
            || (previous == ':' && character == '/')
            || (previous == '<' && character == '!')
        {
            safe.push('\u{200b}');
        }
        safe.push(character);
        previous = character;
    }
    safe
}

fn sign(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "\u{1f534} CRITICAL:",
        Severity::High => "\u{1f7e0} HIGH:",
        Severity::Medium => "\u{1f7e1} MEDIUM:",
        Severity::Low => "\u{1f535} LOW:",
        Severity::Info => "\u{26aa} INFO:",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::example;
    use super::*;

    /// Each text object of a message with the most characters it may have.
    fn text_objects(message: &Value) -> Vec<(&Value, usize)> {
        let mut found = Vec::new();
        for block in message["blocks"].as_array().unwrap() {
            let most = if block["type"] == "header" { 150 } else { 3_000 };
            found.extend(block.get("text").map(|text| (text, most)));
            for (list, most) in [("fields", 2_000), ("elements", 3_000)] {
                let items = block.get(list).and_then(Value::as_array);
                found.extend(items.into_iter().flatten().map(|text| (text, most)));
            }
        }
        found
    }

    fn assert_within_limits(message: &Value) {
        let blocks = message["blocks"].as_array().unwrap();
        assert!(blocks.len() <= 50);
        for block in blocks {
            for list in ["fields", "elements"] {
                assert!(block.get(list).and_then(Value::as_array).is_none_or(|it| it.len() <= 10));
            }
        }
        for (object, most) in text_objects(message) {
            let length = object["text"].as_str().unwrap().chars().count();
            assert!((1..=most).contains(&length), "{length} characters: {object}");
        }
    }

    #[test]
    fn a_message_says_what_happened_and_what_to_do() {
        let message = message(&example::alert());
        assert_within_limits(&message);
        assert_eq!(message["text"], "[HIGH] KMS key disabled (111122223333 eu-west-1)");
        let texts: Vec<&str> =
            text_objects(&message).iter().map(|(it, _)| it["text"].as_str().unwrap()).collect();
        for expected in [
            "\u{1f7e0} HIGH: KMS key disabled",
            "*Who*",
            "arn:aws:iam::111122223333:role/KeyOperator",
            "account 111122223333, Region eu-west-1",
            "What to do first: Ask the caller and the key's owner whether it was planned.",
            "keytrail findings show 0123456789abcdef0123456789abcdef",
        ] {
            assert!(texts.contains(&expected), "{expected:?} is not in {texts:#?}");
        }
    }

    #[test]
    fn text_from_logs_calls_nobody_and_links_nowhere() {
        let mut alert = example::alert();
        let hostile =
            "<!channel> @here <@U1> <https://evil.example|click> *bold* https://evil.example";
        alert.finding.title = hostile.to_owned();
        alert.finding.summary = hostile.to_owned();
        alert.finding.actor = Some(hostile.to_owned());
        let message = message(&alert);
        for (object, _) in text_objects(&message) {
            let text = object["text"].as_str().unwrap();
            if object["type"] == "mrkdwn" {
                assert!(["*Who*", "*Key*", "*Where*", "*When*", "*Told now*"].contains(&text));
            }
            for dangerous in ["@here", "<!", "<@U", "://"] {
                assert!(!text.contains(dangerous), "{dangerous:?} in {text:?}");
            }
        }
        let line = message["text"].as_str().unwrap();
        assert!(!line.contains(['<', '>']), "{line}");
        assert_eq!((&message["parse"], &message["link_names"]), (&json!("none"), &json!(false)));
    }

    proptest! {
        #[test]
        fn any_text_stays_within_what_slack_takes(text in any::<String>(), times in 1_usize..800) {
            let text = text.repeat(times);
            let mut alert = example::alert();
            alert.finding.title.clone_from(&text);
            alert.finding.summary.clone_from(&text);
            alert.finding.actor = Some(text.clone());
            alert.finding.region = Some(text.clone());
            alert.finding.event_ids = vec![text];
            let message = message(&alert);
            assert_within_limits(&message);
            for (object, _) in text_objects(&message) {
                let text = object["text"].as_str().unwrap();
                prop_assert!(!text.contains("<!") && !text.contains("://"));
            }
        }
    }
}
