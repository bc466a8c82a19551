//! A **watch** on a lake: somebody who looks again and again while others write to it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::lake::{event_keys, events_by_version};

/// Between two looks: a watch is no load.
const PAUSE: Duration = Duration::from_millis(150);

#[derive(Debug)]
pub(crate) struct Watch {
    lake: PathBuf,
    over: Arc<AtomicBool>,
    looking: JoinHandle<Vec<usize>>,
}

impl Watch {
    /// Looks at `events` of a lake from now on. A key that is there twice ends the
    /// watch, and fails the test when it is asked.
    pub(crate) fn on(lake: impl AsRef<Path>) -> Self {
        let lake = lake.as_ref().to_owned();
        let over = Arc::new(AtomicBool::new(false));
        let (place, enough) = (lake.clone(), over.clone());
        let looking = thread::spawn(move || {
            let mut seen = Vec::new();
            while !enough.load(Ordering::Relaxed) {
                thread::sleep(PAUSE);
                if place.join("events/_delta_log/00000000000000000000.json").exists() {
                    let keys = event_keys(&place);
                    let distinct: BTreeSet<_> = keys.iter().collect();
                    assert_eq!(distinct.len(), keys.len(), "an event is in the lake twice");
                    seen.push(keys.len());
                }
            }
            seen
        });
        Self { lake, over, looking }
    }

    /// Ends the watch. What was seen must have been whole commits, and never less
    /// than before. Returns how often somebody looked.
    #[track_caller]
    pub(crate) fn end(self) -> usize {
        self.over.store(true, Ordering::Relaxed);
        let seen = self.looking.join().unwrap();
        assert!(seen.is_sorted(), "events were seen and then gone: {seen:?}");
        let whole: BTreeSet<usize> = events_by_version(&self.lake).into_iter().collect();
        let halves: Vec<_> = seen.iter().filter(|count| !whole.contains(count)).collect();
        assert!(halves.is_empty(), "halves of a commit were seen: {halves:?} of {whole:?}");
        seen.len()
    }
}
