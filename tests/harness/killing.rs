//! **Killing**: a run is ended at an instant that a seed chooses, as by `kill -9`.

use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::{Duration, Instant};
use std::{fs, thread};

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

/// How often to look whether it is time.
const TICK: Duration = Duration::from_millis(1);

/// How many kills: `usual`, or what `KEYTRAIL_TEST_KILLS` asks for.
pub(crate) fn kills(usual: u32) -> u32 {
    let asked = std::env::var("KEYTRAIL_TEST_KILLS").ok();
    asked.map_or(usual, |kills| kills.parse().unwrap())
}

/// Chooses the instants.
#[derive(Debug)]
pub(crate) struct Killer(ChaCha8Rng);

impl Killer {
    pub(crate) fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// A span up to `longest`.
    fn span(&mut self, longest: Duration) -> Duration {
        let part = u32::try_from(self.0.next_u64() % 1_000).unwrap();
        longest * part / 1_000
    }

    /// Kills a run after some time within `longest`. False when it has ended by
    /// itself before; then it must have gone well.
    #[track_caller]
    pub(crate) fn kill_within(&mut self, run: Child, longest: Duration) -> bool {
        let span = self.span(longest);
        kill_when(run, |began| began.elapsed() >= span)
    }

    /// Kills a run up to `shortly` after a file has come to a folder: a commit is
    /// followed by others, and what lies between them is short.
    #[track_caller]
    pub(crate) fn kill_after_next_file(
        &mut self,
        run: Child,
        folder: &Path,
        shortly: Duration,
    ) -> bool {
        let before = entries(folder);
        let span = self.span(shortly);
        let mut came = None;
        kill_when(run, |_| {
            if came.is_none() && entries(folder) != before {
                came = Some(Instant::now());
            }
            came.is_some_and(|came| came.elapsed() >= span)
        })
    }
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut found: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    found.sort();
    found
}

#[track_caller]
fn kill_when(mut run: Child, mut is_time: impl FnMut(Instant) -> bool) -> bool {
    let began = Instant::now();
    loop {
        if let Some(status) = run.try_wait().unwrap() {
            let output = run.wait_with_output().unwrap();
            assert!(status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            return false;
        }
        if is_time(began) {
            run.kill().unwrap();
            run.wait().unwrap();
            return true;
        }
        thread::sleep(TICK);
    }
}
