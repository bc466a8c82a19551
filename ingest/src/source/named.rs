//! Objects that are **named one by one**, as notifications name them: nothing is
//! listed.

use std::collections::HashSet;

use aws_sdk_s3::Client;
use futures::{StreamExt as _, stream};

use super::listing::Portions;
use super::name::{NameKind, kind};
use super::{Object, ObjectName, Place};

/// Requests in flight.
const REQUESTS: usize = 16;

/// Objects handed on at once.
const PORTION_OBJECTS: usize = 1_000;

/// Hands on the objects of these keys that are log files by their names.
pub(super) async fn look_up(
    client: &Client,
    bucket: &str,
    keys: Vec<String>,
    portions: &mut Portions,
) {
    let mut seen = HashSet::new();
    let mut wanted: Vec<Object> = Vec::new();
    for key in keys {
        // Consoles make empty objects as folders.
        if key.ends_with('/') || !seen.insert(key.clone()) {
            continue;
        }
        match kind(&key) {
            NameKind::Other => portions.aside.passed_over += 1,
            NameKind::LeftAlone => portions.aside.left_alone += 1,
            NameKind::Log => wanted.push(object(bucket, key)),
        }
    }
    portions.leave_out_early(&mut wanted);
    portions.expect(wanted.len().div_ceil(PORTION_OBJECTS) as u64);
    while !wanted.is_empty() {
        let rest = wanted.split_off(wanted.len().min(PORTION_OBJECTS));
        let portion = stream::iter(std::mem::replace(&mut wanted, rest))
            .map(|object| described(client, bucket, object))
            .buffered(REQUESTS)
            .collect()
            .await;
        if !portions.send(portion, true).await {
            return;
        }
    }
}

fn object(bucket: &str, key: String) -> Object {
    Object {
        uri: format!("s3://{bucket}/{key}"),
        bytes: 0,
        etag: String::new(),
        name: ObjectName::read(&key),
        place: Place::S3 { bucket: bucket.to_owned(), key },
        named: true,
    }
}

/// With size and `ETag`, by which the journal knows it. Why there are none is said
/// when the object is fetched: an answer to HEAD has no text.
async fn described(client: &Client, bucket: &str, object: Object) -> Object {
    let Place::S3 { key, .. } = &object.place else { return object };
    let Ok(head) = client.head_object().bucket(bucket).key(key).send().await else {
        return object;
    };
    Object {
        bytes: head.content_length().and_then(|bytes| u64::try_from(bytes).ok()).unwrap_or(0),
        etag: head.e_tag().unwrap_or_default().to_owned(),
        ..object
    }
}
