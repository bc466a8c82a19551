//! An event of **EventBridge**: a schedule's tick, a new object, or a call that
//! CloudTrail saw.

use bytes::Bytes;
use chrono::DateTime;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::refusal::{Refusal, shown};
use super::{Document, Wanted, notification};

/// What an id, an account or a Region is written with.
const PART_BYTES_MAX: usize = 64;

/// What an event asks for; `text` is how it was written.
pub(super) fn wanted(text: &str, event: &Value) -> Result<Wanted, Refusal> {
    let field = |name: &str| event.get(name).and_then(Value::as_str).unwrap_or_default();
    let (kind, source) = (field("detail-type"), field("source"));
    let none = Value::Null;
    let detail = event.get("detail").unwrap_or(&none);
    match kind {
        "Scheduled Event" => Ok(Wanted::Listing),
        "Object Created" if source == "aws.s3" => notification::of_event_bridge(detail),
        // Nobody but AWS can send events whose source begins so.
        _ if kind.ends_with(" via CloudTrail") && source.starts_with("aws.") => {
            if detail.is_object() {
                Ok(Wanted::Document(Document {
                    uri: uri(text, event),
                    made_at: DateTime::parse_from_rfc3339(field("time"))
                        .ok()
                        .map(|time| time.timestamp_micros()),
                    bytes: Bytes::copy_from_slice(text.as_bytes()),
                }))
            } else {
                Err(Refusal::new(format!("an event {} without a record", shown(kind))))
            }
        }
        _ => Err(Refusal::new(format!("an event {} of {}", shown(kind), shown(source)))),
    }
}

/// The event's own id, which a second delivery has as well; the hash of the text
/// when that is not a plain one.
fn uri(text: &str, event: &Value) -> String {
    let part = |name: &str| {
        let part = event.get(name).and_then(Value::as_str)?;
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        let fits = !part.is_empty() && part.len() <= PART_BYTES_MAX && part.bytes().all(plain);
        fits.then_some(part)
    };
    match (part("account"), part("region"), part("id")) {
        (Some(account), Some(region), Some(id)) => {
            format!("event-bridge://{account}/{region}/{id}")
        }
        _ => format!("event-bridge://{:x}", Sha256::digest(text)),
    }
}
