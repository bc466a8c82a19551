//! **Fetching**: many objects in flight, few bytes in memory.

use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use aws_sdk_s3::Client;
use aws_sdk_s3::error::DisplayErrorContext;
use bytes::Bytes;
use futures::{StreamExt as _, stream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use super::{Object, Outstanding, Place};
use crate::aws::{ATTEMPTS_MAX, explain};
use crate::inflate::Limits;
use crate::lake::back_off;
use crate::stop::stopped;

/// Requests in flight. S3 answers in tens of milliseconds whatever the load, so
/// small files are fetched fast only side by side.
const REQUESTS: usize = 192;

/// Bytes fetched and not yet read, in units of 1 KiB.
const BUDGET_KIB: u32 = 64 * 1024;

/// An object with its bytes, or why there are none.
pub(crate) struct Fetched {
    pub(crate) object: Object,
    pub(crate) stored: Result<Stored, Unfetched>,
    /// Held until the object has been read.
    pub(crate) _budget: Option<OwnedSemaphorePermit>,
}

/// Why an object has no bytes.
#[derive(Debug, Clone)]
pub(crate) struct Unfetched {
    pub(crate) reason: String,
    /// Whether it may be fetched later on.
    pub(crate) may_pass: bool,
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
/// listens, or when it is to stop; says whether it stopped.
pub(crate) async fn fetch_all(
    portions: mpsc::Receiver<Vec<Object>>,
    client: Option<Client>,
    limits: Limits,
    outstanding: Outstanding,
    stop: Arc<AtomicBool>,
    sender: mpsc::Sender<Vec<Fetched>>,
) -> bool {
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
    loop {
        let handful = tokio::select! {
            biased;
            () = stopped(&stop) => return true,
            handful = fetches.next() => handful,
        };
        let Some(handful) = handful else { return false };
        if sender.send(handful).await.is_err() {
            return false;
        }
    }
}

async fn fetch(
    mut object: Object,
    client: Option<Client>,
    limits: Limits,
    budget: Arc<Semaphore>,
) -> Fetched {
    let cap = limits.object_bytes_max;
    if object.bytes > cap {
        let stored = Err(too_large(object.bytes, cap));
        return Fetched { object, stored, _budget: None };
    }
    let (Place::S3 { bucket, key }, Some(client)) = (&object.place, client) else {
        let stored = match &object.place {
            Place::Memory(bytes) => Stored::Bytes(bytes.clone()),
            _ => Stored::Local,
        };
        return Fetched { object, stored: Ok(stored), _budget: None };
    };
    // One that could not be described may be of any size.
    let bytes = if object.etag.is_empty() { cap } else { object.bytes };
    let kib = u32::try_from(bytes / 1024 + 1).unwrap_or(BUDGET_KIB).min(BUDGET_KIB);
    let permit = budget.acquire_many_owned(kib).await.ok();
    let got = get(&client, bucket, key, cap).await;
    let stored = match got {
        Ok(Got { bytes, etag }) => {
            // One that could not be described before is now.
            if object.etag.is_empty() {
                object.bytes = bytes.len() as u64;
                object.etag = etag;
            }
            Ok(Stored::Bytes(bytes))
        }
        Err(unfetched) => Err(unfetched),
    };
    Fetched { object, stored, _budget: permit }
}

struct Got {
    bytes: Bytes,
    etag: String,
}

fn too_large(bytes: u64, cap: u64) -> Unfetched {
    let reason = format!("object has {bytes} bytes; the limit is {cap}");
    Unfetched { reason, may_pass: false }
}

/// Gets an object. The client repeats requests; a body that breaks off or stalls
/// half-way is got again here.
async fn get(client: &Client, bucket: &str, key: &str, cap: u64) -> Result<Got, Unfetched> {
    let unfetched = |text: String| Unfetched {
        reason: explain(&text, "s3:GetObject (and kms:Decrypt, if the object is under a KMS key)"),
        may_pass: !text.contains("NoSuchKey"),
    };
    let mut attempt = 1;
    loop {
        let answer = client.get_object().bucket(bucket).key(key).send().await;
        let answer = answer.map_err(|error| unfetched(DisplayErrorContext(&error).to_string()))?;
        let bytes = answer.content_length().and_then(|bytes| u64::try_from(bytes).ok());
        if let Some(bytes) = bytes.filter(|&bytes| bytes > cap) {
            return Err(too_large(bytes, cap));
        }
        let etag = answer.e_tag().unwrap_or_default().to_owned();
        match answer.body.collect().await {
            Ok(body) => return Ok(Got { bytes: body.into_bytes(), etag }),
            Err(_) if attempt < ATTEMPTS_MAX => back_off(attempt).await,
            Err(error) => return Err(unfetched(DisplayErrorContext(&error).to_string())),
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
        Place::Memory(_) | Place::S3 { .. } => return Err("not a local object".to_owned()),
    };
    match read {
        Ok(_) if buffer.len() as u64 > cap => {
            Err(format!("more than {cap} bytes; the limit is --max-object-bytes"))
        }
        Ok(_) => Ok(()),
        Err(error) => Err(error.to_string()),
    }
}
