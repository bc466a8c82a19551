//! A payload of **CloudWatch Logs**: log entries of a subscription, each with a
//! record as text, compressed and in base64.

use std::io::Read as _;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use flate2::read::GzDecoder;
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{Document, Refusal, Wanted};

/// Most bytes of a payload once inflated. Lambda takes 6 MB in base64, which are
/// some 50 MB of records.
const INFLATED_BYTES_MAX: u64 = 128 << 20;

/// The year 10000, milliseconds since 1970: no entry is made later.
const LAST_MOMENT: i64 = 253_402_300_800_000;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payload {
    #[serde(default)]
    message_type: String,
    #[serde(default)]
    log_events: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    /// Milliseconds since 1970.
    timestamp: Option<i64>,
}

/// What the payload in `data` asks for.
pub(super) fn wanted(data: &Value) -> Result<Wanted, Refusal> {
    let stored = data
        .as_str()
        .and_then(|text| BASE64_STANDARD.decode(text).ok())
        .ok_or_else(|| Refusal::new("a payload of CloudWatch Logs that is not base64"))?;
    let mut document = Vec::new();
    // A byte more than allowed tells what is too large.
    GzDecoder::new(&stored[..])
        .take(INFLATED_BYTES_MAX + 1)
        .read_to_end(&mut document)
        .map_err(|_| Refusal::new("a payload of CloudWatch Logs that is not gzip"))?;
    if document.len() as u64 > INFLATED_BYTES_MAX {
        return Err(Refusal::new("a payload of CloudWatch Logs that is too large"));
    }
    let payload: Payload =
        serde_json::from_slice(&document).map_err(|error| Refusal::not_json(&error))?;
    match payload.message_type.as_str() {
        "DATA_MESSAGE" => Ok(Wanted::Document(Document {
            uri: format!("cloudwatch-logs://{:x}", Sha256::digest(&document)),
            made_at: made_at(&payload.log_events),
            bytes: Bytes::from(document),
        })),
        "CONTROL_MESSAGE" => Ok(Wanted::Nothing("a control message of CloudWatch Logs")),
        _ => Err(Refusal::new("a payload of CloudWatch Logs that is neither data nor control")),
    }
}

/// When the first entry was made, microseconds since 1970 UTC.
fn made_at(entries: &[Entry]) -> Option<i64> {
    let first = entries.iter().filter_map(|entry| entry.timestamp).min()?;
    (1..LAST_MOMENT).contains(&first).then(|| first * 1_000)
}
