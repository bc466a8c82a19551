//! **Fetching**: many objects in flight, few bytes in memory.

use std::io::Read;
use std::sync::Arc;

use aws_sdk_s3::Client;
use aws_sdk_s3::error::DisplayErrorContext;
use bytes::Bytes;
use futures::{StreamExt as _, stream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use super::{Object, Outstanding, Place};
use crate::aws::{ATTEMPTS_MAX, explain};
use crate::inflate::Limits;
use crate::lake::back_off;

/// Requests in flight. S3 answers in tens of milliseconds whatever the load, so
/// small files are fetched fast only side by side.
const REQUESTS: usize = 192;

/// Bytes fetched and not yet read, in units of 1 KiB.
const BUDGET_KIB: u32 = 64 * 1024;

/// An object with its bytes, or why there are none.
pub(crate) struct Fetched {
    pub(crate) object: Object,
    pub(crate) stored: Result<Stored, String>,
    /// Held until the object has been read.
    pub(crate) _budget: Option<OwnedSemaphorePermit>,
}

/// The bytes of an object, or where the reader finds them itself.
pub(crate) enum Stored {
    /// To be read by the worker: local reads are not worth a hand-over.
    Local,
    Bytes(Bytes),
}

/// Objects handed to a worker at once. Waking one costs as much as reading a
/// small file.
const HANDFUL: usize = 32;

/// Fetches all objects in order and hands them on. Ends early when nobody
/// listens.
pub(crate) async fn fetch_all(
    portions: mpsc::Receiver<Vec<Object>>,
    client: Option<Client>,
    limits: Limits,
    outstanding: Outstanding,
    sender: mpsc::Sender<Vec<Fetched>>,
) {
    let budget = Arc::new(Semaphore::new(BUDGET_KIB as usize));
    let objects = stream::unfold(portions, async |mut portions| {
        portions.recv().await.map(|portion| (stream::iter(portion), portions))
    });
    let fetches = objects
        .flatten()
        .map(|object| {
            outstanding.add(&object);
            fetch(object, client.clone(), limits, budget.clone())
        })
        .buffered(REQUESTS)
        .ready_chunks(HANDFUL);
    let mut fetches = std::pin::pin!(fetches);
    while let Some(fetched) = fetches.next().await {
        if sender.send(fetched).await.is_err() {
            return;
        }
    }
}

async fn fetch(
    object: Object,
    client: Option<Client>,
    limits: Limits,
    budget: Arc<Semaphore>,
) -> Fetched {
    if object.bytes > limits.object_bytes_max {
        let reason =
            format!("object has {} bytes; the limit is {}", object.bytes, limits.object_bytes_max);
        return Fetched { object, stored: Err(reason), _budget: None };
    }
    let (Place::S3 { bucket, key }, Some(client)) = (&object.place, client) else {
        return Fetched { object, stored: Ok(Stored::Local), _budget: None };
    };
    let kib = u32::try_from(object.bytes / 1024 + 1).unwrap_or(BUDGET_KIB).min(BUDGET_KIB);
    let permit = budget.acquire_many_owned(kib).await.ok();
    let stored = get(&client, bucket, key).await.map(Stored::Bytes);
    Fetched { object, stored, _budget: permit }
}

/// Gets an object. The client repeats requests; a body that breaks off or stalls
/// half-way is got again here.
async fn get(client: &Client, bucket: &str, key: &str) -> Result<Bytes, String> {
    let mut attempt = 1;
    loop {
        let answer = client
            .get_object()
            .bucket(bucket)
            .key(key)
            .send()
            .await
            .map_err(|error| explain(&DisplayErrorContext(&error).to_string()))?;
        match answer.body.collect().await {
            Ok(body) => return Ok(body.into_bytes()),
            Err(_) if attempt < ATTEMPTS_MAX => back_off(attempt).await,
            Err(error) => return Err(explain(&DisplayErrorContext(&error).to_string())),
        }
        attempt += 1;
    }
}

/// Reads a local object into `buffer`, which is cleared first.
pub(crate) fn read_local(
    object: &Object,
    limits: &Limits,
    buffer: &mut Vec<u8>,
) -> Result<(), String> {
    buffer.clear();
    let cap = limits.object_bytes_max;
    let read = match &object.place {
        Place::Stdin => std::io::stdin().lock().take(cap + 1).read_to_end(buffer),
        Place::File(path) => {
            std::fs::File::open(path).and_then(|file| file.take(cap + 1).read_to_end(buffer))
        }
        Place::S3 { .. } => return Err("not a local object".to_owned()),
    };
    match read {
        Ok(_) if buffer.len() as u64 > cap => {
            Err(format!("more than {cap} bytes; the limit is --max-object-bytes"))
        }
        Ok(_) => Ok(()),
        Err(error) => Err(error.to_string()),
    }
}
