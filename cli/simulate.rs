//! A simulated trail is a CloudTrail S3 tree as an organization would have it, with labelled incidents.
//!
//! A [`Plan`] fixes every byte of it. Work is cut into jobs (one account, Region and day) that hold only
//! the files that are still open, so that memory does not grow with the number of events.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "seconds, slots and shares are small, and chance may be rounded"
)]

mod access_stories;
mod actors;
mod background;
mod context_stories;
mod credentials;
mod cross_account;
mod delivery;
mod dice;
mod digest;
mod direct_use;
mod doom_stories;
mod duty_stories;
mod estate;
mod foreign_key_stories;
mod grant_stories;
mod grantee_stories;
mod grants;
mod guardrail_stories;
mod identities;
mod identity_stories;
mod incidents;
mod inhabitants;
mod job;
mod key_stories;
mod labels;
mod lifecycle;
mod management_calls;
mod material_stories;
mod packing;
mod partition;
mod path_stories;
mod people;
mod policy;
mod policy_stories;
mod record;
mod roster;
mod scene;
mod schedule;
mod service_use;
mod sessions;
mod stories;
mod telling;
mod templates;
mod text;
mod trail_stories;
mod usage;

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use anyhow::{Context, ensure};
use chrono::{DateTime, Utc};

use self::delivery::Totals;
use self::estate::Estate;
use self::incidents::Stage;
use self::job::Shared;
use self::packing::Packer;
pub(crate) use self::partition::Partition;
use self::schedule::Schedule;

/// What to simulate. The same plan gives the same tree, byte for byte.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// CloudTrail records in all, approximately, of KMS and of other services.
    pub(crate) events: u64,
    pub(crate) days: u32,
    pub(crate) accounts: u32,
    /// Part of the records that is about KMS, from 0 to 1.
    pub(crate) kms_share: f64,
    pub(crate) seed: u64,
    pub(crate) partition: Partition,
    /// Exclusive end of the simulated time, rounded down to five minutes.
    pub(crate) end: DateTime<Utc>,
    /// Whether the tree is that of an organization trail.
    pub(crate) organization: bool,
}

/// What has been written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Summary {
    /// Log files, without digests.
    pub(crate) objects: u64,
    /// Records in them, records delivered twice counted twice.
    pub(crate) records: u64,
    pub(crate) kms_records: u64,
    pub(crate) bytes: u64,
    pub(crate) incidents: u64,
}

/// Writes the tree of `plan` and its `incidents.json` into the folder `out`.
///
/// `progress` is told the number of records written so far.
///
/// # Errors
///
/// When the plan is out of range, `out` already holds a tree, or a file cannot be written.
pub(crate) fn write_trail(
    plan: &Plan,
    out: &Path,
    progress: &mut dyn FnMut(u64),
) -> anyhow::Result<Summary> {
    ensure!((0.0..=1.0).contains(&plan.kms_share), "kms share must lie between 0 and 1");
    ensure!((1..=3_650).contains(&plan.days), "days must lie between 1 and 3650");
    ensure!((1..=500).contains(&plan.accounts), "accounts must lie between 1 and 500");
    ensure!(!out.join("AWSLogs").exists(), "{} already holds a trail", out.display());
    delivery::make_folder(out)?;
    let estate = Estate::new(plan);
    let schedule = Schedule::new(plan, estate.regions);
    let mut stage = Stage::new(plan, &estate, &schedule);
    stories::plant_all(&mut stage);
    stage.planted.sort_by_key(|record| record.time);
    let labels =
        serde_json::to_string_pretty(&stage.document(plan)).context("writing labels as JSON")?;
    let path = out.join("incidents.json");
    fs::write(&path, labels + "\n").with_context(|| format!("writing {}", path.display()))?;
    let shared = Shared {
        plan,
        estate: &estate,
        schedule: &schedule,
        planted: &stage.planted,
        silence: stage.silence,
        out,
    };
    let totals = run_jobs(shared, progress)?;
    Ok(Summary {
        objects: totals.objects,
        records: totals.records,
        kms_records: totals.kms_records,
        bytes: totals.bytes,
        incidents: stage.incidents.len() as u64,
    })
}

/// Runs all jobs on all cores; the first error stops them.
fn run_jobs(shared: Shared<'_>, progress: &mut dyn FnMut(u64)) -> anyhow::Result<Totals> {
    let jobs = job::jobs(shared);
    let (next, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    let workers = thread::available_parallelism().map_or(1, usize::from).min(jobs.len());
    let (sender, receiver) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..workers {
            let (jobs, next, stop, sender) = (&jobs, &next, &stop, sender.clone());
            scope.spawn(move || {
                let mut packer = Packer::new();
                while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if stop.load(Ordering::Relaxed)
                        || sender.send(job.run(shared, &mut packer)).is_err()
                    {
                        break;
                    }
                }
            });
        }
        drop(sender);
        let mut totals = Totals::default();
        for written in receiver {
            let written = written.inspect_err(|_| stop.store(true, Ordering::Relaxed))?;
            totals.objects += written.objects;
            totals.records += written.records;
            totals.kms_records += written.kms_records;
            totals.bytes += written.bytes;
            progress(totals.records);
        }
        Ok(totals)
    })
}

#[cfg(test)]
mod tests;
