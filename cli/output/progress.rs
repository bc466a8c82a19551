//! **Progress** of a long run, on a terminal only.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use ingest::{Progress, UpkeepProgress};
use tokio::task::JoinHandle;

use super::text::grouped;

/// A bar that follows an ingest until it is dropped.
pub(crate) struct IngestBar {
    bar: ProgressBar,
    follower: JoinHandle<()>,
}

impl IngestBar {
    /// Shows the bar if stderr is a terminal.
    pub(crate) fn follow(progress: Arc<Progress>) -> Self {
        let bar = ProgressBar::new(0);
        if let Ok(style) = ProgressStyle::with_template(
            "{spinner} [{elapsed_precise}] {wide_bar} {bytes}/{total_bytes} {binary_bytes_per_sec} eta {eta}\n  {msg}",
        ) {
            bar.set_style(style);
        }
        let shown = bar.clone();
        let follower = tokio::spawn(async move {
            loop {
                shown.set_message(message(&progress));
                shown.set_length(progress.bytes_total.load(Relaxed));
                shown.set_position(progress.bytes.load(Relaxed));
                shown.tick();
                tokio::time::sleep(Duration::from_millis(120)).await;
            }
        });
        Self { bar, follower }
    }
}

/// A bar that follows a compaction or a vacuum until it is dropped.
pub(crate) struct UpkeepBar {
    bar: ProgressBar,
    follower: JoinHandle<()>,
}

impl UpkeepBar {
    /// Shows the bar if stderr is a terminal; `done` is what happens to files.
    pub(crate) fn follow(progress: Arc<UpkeepProgress>, done: &'static str) -> Self {
        let bar = ProgressBar::new(0);
        if let Ok(style) =
            ProgressStyle::with_template("{spinner} [{elapsed_precise}] {wide_bar} {msg}")
        {
            bar.set_style(style);
        }
        let shown = bar.clone();
        let follower = tokio::spawn(async move {
            loop {
                let (files, total) =
                    (progress.files.load(Relaxed), progress.files_total.load(Relaxed));
                shown.set_message(format!("{}/{} files {done}", grouped(files), grouped(total)));
                shown.set_length(total);
                shown.set_position(files);
                shown.tick();
                tokio::time::sleep(Duration::from_millis(120)).await;
            }
        });
        Self { bar, follower }
    }
}

impl Drop for UpkeepBar {
    fn drop(&mut self) {
        self.follower.abort();
        self.bar.finish_and_clear();
    }
}

impl Drop for IngestBar {
    fn drop(&mut self) {
        self.follower.abort();
        self.bar.finish_and_clear();
    }
}

fn message(progress: &Progress) -> String {
    let listed = progress.listed.load(Relaxed);
    if !listed && progress.objects_total.load(Relaxed) == 0 {
        return "listing".to_owned();
    }
    format!(
        "{}/{}{} objects, {} records, {} kept, {} skipped",
        grouped(progress.objects.load(Relaxed)),
        // An estimate while listing goes on.
        if listed { "" } else { "~" },
        grouped(progress.objects_total.load(Relaxed)),
        grouped(progress.records.load(Relaxed)),
        grouped(progress.events.load(Relaxed)),
        grouped(progress.skipped.load(Relaxed)),
    )
}
