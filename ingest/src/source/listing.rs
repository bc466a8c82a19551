//! A **listing**: the objects of all sources, found while the first of them are
//! read already.
//!
//! Objects come in portions: those that were delivered on one day, whatever
//! account or Region they are of, in the order of their delivery. So a batch
//! touches few hours, and a tree of years is never held whole.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use aws_sdk_s3::Client;
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::{Object, ObjectName, Place, Source, folder, named, s3, without_overlaps};
use crate::error::IngestError;
use crate::journal::{Journal, JournalTable};
use crate::report::Progress;
use crate::run::IngestOptions;
use crate::stop::stopped;

/// What was found beside log files.
#[derive(Debug, Default)]
pub(crate) struct Aside {
    /// Objects that an earlier run read.
    pub(crate) known: u64,
    /// Objects that are no log files by their name.
    pub(crate) passed_over: u64,
    /// Objects delivered before those that are wanted.
    pub(crate) early: u64,
    /// Digest and Insight objects, told by their folder.
    pub(crate) left_alone: u64,
    /// Places that could not be looked into, and why.
    pub(crate) failures: Vec<(String, String)>,
    /// Whether looking ended before everything was found.
    pub(crate) stopped: bool,
}

impl Aside {
    pub(super) fn add(&mut self, more: Self) {
        self.known += more.known;
        self.early += more.early;
        self.stopped |= more.stopped;
        self.passed_over += more.passed_over;
        self.left_alone += more.left_alone;
        self.failures.extend(more.failures);
    }
}

/// A listing under way.
pub(crate) struct Listing {
    /// Objects to read, a portion at a time.
    pub(crate) portions: mpsc::Receiver<Vec<Object>>,
    /// Ends after the last portion.
    pub(crate) task: JoinHandle<Result<Aside, IngestError>>,
}

/// Starts to list all sources, passing over what the journal knows.
pub(crate) fn list(
    options: &IngestOptions,
    client: Option<Client>,
    journal: Journal,
    progress: Arc<Progress>,
) -> Listing {
    let (sender, portions) = mpsc::channel(1);
    let sources = without_overlaps(&options.sources);
    let objects = if options.relist { None } else { journal.table().cloned() };
    let (delivered_from, stop) = (options.delivered_from, options.stop.clone());
    let task = tokio::spawn(async move {
        let (found_sender, found) = mpsc::channel(1);
        let found_portions = Portions::to(found_sender, delivered_from, stop.clone());
        let finding = tokio::spawn(find(sources, client, objects, found_portions));
        let handed_on = hand_on_unread(found, journal, sender, &progress, &stop).await?;
        let mut aside = finding.await.map_err(|_| IngestError::Worker)??;
        progress.listed.store(true, Ordering::Relaxed);
        aside.add(handed_on);
        Ok(aside)
    });
    Listing { portions, task }
}

/// Finds objects, known or not.
async fn find(
    sources: Vec<Source>,
    client: Option<Client>,
    objects: Option<JournalTable>,
    mut portions: Portions,
) -> Result<Aside, IngestError> {
    for source in sources {
        if portions.is_stopped() {
            portions.aside.stopped = true;
            break;
        }
        if let Source::Path(path) = source {
            portions = tokio::task::spawn_blocking(move || {
                folder::list(&path, &mut portions).map(|()| portions)
            })
            .await
            .map_err(|_| IngestError::Worker)??;
            continue;
        }
        let stop = portions.stop.clone();
        let is_over = tokio::select! {
            found = find_in(source, client.as_ref(), objects.as_ref(), &mut portions) => Some(found?),
            // A request that nobody answers is not waited for.
            () = stopped(&stop) => None,
        };
        portions.aside.stopped |= is_over.is_none();
    }
    Ok(portions.into_aside())
}

/// Finds the objects of a source that is not a folder.
async fn find_in(
    source: Source,
    client: Option<&Client>,
    objects: Option<&JournalTable>,
    portions: &mut Portions,
) -> Result<(), IngestError> {
    match (source, client) {
        (Source::Stdin, _) => {
            portions.expect(1);
            portions.send(vec![stdin()], true).await;
        }
        (Source::Document { uri, delivered_at, bytes }, _) => {
            let object = Object {
                uri,
                bytes: bytes.len() as u64,
                etag: format!("{:x}", Sha256::digest(&bytes)),
                name: ObjectName { delivered_at, ..ObjectName::default() },
                place: Place::Memory(bytes),
                named: true,
            };
            portions.expect(1);
            portions.send(vec![object], true).await;
        }
        (Source::S3 { bucket, prefix }, Some(client)) => {
            s3::list(client, &bucket, &prefix, objects, portions).await?;
        }
        (Source::S3Objects { bucket, keys }, Some(client)) => {
            named::look_up(client, &bucket, keys, portions).await;
        }
        // Folders are listed elsewhere, and who reads from S3 has a client.
        _ => {}
    }
    Ok(())
}

fn stdin() -> Object {
    Object {
        uri: "stdin".to_owned(),
        bytes: 0,
        etag: String::new(),
        place: Place::Stdin,
        name: ObjectName::default(),
        named: false,
    }
}

/// Passes portions on without what was read before; returns how much that was,
/// and whether the rest was let go.
async fn hand_on_unread(
    mut found: mpsc::Receiver<Portion>,
    mut journal: Journal,
    sender: mpsc::Sender<Vec<Object>>,
    progress: &Progress,
    stop: &AtomicBool,
) -> Result<Aside, IngestError> {
    let mut aside = Aside::default();
    let mut done = 0;
    let (mut objects, mut bytes) = (0, 0);
    while let Some(portion) = found.recv().await {
        if stop.load(Ordering::Relaxed) {
            aside.stopped = true;
            break;
        }
        let all = portion.objects.len();
        let mut unread = journal.unread(portion.objects).await?;
        aside.known += (all - unread.len()) as u64;
        unread.sort_by(|left, right| {
            (left.name.delivered_at, &left.uri).cmp(&(right.name.delivered_at, &right.uri))
        });
        done += u64::from(portion.is_last_part);
        objects += unread.len() as u64;
        bytes += unread.iter().map(|object| object.bytes).sum::<u64>();
        // What is still to be listed is taken to be like what was.
        let expected = |so_far: u64| so_far.saturating_mul(portion.expected.max(1)) / done.max(1);
        progress.objects_total.store(expected(objects).max(objects), Ordering::Relaxed);
        progress.bytes_total.store(expected(bytes).max(bytes), Ordering::Relaxed);
        if !unread.is_empty() && sender.send(unread).await.is_err() {
            break;
        }
    }
    progress.objects_total.store(objects, Ordering::Relaxed);
    progress.bytes_total.store(bytes, Ordering::Relaxed);
    Ok(aside)
}

/// Objects found, and how far that is.
pub(super) struct Portion {
    objects: Vec<Object>,
    /// Whether this ends one of the portions expected.
    is_last_part: bool,
    expected: u64,
}

impl Portion {
    #[cfg(test)]
    pub(super) fn objects(&self) -> &[Object] {
        &self.objects
    }
}

/// Takes what is found.
pub(super) struct Portions {
    sender: mpsc::Sender<Portion>,
    pub(super) aside: Aside,
    expected: u64,
    delivered_from: Option<i64>,
    stop: Arc<AtomicBool>,
}

impl Portions {
    pub(super) fn to(
        sender: mpsc::Sender<Portion>,
        delivered_from: Option<i64>,
        stop: Arc<AtomicBool>,
    ) -> Self {
        Self { sender, aside: Aside::default(), expected: 0, delivered_from, stop }
    }

    /// What was found beside log files, once all is found.
    pub(super) fn into_aside(self) -> Aside {
        self.aside
    }

    /// Objects delivered before this are not wanted.
    pub(super) fn delivered_from(&self) -> Option<i64> {
        self.delivered_from
    }

    /// Whether whoever looks for more should end.
    pub(super) fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Leaves out, and counts, what was delivered too early. Objects whose names
    /// say no time are wanted.
    pub(super) fn leave_out_early(&mut self, objects: &mut Vec<Object>) {
        let Some(from) = self.delivered_from else { return };
        let all = objects.len();
        objects.retain(|object| object.name.delivered_at.is_none_or(|at| at >= from));
        self.aside.early += (all - objects.len()) as u64;
    }

    /// Announces portions, for those who want to know how long it takes.
    pub(super) fn expect(&mut self, portions: u64) {
        self.expected += portions;
    }

    /// Hands on one whole portion, from outside of async code. False when nobody
    /// wants more.
    pub(super) fn hand_on(&mut self, objects: Vec<Object>) -> bool {
        let portion = self.portion(objects, true);
        let sent = self.sender.blocking_send(portion).is_ok();
        self.went_on(sent)
    }

    /// Hands on a part of a portion.
    pub(super) fn hand_on_part(&mut self, objects: Vec<Object>) -> bool {
        let portion = self.portion(objects, false);
        let sent = self.sender.blocking_send(portion).is_ok();
        self.went_on(sent)
    }

    /// Hands on a portion.
    pub(super) async fn send(&mut self, objects: Vec<Object>, is_last_part: bool) -> bool {
        let portion = self.portion(objects, is_last_part);
        let sent = self.sender.send(portion).await.is_ok();
        self.went_on(sent)
    }

    fn went_on(&mut self, sent: bool) -> bool {
        self.aside.stopped |= !sent && self.is_stopped();
        sent
    }

    fn portion(&mut self, mut objects: Vec<Object>, is_last_part: bool) -> Portion {
        self.leave_out_early(&mut objects);
        Portion { objects, is_last_part, expected: self.expected }
    }
}
