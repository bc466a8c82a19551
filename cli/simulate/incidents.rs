//! An incident is something that a detection should find, planted into a quiet trail and labelled.
//!
//! All incidents are worked out before the first file is written, so the labels need no second look at
//! the records.

use super::Plan;
use super::actors::Actor;
use super::dice::{Dice, Purpose};
use super::estate::{Account, Estate, Key};
use super::labels::{Incident, Seen};
use super::record::Call;
use super::roster::moment;
use super::schedule::{SLOT_SECONDS, Schedule};
use super::text::{Text, uuid_text};

/// A record that waits for the job of its account, Region and day.
#[derive(Debug)]
pub(super) struct Planted {
    pub(super) account: usize,
    pub(super) region: usize,
    pub(super) time: i64,
    pub(super) text: Text,
    pub(super) is_kms: bool,
}

/// Account and Region, by position in the estate.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) account: usize,
    pub(super) region: usize,
}

/// From when on no log file of a place arrives.
#[derive(Debug, Clone, Copy)]
pub(super) struct Silence {
    pub(super) place: Place,
    pub(super) from: i64,
}

/// What an actor did, beyond who, when and where.
#[derive(Debug, Default)]
pub(super) struct Deed<'a> {
    pub(super) name: &'a str,
    /// The eventSource; KMS when empty.
    pub(super) source: &'a str,
    pub(super) via: &'a str,
    pub(super) request: String,
    pub(super) response: String,
    pub(super) additional: String,
    pub(super) error: Option<(&'a str, String)>,
    pub(super) event_type: &'a str,
    pub(super) key: Option<&'a Key>,
    /// The record's `resources`; those of the key when empty.
    pub(super) resources: String,
    pub(super) read_only: bool,
    pub(super) vpc_endpoint: &'a str,
    pub(super) tls_version: &'a str,
    /// The eventCategory; Management when empty.
    pub(super) category: &'a str,
    /// Further fields as JSON, each after a comma.
    pub(super) extra: String,
    /// For two records of one call.
    pub(super) request_id: Option<u128>,
    pub(super) shared_event_id: Option<u128>,
}

/// The incidents of a plan and the records they consist of.
pub(super) struct Stage<'a> {
    pub(super) estate: &'a Estate,
    pub(super) dice: Dice,
    pub(super) start: i64,
    pub(super) end: i64,
    pub(super) planted: Vec<Planted>,
    pub(super) incidents: Vec<Incident>,
    pub(super) silence: Option<Silence>,
    schedule: &'a Schedule,
}

impl<'a> Stage<'a> {
    pub(super) fn new(plan: &Plan, estate: &'a Estate, schedule: &'a Schedule) -> Self {
        Self {
            estate,
            dice: Dice::new(plan.seed, Purpose::Incidents, &[]),
            start: schedule.first_slot * i64::from(SLOT_SECONDS),
            end: schedule.end_slot * i64::from(SLOT_SECONDS),
            planted: Vec::new(),
            incidents: Vec::new(),
            silence: None,
            schedule,
        }
    }

    pub(super) fn days(&self) -> i64 {
        (self.end - self.start) / 86_400
    }

    /// Whether a log file of this place arrives every hour.
    pub(super) fn hears_hourly(&self, place: Place) -> bool {
        let region = &self.estate.regions[place.region];
        let events = self.schedule.cell_events(self.account(place).weight * region.weight);
        hears_hourly(events / self.schedule.slots())
    }

    /// A moment in the last day (or last third of a short plan) with an hour left before midnight.
    pub(super) fn recent(&self, fraction: f64) -> i64 {
        let length = ((self.end - self.start) / 3).min(86_400);
        let time = self.end - length + (length as f64 * fraction) as i64;
        if time.rem_euclid(86_400) <= 82_700 {
            time
        } else if fraction > 0.5 {
            time - 3_700
        } else {
            time + 3_700
        }
    }

    pub(super) fn account(&self, place: Place) -> &'a Account {
        &self.estate.accounts[place.account]
    }

    pub(super) fn key(&self, place: Place, alias: &str) -> &'a Key {
        self.account(place).key(place.region, alias)
    }

    /// Plants one record.
    pub(super) fn act(&mut self, place: Place, time: i64, actor: &Actor, deed: &Deed<'_>) -> Seen {
        let event_id = self.dice.uuid();
        let date = moment(time).format("%Y-%m-%d").to_string();
        let or = |text: &'_ str, other: &'static str| {
            if text.is_empty() { other.to_owned() } else { text.to_owned() }
        };
        let (source, response) = (or(deed.source, "kms.amazonaws.com"), or(&deed.response, "null"));
        let (request, event_type) = (or(&deed.request, "null"), or(deed.event_type, "AwsApiCall"));
        let category = or(deed.category, "Management");
        let resources = if deed.resources.is_empty() {
            deed.key.map_or("", |key| &key.resources)
        } else {
            &deed.resources
        };
        let direct = deed.via.is_empty();
        let call = Call {
            identity: &actor.identity,
            invoked_by: deed.via,
            date: &date,
            second: time.rem_euclid(86_400) as u32,
            source: &source,
            name: deed.name,
            region: self.estate.regions[place.region].name,
            address: if direct { &actor.address } else { deed.via },
            agent: if direct { actor.agent } else { deed.via },
            error: deed.error.as_ref().map(|(code, message)| (*code, message.as_str())),
            request: request.as_bytes(),
            response: &response,
            additional: &deed.additional,
            request_id: Some(deed.request_id.unwrap_or_else(|| self.dice.uuid())),
            event_id,
            read_only: deed.read_only,
            resources,
            vpc_endpoint: deed.vpc_endpoint,
            tls_version: deed.tls_version,
            category: &category,
            extra: &deed.extra,
            shared_event_id: deed.shared_event_id,
            event_type: &event_type,
            recipient: &self.account(place).id,
            tls_domain: if direct && !actor.console { self.estate.partition.domain() } else { "" },
            from_console: actor.console && deed.event_type.is_empty(),
            ..Call::default()
        };
        let mut text = Text::new();
        call.write(&mut text);
        let is_kms = call.is_kms();
        self.planted.push(Planted {
            account: place.account,
            region: place.region,
            time,
            text,
            is_kms,
        });
        Seen { time, event_id: uuid_text(event_id) }
    }
}

/// Whether a place with so many records in five minutes is busy enough that one log file arrives every hour.
pub(super) fn hears_hourly(expected: f64) -> bool {
    expected * 12.0 >= 6.0
}
