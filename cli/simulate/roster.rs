//! A roster is who holds which credentials in one account on one day.
//!
//! All Regions of an account share it, so that an access key that STS issued is the one that KMS sees.

use chrono::{DateTime, Utc};

use super::dice::{Dice, Purpose};
use super::estate::Estate;
use super::sessions::SessionWriter;

pub(super) const PIPELINE: &str = "build-pipeline";
/// Workload credentials are renewed every six hours.
pub(super) const QUARTER_SECONDS: u32 = 21_600;

/// One set of temporary credentials.
#[derive(Debug)]
pub(super) struct Session {
    /// The `userIdentity` object without its closing brace.
    pub(super) identity: String,
    pub(super) name: String,
    pub(super) address: String,
    pub(super) agent: &'static str,
    pub(super) access_key: String,
    pub(super) from: u32,
    pub(super) until: u32,
    pub(super) console: bool,
}

/// Whose credentials are issued.
#[derive(Debug, Clone, Copy)]
pub(super) enum Holder {
    Person(usize),
    Workload { workload: usize, quarter: usize, session: usize },
}

#[derive(Debug)]
pub(super) struct Roster {
    /// By workload, quarter of the day, and session.
    pub(super) workloads: Vec<[Vec<Session>; 4]>,
    /// Absent people have no session.
    pub(super) people: Vec<Option<Session>>,
    /// The build pipeline's IAM user with its long-term key, and as services forward it.
    pub(super) pipeline: [Session; 2],
    /// Credentials issued during the day, by second.
    pub(super) issued: Vec<(u32, Holder)>,
}

impl Roster {
    pub(super) fn new(estate: &Estate, seed: u64, account: usize, day: i64) -> Self {
        let mut dice = Dice::new(seed, Purpose::Roster, &[account as u64, day as u64]);
        let writer = SessionWriter { estate, account: &estate.accounts[account], day };
        let workloads: Vec<[Vec<Session>; 4]> = writer
            .account
            .workloads
            .iter()
            .map(|workload| {
                std::array::from_fn(|quarter| writer.quarter(workload, quarter as u32, &mut dice))
            })
            .collect();
        let people: Vec<Option<Session>> =
            writer.account.people.iter().map(|person| writer.person(person, &mut dice)).collect();
        let issued = issued(&workloads, &people);
        let pipeline = [writer.pipeline(false, &mut dice), writer.pipeline(true, &mut dice)];
        Self { workloads, people, pipeline, issued }
    }

    /// A session of the workload that is valid at `second` of the day.
    pub(super) fn workload(&self, workload: usize, second: u32, dice: &mut Dice) -> &Session {
        let quarter = ((second / QUARTER_SECONDS) as usize).min(3);
        dice.pick(&self.workloads[workload][quarter])
    }
}

fn issued(workloads: &[[Vec<Session>; 4]], people: &[Option<Session>]) -> Vec<(u32, Holder)> {
    let mut issued = Vec::new();
    for (workload, quarters) in workloads.iter().enumerate() {
        for (quarter, sessions) in quarters.iter().enumerate() {
            for (session, held) in sessions.iter().enumerate() {
                issued.push((held.from, Holder::Workload { workload, quarter, session }));
            }
        }
    }
    for (person, session) in people.iter().enumerate() {
        if let Some(session) = session {
            issued.push((session.from, Holder::Person(person)));
        }
    }
    issued.sort_by_key(|&(second, _)| second);
    issued
}

/// A moment as a date, the epoch when it is out of range.
pub(super) fn moment(epoch_second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(epoch_second, 0).unwrap_or_default()
}
