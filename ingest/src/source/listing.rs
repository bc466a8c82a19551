//! A **listing**: the objects of all sources, found while the first of them are
//! read already.
//!
//! Objects come in portions: those that were delivered on one day, whatever
//! account or Region they are of, in the order of their delivery. So a batch
//! touches few hours, and a tree of years is never held whole.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use aws_sdk_s3::Client;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::{Object, ObjectName, Place, Source, folder, s3, without_overlaps};
use crate::error::IngestError;
use crate::journal::{Journal, JournalTable};
use crate::report::Progress;

/// What was found beside log files.
#[derive(Debug, Default)]
pub(crate) struct Aside {
    /// Objects that an earlier run read.
    pub(crate) known: u64,
    /// Objects that are no log files by their name.
    pub(crate) passed_over: u64,
    /// Digest and Insight objects, told by their folder.
    pub(crate) left_alone: u64,
    /// Places that could not be looked into, and why.
    pub(crate) failures: Vec<(String, String)>,
}

impl Aside {
    pub(super) fn add(&mut self, more: Self) {
        self.known += more.known;
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
    sources: &[Source],
    client: Option<Client>,
    journal: Journal,
    progress: Arc<Progress>,
) -> Listing {
    let (sender, portions) = mpsc::channel(1);
    let sources = without_overlaps(sources);
    let objects = journal.table().cloned();
    let task = tokio::spawn(async move {
        let (found_sender, found) = mpsc::channel(1);
        let finding = tokio::spawn(find(sources, client, objects, found_sender));
        let known = hand_on_unread(found, journal, sender, &progress).await?;
        let mut aside = finding.await.map_err(|_| IngestError::Worker)??;
        progress.listed.store(true, Ordering::Relaxed);
        aside.known = known;
        Ok(aside)
    });
    Listing { portions, task }
}

/// Finds objects, known or not.
async fn find(
    sources: Vec<Source>,
    client: Option<Client>,
    objects: Option<JournalTable>,
    sender: mpsc::Sender<Portion>,
) -> Result<Aside, IngestError> {
    let mut portions = Portions::to(sender);
    for source in sources {
        portions = match source {
            Source::Stdin => {
                portions.expect(1);
                portions.send(vec![stdin()], true).await;
                portions
            }
            Source::Path(path) => tokio::task::spawn_blocking(move || {
                folder::list(&path, &mut portions).map(|()| portions)
            })
            .await
            .map_err(|_| IngestError::Worker)??,
            Source::S3 { bucket, prefix } => {
                if let Some(client) = &client {
                    s3::list(client, &bucket, &prefix, objects.as_ref(), &mut portions).await?;
                }
                portions
            }
        };
    }
    Ok(portions.into_aside())
}

fn stdin() -> Object {
    Object {
        uri: "stdin".to_owned(),
        bytes: 0,
        etag: String::new(),
        place: Place::Stdin,
        name: ObjectName::default(),
    }
}

/// Passes portions on without what was read before; returns how much that was.
async fn hand_on_unread(
    mut found: mpsc::Receiver<Portion>,
    mut journal: Journal,
    sender: mpsc::Sender<Vec<Object>>,
    progress: &Progress,
) -> Result<u64, IngestError> {
    let (mut known, mut done) = (0, 0);
    let (mut objects, mut bytes) = (0, 0);
    while let Some(portion) = found.recv().await {
        let all = portion.objects.len();
        let mut unread = journal.unread(portion.objects).await?;
        known += (all - unread.len()) as u64;
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
    Ok(known)
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
}

impl Portions {
    pub(super) fn to(sender: mpsc::Sender<Portion>) -> Self {
        Self { sender, aside: Aside::default(), expected: 0 }
    }

    /// What was found beside log files, once all is found.
    pub(super) fn into_aside(self) -> Aside {
        self.aside
    }

    /// Announces portions, for those who want to know how long it takes.
    pub(super) fn expect(&mut self, portions: u64) {
        self.expected += portions;
    }

    /// Hands on one whole portion, from outside of async code. False when nobody
    /// wants more.
    pub(super) fn hand_on(&mut self, objects: Vec<Object>) -> bool {
        self.sender.blocking_send(self.portion(objects, true)).is_ok()
    }

    /// Hands on a part of a portion.
    pub(super) fn hand_on_part(&mut self, objects: Vec<Object>) -> bool {
        self.sender.blocking_send(self.portion(objects, false)).is_ok()
    }

    /// Hands on a portion.
    pub(super) async fn send(&mut self, objects: Vec<Object>, is_last_part: bool) -> bool {
        self.sender.send(self.portion(objects, is_last_part)).await.is_ok()
    }

    fn portion(&self, objects: Vec<Object>, is_last_part: bool) -> Portion {
        Portion { objects, is_last_part, expected: self.expected }
    }
}
