//! **Cost**: processor seconds of this process, user and system together.

use std::collections::BTreeMap;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Processor seconds since the process began.
pub fn cpu_seconds() -> f64 {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    Duration::try_from(now).unwrap_or_default().as_secs_f64()
}

/// Adds what `work` costs to `seconds`.
pub fn charge<T>(seconds: &mut f64, work: impl FnOnce() -> T) -> T {
    let start = cpu_seconds();
    let result = work();
    *seconds += cpu_seconds() - start;
    result
}

/// Seconds of each candidate, run after run.
#[derive(Default)]
pub struct Costs(BTreeMap<&'static str, Vec<f64>>);

impl Costs {
    pub fn add(&mut self, name: &'static str, seconds: f64) {
        self.0.entry(name).or_default().push(seconds);
    }

    /// The median of each.
    pub fn medians(self) -> BTreeMap<&'static str, f64> {
        let median = |mut all: Vec<f64>| {
            all.sort_by(f64::total_cmp);
            all[all.len() / 2]
        };
        self.0.into_iter().map(|(name, all)| (name, median(all))).collect()
    }
}
