//! A **trigger**: what an invocation is asked to look at, read from the event
//! that Lambda hands over.
//!
//! An event says by its content what it is, however it came: the same
//! notification may arrive by itself, inside a message of SNS, inside one of SQS,
//! or in both. What is none of these is refused by name. Any text is a trigger or
//! a refusal.

mod event_bridge;
mod logs;
mod message;
mod notification;
mod object_key;
mod refusal;

use bytes::Bytes;
use serde_json::Value;

pub use notification::NamedObject;
pub use refusal::Refusal;

/// Envelopes inside each other: SQS, SNS, and what is in it.
const ENVELOPES_MAX: u32 = 3;

/// What an invocation is asked to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trigger {
    /// Its parts. A queue's messages succeed and fail one by one; other events
    /// are one item for each of their records.
    pub items: Vec<Item>,
    /// Whether the items are messages of a queue.
    pub is_queue: bool,
}

/// A part of a trigger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Id of the message, where a queue delivered it.
    pub message_id: Option<String>,
    /// What it asks for, or why that cannot be known.
    pub wanted: Result<Vec<Wanted>, Refusal>,
}

/// One thing that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// List the sources for what is new.
    Listing,
    /// Read this object.
    Object(NamedObject),
    /// Read these records, which came with the event.
    Document(Document),
    /// Nothing: a test message and the like, and which.
    Nothing(&'static str),
}

/// Records that came with an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// What the journal calls it: the same for a second delivery.
    pub uri: String,
    /// When it came into being, by what it says itself, microseconds since 1970
    /// UTC: the same for a second delivery, too.
    pub made_at: Option<i64>,
    /// As it came; ingest recognises the format.
    pub bytes: Bytes,
}

impl Trigger {
    /// Reads the event of an invocation.
    #[must_use]
    pub fn read(payload: &str) -> Self {
        let one = |wanted| Self { items: vec![Item { message_id: None, wanted }], is_queue: false };
        let event: Value = match serde_json::from_str(payload) {
            Ok(event) => event,
            Err(error) => return one(Err(Refusal::not_json(&error))),
        };
        let Some(records) = event.get("Records").and_then(Value::as_array) else {
            return one(wanted(payload, &event, 0));
        };
        if records.is_empty() {
            return one(Err(Refusal::new("an event without records")));
        }
        let items = records
            .iter()
            .map(|record| Item {
                message_id: message::queue_id(record),
                wanted: message::wanted_of_record(record, 0),
            })
            .collect();
        Self { items, is_queue: records.iter().all(message::is_of_queue) }
    }
}

/// What a text asks for that was inside an envelope.
fn wanted_of_text(text: &str, envelopes: u32) -> Result<Vec<Wanted>, Refusal> {
    if envelopes > ENVELOPES_MAX {
        return Err(Refusal::new("a message in too many envelopes"));
    }
    if message::is_validation(text) {
        return Ok(vec![Wanted::Nothing("CloudTrail's validation message")]);
    }
    let value: Value = serde_json::from_str(text).map_err(|error| Refusal::not_json(&error))?;
    wanted(text, &value, envelopes)
}

/// What a JSON value asks for; `text` is how it was written.
fn wanted(text: &str, value: &Value, envelopes: u32) -> Result<Vec<Wanted>, Refusal> {
    if let Some(records) = value.get("Records").and_then(Value::as_array) {
        let mut all = Vec::new();
        for record in records {
            all.extend(message::wanted_of_record(record, envelopes)?);
        }
        return Ok(all);
    }
    if value.get("detail-type").is_some() {
        return event_bridge::wanted(text, value).map(|wanted| vec![wanted]);
    }
    if let Some(data) = value.pointer("/awslogs/data") {
        return logs::wanted(data).map(|wanted| vec![wanted]);
    }
    if value.get("Type").is_some() && value.get("Message").is_some() {
        return message::wanted_of_notification(value, envelopes);
    }
    if value.get("s3Bucket").is_some() {
        return notification::of_cloudtrail(value);
    }
    if value.get("Event").and_then(Value::as_str) == Some("s3:TestEvent") {
        return Ok(vec![Wanted::Nothing("S3's test message")]);
    }
    Err(Refusal::new(format!("an event with {}", refusal::names(value))))
}

#[cfg(test)]
mod tests;
