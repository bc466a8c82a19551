//! A **message** of SQS or SNS, with something inside.

use serde_json::Value;

use super::refusal::{Refusal, names, shown};
use super::{Wanted, notification, wanted_of_text};

/// CloudTrail sends this when it is told of a topic.
const VALIDATION: &str = "CloudTrail validation message";

/// Whether a record is a message of a queue.
pub(super) fn is_of_queue(record: &Value) -> bool {
    source(record) == Some("aws:sqs")
}

/// The id that the answer names a queue's message by.
pub(super) fn queue_id(record: &Value) -> Option<String> {
    let id = record.get("messageId").and_then(Value::as_str)?;
    is_of_queue(record).then(|| id.to_owned())
}

pub(super) fn is_validation(text: &str) -> bool {
    text.trim_start().starts_with(VALIDATION)
}

/// What one of an event's `Records` asks for.
pub(super) fn wanted_of_record(record: &Value, envelopes: u32) -> Result<Vec<Wanted>, Refusal> {
    match source(record) {
        Some("aws:s3") => notification::of_s3(record).map(|wanted| vec![wanted]),
        Some("aws:sqs") => match record.get("body").and_then(Value::as_str) {
            Some(body) => wanted_of_text(body, envelopes + 1),
            None => Err(Refusal::new("a message of SQS without body")),
        },
        Some("aws:sns") => match record.pointer("/Sns/Message").and_then(Value::as_str) {
            Some(message) => wanted_of_text(message, envelopes + 1),
            None => Err(Refusal::new("a message of SNS without message")),
        },
        Some(other) => Err(Refusal::new(format!("a record of {}", shown(other)))),
        None => Err(Refusal::new(format!("a record with {}", names(record)))),
    }
}

/// What a message asks for that SNS put into a queue with its own envelope.
pub(super) fn wanted_of_notification(
    message: &Value,
    envelopes: u32,
) -> Result<Vec<Wanted>, Refusal> {
    let text = |name: &str| message.get(name).and_then(Value::as_str);
    match (text("Type"), text("Message")) {
        (Some("Notification"), Some(inner)) => wanted_of_text(inner, envelopes + 1),
        (Some("SubscriptionConfirmation"), _) => {
            Ok(vec![Wanted::Nothing("a topic that asks to confirm the subscription")])
        }
        (Some("UnsubscribeConfirmation"), _) => {
            Ok(vec![Wanted::Nothing("a topic that confirms the end of the subscription")])
        }
        (other, _) => {
            Err(Refusal::new(format!("a message of the type {}", shown(other.unwrap_or_default()))))
        }
    }
}

/// S3 and SQS write the field small, SNS with a capital.
fn source(record: &Value) -> Option<&str> {
    record.get("eventSource").or_else(|| record.get("EventSource")).and_then(Value::as_str)
}
