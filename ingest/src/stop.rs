//! A **stop**: whoever starts a run may ask it to end early, and the run ends
//! between two objects, with everything it has read committed.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How often the flag is looked at while there is nothing else to do.
const LOOK: Duration = Duration::from_millis(50);

/// Ends when the flag is set.
pub(crate) async fn stopped(flag: &AtomicBool) {
    while !flag.load(Ordering::Relaxed) {
        tokio::time::sleep(LOOK).await;
    }
}
