//! A **notification**: S3 or CloudTrail says that there are new objects.

use serde_json::Value;

use super::Wanted;
use super::object_key::decoded;
use super::refusal::{Refusal, shown};

/// Longest key that S3 takes, bytes.
const KEY_BYTES_MAX: usize = 1024;

/// Longest name of a bucket.
const BUCKET_BYTES_MAX: usize = 255;

/// An object that a notification names.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NamedObject {
    /// Name of the bucket.
    pub bucket: String,
    /// Key, as it is.
    pub key: String,
}

impl NamedObject {
    /// The object, as the lake's journal calls it.
    #[must_use]
    pub fn uri(&self) -> String {
        format!("s3://{}/{}", self.bucket, self.key)
    }

    fn new(bucket: &str, key: String) -> Result<Self, Refusal> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        if bucket.is_empty() || bucket.len() > BUCKET_BYTES_MAX || !bucket.bytes().all(fits) {
            return Err(Refusal::new(format!("{} is no name of a bucket", shown(bucket))));
        }
        if key.is_empty() || key.len() > KEY_BYTES_MAX {
            return Err(Refusal::new(format!("{} is no object key", shown(&key))));
        }
        Ok(Self { bucket: bucket.to_owned(), key })
    }
}

/// One record of S3's own notifications, whose keys are URL-encoded.
pub(super) fn of_s3(record: &Value) -> Result<Wanted, Refusal> {
    let name = record.get("eventName").and_then(Value::as_str).unwrap_or_default();
    if !name.trim_start_matches("s3:").starts_with("ObjectCreated:") {
        return Ok(Wanted::Nothing("a notification of S3 that is not about a new object"));
    }
    let text = |pointer| record.pointer(pointer).and_then(Value::as_str);
    let (Some(bucket), Some(key)) = (text("/s3/bucket/name"), text("/s3/object/key")) else {
        return Err(Refusal::new("a notification of S3 without bucket or key"));
    };
    Ok(Wanted::Object(NamedObject::new(bucket, decoded(key)?)?))
}

/// EventBridge's "Object Created", whose key is not encoded.
pub(super) fn of_event_bridge(detail: &Value) -> Result<Wanted, Refusal> {
    let text = |pointer| detail.pointer(pointer).and_then(Value::as_str);
    let (Some(bucket), Some(key)) = (text("/bucket/name"), text("/object/key")) else {
        return Err(Refusal::new("an \"Object Created\" event without bucket or key"));
    };
    Ok(Wanted::Object(NamedObject::new(bucket, key.to_owned())?))
}

/// CloudTrail's own message: a bucket and a list of keys, which are not encoded.
pub(super) fn of_cloudtrail(message: &Value) -> Result<Vec<Wanted>, Refusal> {
    let bucket = message.get("s3Bucket").and_then(Value::as_str);
    let keys = match message.get("s3ObjectKey") {
        Some(Value::Array(keys)) => keys.as_slice(),
        Some(key @ Value::String(_)) => std::slice::from_ref(key),
        _ => &[],
    };
    let (Some(bucket), false) = (bucket, keys.is_empty()) else {
        return Err(Refusal::new("a message of CloudTrail without bucket or keys"));
    };
    keys.iter()
        .map(|key| {
            let key = key.as_str().unwrap_or_default();
            Ok(Wanted::Object(NamedObject::new(bucket, key.to_owned())?))
        })
        .collect()
}
