//! An ingest **run**: every object of the sources, through the decoders, into
//! the lake.
//!
//! One task lists and fetches, threads decode, one task writes and commits.
//! Queues between them are short, so a slow part slows the others down instead
//! of filling memory.

use std::num::NonZeroUsize;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

use arrow::array::RecordBatch;
use arrow::error::ArrowError;
use tokio::sync::mpsc;

use crate::aws;
use crate::budget::MemoryBudget;
use crate::decode::{Decoder, ObjectReport};
use crate::error::IngestError;
use crate::inflate::Limits;
use crate::journal::{self, Journal};
use crate::keep::KeepList;
use crate::lake::Lake;
use crate::report::{IngestReport, Progress};
use crate::requests::RequestCounter;
use crate::rows::Rows;
use crate::schema::{EVENTS, OBJECTS};
use crate::source::{self, Fetched, Listing, Object, Outstanding, Source};

mod commit;
mod record;
#[cfg(test)]
mod tests;

use commit::Committer;
pub use record::{RunRecord, record_run};

/// What to ingest, and how.
#[derive(Debug, Clone)]
pub struct IngestOptions {
    /// Where from.
    pub sources: Vec<Source>,
    /// Services kept whole beside the built-in list.
    pub keep: Vec<String>,
    /// Bounds on what is taken from outside.
    pub limits: Limits,
    /// Decoding threads; as many as cores by default.
    pub threads: Option<NonZeroUsize>,
    /// Read objects again that the journal has.
    pub reread: bool,
    /// List folders in S3 from their beginning, not from where the journal
    /// leaves off; what it has is passed over all the same.
    pub relist: bool,
    /// Pass over objects delivered before this moment, microseconds since 1970
    /// UTC.
    pub delivered_from: Option<i64>,
    /// Set by whoever wants the run to end early: what was fetched by then is
    /// committed, and the report says so.
    pub stop: Arc<AtomicBool>,
    /// How much to hold in memory.
    pub memory: MemoryBudget,
    /// Unique id of the run.
    pub run_id: String,
    /// Start of the run, microseconds since 1970 UTC.
    pub started_at: i64,
}

impl IngestOptions {
    /// Everything of these sources that was not read yet, with the usual bounds.
    /// `started_at` is in microseconds since 1970 UTC.
    #[must_use]
    pub fn new(sources: Vec<Source>, run_id: String, started_at: i64) -> Self {
        Self {
            sources,
            keep: Vec::new(),
            limits: Limits::default(),
            threads: None,
            reread: false,
            relist: false,
            delivered_from: None,
            stop: Arc::default(),
            memory: MemoryBudget::default(),
            run_id,
            started_at,
        }
    }
}

/// Rows handed from a decoder to the writer at once.
const BATCH_ROWS: usize = 2 * 1024;

/// Text handed over at once, bytes: whichever bound is met first.
const BATCH_TEXT_BYTES: usize = 2 << 20;

/// What a decoder hands to the writer: rows, and the objects whose last rows
/// are among them or came before.
pub(crate) struct Decoded {
    pub(crate) rows: Result<RecordBatch, ArrowError>,
    pub(crate) objects: Vec<(Object, ObjectReport)>,
}

/// Runs an ingest to its end.
///
/// # Errors
/// When a source is not there or the lake cannot be written. What is wrong with
/// single objects and records is in the report.
pub async fn ingest(
    lake: &Lake,
    mut options: IngestOptions,
    progress: Arc<Progress>,
) -> Result<IngestReport, IngestError> {
    let limits = &mut options.limits;
    limits.document_bytes_max = limits.document_bytes_max.min(options.memory.document_bytes_max);
    let lake_requests = lake.requests();
    let events = lake.table(&EVENTS).await?;
    let objects = lake.table(&OBJECTS).await?;
    let requests = Arc::new(RequestCounter::default());
    let needs_s3 = options.sources.iter().any(Source::is_in_s3);
    let client = if needs_s3 { Some(aws::s3_client(requests.clone()).await) } else { None };
    let journal = if options.reread { Journal::empty() } else { Journal::of(&objects) };
    let damage = journal.damage();
    let Listing { portions, task: listing } =
        source::list(&options, client.clone(), journal, progress.clone());
    let (fetched_sender, fetched) = mpsc::channel(4);
    let (decoded_sender, mut decoded) = mpsc::channel::<Decoded>(1);
    let outstanding = Outstanding::default();
    let fetching = tokio::spawn(source::fetch_all(
        portions,
        client,
        options.limits,
        outstanding.clone(),
        options.stop.clone(),
        fetched_sender,
    ));
    let decoders = spawn_decoders(&options, fetched, decoded_sender, &progress);

    let mut report = IngestReport {
        run_id: options.run_id.clone(),
        lake: lake.uri(),
        ..IngestReport::default()
    };
    let mut committer = Committer::new(events, objects, outstanding, &options)?;
    while let Some(part) = decoded.recv().await {
        for (object, outcome) in &part.objects {
            report.take(&object.uri, object.bytes, outcome);
        }
        committer.take(part, &mut report).await?;
    }
    for decoder in decoders {
        decoder.await.map_err(|_| IngestError::Worker)?;
    }
    report.stopped_early = fetching.await.map_err(|_| IngestError::Worker)?;
    // What was read before a listing failed is worth keeping.
    let listed = listing.await.map_err(|_| IngestError::Worker)?;
    committer.finish(&mut report).await?;
    report.requests = requests.so_far();
    report.take_aside(listed?);
    for file in journal::mend(lake, &damage, options.started_at).await? {
        report.journal_files_lost.push(format!("{}/{file}", OBJECTS.name));
    }
    report.lake_requests = lake.requests().since(lake_requests);
    Ok(report)
}

#[expect(clippy::needless_pass_by_value, reason = "the queue must close with the last decoder")]
fn spawn_decoders(
    options: &IngestOptions,
    fetched: mpsc::Receiver<Vec<Fetched>>,
    sender: mpsc::Sender<Decoded>,
    progress: &Arc<Progress>,
) -> Vec<tokio::task::JoinHandle<()>> {
    let threads = options
        .threads
        .or_else(|| std::thread::available_parallelism().ok())
        .map_or(1, NonZeroUsize::get);
    let fetched = Arc::new(Mutex::new(fetched));
    (0..threads)
        .map(|_| {
            let (fetched, sender, progress) = (fetched.clone(), sender.clone(), progress.clone());
            let keep = KeepList::widened_by(&options.keep);
            let decoder =
                Decoder::new(keep, options.limits, options.run_id.clone(), options.started_at);
            tokio::task::spawn_blocking(move || decode_all(decoder, &fetched, &sender, &progress))
        })
        .collect()
}

/// A decoder's thread: objects in, batches out, until there are no more.
fn decode_all(
    mut decoder: Decoder,
    fetched: &Mutex<mpsc::Receiver<Vec<Fetched>>>,
    sender: &mpsc::Sender<Decoded>,
    progress: &Progress,
) {
    let mut done: Vec<(Object, ObjectReport)> = Vec::new();
    loop {
        let next = match fetched.lock() {
            Ok(mut receiver) => receiver.blocking_recv(),
            // Another decoder died holding the queue; its death is reported.
            Err(_) => None,
        };
        let Some(handful) = next else { break };
        for fetched in handful {
            let report = decoder.read(&fetched, &mut |rows| {
                // An object that fills a batch by itself is reported with its
                // last part; earlier objects go with this one.
                if is_full(rows) {
                    hand_over(rows, &mut done, sender);
                }
            });
            progress.take(fetched.object.bytes, &report);
            done.push((fetched.object, report));
            if is_full(decoder.rows()) || done.len() >= BATCH_ROWS {
                hand_over(decoder.rows(), &mut done, sender);
            }
        }
    }
    if !done.is_empty() || !decoder.rows().is_empty() {
        hand_over(decoder.rows(), &mut done, sender);
    }
}

fn is_full(rows: &Rows) -> bool {
    rows.len() >= BATCH_ROWS || rows.text_bytes() >= BATCH_TEXT_BYTES
}

fn hand_over(
    rows: &mut Rows,
    done: &mut Vec<(Object, ObjectReport)>,
    sender: &mpsc::Sender<Decoded>,
) {
    let part = Decoded { rows: rows.finish(), objects: std::mem::take(done) };
    // Nobody receives any more: the run has failed and says why itself.
    let _ = sender.blocking_send(part);
}
