//! A schedule says how much of the plan's volume falls into each five-minute slot.

use super::Plan;
use super::dice::{Dice, Purpose};
use super::partition::Region;

/// Slots per day; CloudTrail delivers files in slots of five minutes.
pub(super) const SLOTS_PER_DAY: i64 = 288;
pub(super) const SLOT_SECONDS: u32 = 300;
const SLOTS_PER_WEEK: usize = 2016;
/// Below this many records per slot, activity comes in clumps, as it does in quiet accounts.
const CLUMP: f64 = 16.0;

/// When something happens during a week of local time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rhythm {
    /// Machines that never sleep.
    Flat,
    /// Services used by customers: busy by day, calmer at night and at weekends.
    Day,
    /// Jobs between one and four at night.
    Night,
    /// People at work.
    Office,
}

const RHYTHMS: [Rhythm; 4] = [Rhythm::Flat, Rhythm::Day, Rhythm::Night, Rhythm::Office];

impl Rhythm {
    fn weight(self, slot_of_week: usize) -> f64 {
        let hour = (slot_of_week % 288) as f64 / 12.0;
        let weekend = slot_of_week >= 5 * 288;
        let bump = ((hour - 6.0) / 17.0 * std::f64::consts::PI).sin();
        match self {
            Self::Flat => 1.0,
            Self::Day => {
                let level = if (6.0..23.0).contains(&hour) { 0.2 + 0.8 * bump } else { 0.2 };
                if weekend { level * 0.55 } else { level }
            }
            Self::Night if (1.0..4.0).contains(&hour) => 1.0,
            Self::Night => 0.002,
            Self::Office if weekend => 0.01,
            Self::Office if (12.0..13.0).contains(&hour) => 0.5,
            Self::Office if (8.0..18.0).contains(&hour) => 1.0,
            Self::Office => 0.005,
        }
    }
}

/// Volume per slot for a whole plan.
#[derive(Debug)]
pub(super) struct Schedule {
    seed: u64,
    events: f64,
    /// First slot and the one after the last, counted from 1970.
    pub(super) first_slot: i64,
    pub(super) end_slot: i64,
    /// By Region and rhythm: each slot of the week as a part of the whole plan.
    parts: Vec<Vec<Vec<f64>>>,
    hours_ahead: Vec<i64>,
}

impl Schedule {
    pub(super) fn new(plan: &Plan, regions: &[Region]) -> Self {
        let end_slot = plan.end.timestamp().div_euclid(i64::from(SLOT_SECONDS));
        let first_slot = end_slot - i64::from(plan.days.max(1)) * SLOTS_PER_DAY;
        let mut schedule = Self {
            seed: plan.seed,
            events: plan.events as f64,
            first_slot,
            end_slot,
            parts: Vec::new(),
            hours_ahead: regions.iter().map(|region| region.hours_ahead).collect(),
        };
        for region in 0..regions.len() {
            let parts = RHYTHMS.iter().map(|&rhythm| schedule.normalised(rhythm, region)).collect();
            schedule.parts.push(parts);
        }
        schedule
    }

    fn normalised(&self, rhythm: Rhythm, region: usize) -> Vec<f64> {
        let weights: Vec<f64> = (0..SLOTS_PER_WEEK).map(|slot| rhythm.weight(slot)).collect();
        let total: f64 = (self.first_slot..self.end_slot)
            .map(|slot| weights[self.slot_of_week(region, slot)])
            .sum();
        weights.iter().map(|weight| weight / total).collect()
    }

    fn slot_of_week(&self, region: usize, slot: i64) -> usize {
        // 1970 began on a Thursday; weeks here begin on Monday, in local time.
        let local = slot + 3 * SLOTS_PER_DAY + self.hours_ahead[region] * 12;
        local.rem_euclid(SLOTS_PER_WEEK as i64) as usize
    }

    /// The part of a plan-long habit that falls into `slot`.
    pub(super) fn part(&self, rhythm: Rhythm, region: usize, slot: i64) -> f64 {
        if (self.first_slot..self.end_slot).contains(&slot) {
            self.parts[region][rhythm as usize][self.slot_of_week(region, slot)]
        } else {
            0.0
        }
    }

    /// Events that a cell with this share of the estate should see in the whole plan.
    pub(super) fn cell_events(&self, cell_weight: f64) -> f64 {
        self.events * cell_weight
    }

    pub(super) fn slots(&self) -> f64 {
        (self.end_slot - self.first_slot) as f64
    }

    /// How lively a cell is in a slot, 1 on average: clumps when quiet, mild weather when busy.
    pub(super) fn activity(&self, cell: [u64; 2], cell_weight: f64, slot: i64) -> f64 {
        let mut dice = Dice::new(self.seed, Purpose::Activity, &[cell[0], cell[1], slot as u64]);
        let awake = (self.cell_events(cell_weight) / self.slots() / CLUMP).min(1.0);
        if !dice.chance(awake) {
            return 0.0;
        }
        dice.log_normal(0.98, 0.2) / awake
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::tests::small_plan;

    #[test]
    fn every_rhythm_adds_up_to_the_whole_plan() {
        let plan = small_plan();
        let schedule = Schedule::new(&plan, plan.partition.regions());
        for rhythm in RHYTHMS {
            let total: f64 = (schedule.first_slot..schedule.end_slot)
                .map(|slot| schedule.part(rhythm, 1, slot))
                .sum();
            assert!((total - 1.0).abs() < 1e-6, "{rhythm:?} adds up to {total}");
        }
    }

    #[test]
    fn nights_and_weekends_are_quiet_in_the_office() {
        let monday_noon = Rhythm::Office.weight(10 * 12);
        assert!(monday_noon > 50.0 * Rhythm::Office.weight(2 * 12));
        assert!(monday_noon > 50.0 * Rhythm::Office.weight(6 * 288 + 10 * 12));
    }
}
