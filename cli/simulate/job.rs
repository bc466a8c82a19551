//! A job writes all files of one account and Region for the events of one day.
//!
//! Jobs share nothing but what the plan fixes, so they run in any order and on any core.

use std::path::{Path, PathBuf};

use super::background;
use super::delivery::{Delivery, Route, Totals};
use super::dice::{Dice, Purpose};
use super::digest::DigestLog;
use super::estate::Estate;
use super::incidents::{Planted, Silence, hears_hourly};
use super::packing::Packer;
use super::roster::{Roster, moment};
use super::scene::Scene;
use super::schedule::{SLOT_SECONDS, SLOTS_PER_DAY, Schedule};
use super::usage::{self, Habit};
use super::{Plan, cross_account, grants, lifecycle};

/// Records that are drawn at once; more are made in steps, to keep memory flat.
const STEP_RECORDS: f64 = 2_000.0;
/// The slot of every hour in which CloudTrail is sure to deliver a file.
const HEARTBEAT_SLOT: i64 = 5;

/// What all jobs of a plan read.
#[derive(Clone, Copy)]
pub(super) struct Shared<'a> {
    pub(super) plan: &'a Plan,
    pub(super) estate: &'a Estate,
    pub(super) schedule: &'a Schedule,
    /// Ordered by time.
    pub(super) planted: &'a [Planted],
    pub(super) silence: Option<Silence>,
    pub(super) out: &'a Path,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Job {
    pub(super) account: usize,
    pub(super) region: usize,
    pub(super) day: i64,
}

/// All jobs of a plan, oldest day first.
pub(super) fn jobs(shared: Shared<'_>) -> Vec<Job> {
    let Shared { estate, schedule, .. } = shared;
    let first = schedule.first_slot.div_euclid(SLOTS_PER_DAY);
    let last = (schedule.end_slot - 1).div_euclid(SLOTS_PER_DAY);
    let mut jobs = Vec::new();
    for day in first..=last {
        for account in 0..estate.accounts.len() {
            jobs.extend((0..estate.regions.len()).map(|region| Job { account, region, day }));
        }
    }
    jobs
}

impl Job {
    /// Writes the job's files.
    pub(super) fn run(self, shared: Shared<'_>, packer: &mut Packer) -> anyhow::Result<Totals> {
        let Shared { plan, estate, schedule, .. } = shared;
        let roster = Roster::new(estate, plan.seed, self.account, self.day);
        let date = moment(self.day * 86_400).format("%Y-%m-%d").to_string();
        let (account, region) = (&estate.accounts[self.account], &estate.regions[self.region]);
        let cell = [self.account as u64, self.region as u64];
        let expected = schedule.cell_events(account.weight * region.weight) / schedule.slots();
        let mut delivery = Delivery::new(self.route(shared), plan.seed, cell, expected, packer);
        if self.account == 0 && self.region == 0 {
            delivery.digests = Some(DigestLog::new(shared.out, plan.seed));
        }
        let mut scene = Scene {
            seed: plan.seed,
            kms_share: plan.kms_share,
            estate,
            schedule,
            account,
            account_index: self.account,
            region,
            region_index: self.region,
            roster: &roster,
            day: self.day,
            date: &date,
            delivery,
            dice: Dice::new(plan.seed, Purpose::Slot, &[]),
            request: Vec::new(),
        };
        let first = self.day * SLOTS_PER_DAY;
        let end = self.end_slot(shared).min(first + SLOTS_PER_DAY);
        let mut planted = self.planted(shared);
        for slot in first.max(schedule.first_slot)..end {
            scene.delivery.flush(slot - first)?;
            self.slot(&mut scene, slot, expected)?;
            while let Some(record) =
                planted.next_if(|record| record.time < (slot + 1) * i64::from(SLOT_SECONDS))
            {
                let second = (record.time - self.day * 86_400) as u32;
                scene.delivery.send_text(second, &record.text, record.is_kms)?;
            }
        }
        scene.delivery.finish()
    }

    /// The slot after the last of which something arrives.
    fn end_slot(self, shared: Shared<'_>) -> i64 {
        let silence = shared.silence.filter(|silence| {
            silence.place.account == self.account && silence.place.region == self.region
        });
        let silent = silence.map(|silence| silence.from.div_euclid(i64::from(SLOT_SECONDS)));
        silent.unwrap_or(i64::MAX).min(shared.schedule.end_slot)
    }

    fn planted(self, shared: Shared<'_>) -> std::iter::Peekable<impl Iterator<Item = &Planted>> {
        shared
            .planted
            .iter()
            .filter(move |record| {
                record.account == self.account
                    && record.region == self.region
                    && record.time.div_euclid(86_400) == self.day
            })
            .peekable()
    }

    fn route(self, shared: Shared<'_>) -> Route {
        let account = &shared.estate.accounts[self.account];
        let mut account_folder: PathBuf = shared.out.join("AWSLogs");
        account_folder.extend(&shared.estate.organization);
        account_folder.push(&account.id);
        Route {
            account_folder,
            account_id: account.id.clone(),
            region: shared.estate.regions[self.region].name,
            day: self.day,
            end_slot: self.end_slot(shared) - self.day * SLOTS_PER_DAY,
        }
    }

    /// Everything that happens in one slot.
    fn slot(self, scene: &mut Scene<'_>, slot: i64, expected: f64) -> anyhow::Result<()> {
        let cell = scene.cell();
        let start = Scene::slot_start(slot - self.day * SLOTS_PER_DAY);
        scene.dice = Dice::new(scene.seed, Purpose::Slot, &[cell[0], cell[1], slot as u64]);
        if slot.rem_euclid(12) == HEARTBEAT_SLOT && self.has_heartbeat(expected) {
            let second = start + scene.dice.below(200);
            usage::trail_file(scene, second)?;
        }
        lifecycle::act(scene, slot, start)?;
        grants::act(scene, slot, start)?;
        cross_account::act(scene, slot, start)?;
        self.issue_credentials(scene, start, expected)?;
        habits(scene, slot, start)
    }

    /// Hourly files prove that logs arrived; a plan too small for them has them in one place only.
    fn has_heartbeat(self, expected: f64) -> bool {
        hears_hourly(expected) || (self.account == 0 && self.region == 0 && expected * 12.0 >= 1.0)
    }

    fn issue_credentials(
        self,
        scene: &mut Scene<'_>,
        start: u32,
        expected: f64,
    ) -> anyhow::Result<()> {
        // Sessions are a small part of a day, also where days are small.
        if self.region != 0 || expected * SLOTS_PER_DAY as f64 <= 400.0 {
            return Ok(());
        }
        let issued = &scene.roster.issued;
        let from = issued.partition_point(|&(second, _)| second < start);
        for &(second, holder) in
            issued[from..].iter().take_while(|&&(second, _)| second < start + SLOT_SECONDS)
        {
            super::credentials::issue(scene, second, holder)?;
        }
        Ok(())
    }
}

/// What everyone does out of habit in one slot, in the order of time.
fn habits(scene: &mut Scene<'_>, slot: i64, start: u32) -> anyhow::Result<()> {
    let weight = scene.cell_weight();
    let events =
        scene.schedule.cell_events(weight) * scene.schedule.activity(scene.cell(), weight, slot);
    if events == 0.0 {
        return Ok(());
    }
    let kms = usage::HABITS.iter().map(|habit| (habit, events * scene.kms_share));
    let other = background::HABITS.iter().map(|habit| (habit, events * (1.0 - scene.kms_share)));
    let means: Vec<(&'static Habit, f64)> = kms
        .chain(other)
        .map(|(habit, events)| {
            let part = scene.schedule.part(habit.rhythm, scene.region_index, slot);
            (habit, events * habit.share * part)
        })
        .collect();
    let total: f64 = means.iter().map(|(_, mean)| mean).sum();
    let steps = (total / STEP_RECORDS).ceil().clamp(1.0, f64::from(SLOT_SECONDS)) as u32;
    let mut acts: Vec<(u32, &'static Habit)> = Vec::new();
    for step in 0..steps {
        let (from, to) = (step * SLOT_SECONDS / steps, (step + 1) * SLOT_SECONDS / steps);
        acts.clear();
        for &(habit, mean) in &means {
            for _ in 0..scene.dice.poisson(mean / f64::from(steps)) {
                acts.push((start + from + scene.dice.below(to - from), habit));
            }
        }
        acts.sort_by_key(|&(second, _)| second);
        for &(second, habit) in &acts {
            (habit.act)(scene, second)?;
        }
    }
    Ok(())
}
