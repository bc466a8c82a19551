//! An incident is something that a detection should find, planted into a quiet trail and labelled.
//!
//! All incidents are worked out before the first file is written, so the labels need no second look at
//! the records.

use serde_json::{Value, json};

use super::Plan;
use super::actors::Actor;
use super::dice::{Dice, Purpose};
use super::estate::{Account, Estate, Key};
use super::record::Call;
use super::roster::moment;
use super::schedule::{SLOT_SECONDS, Schedule};
use super::text::{Text, uuid_text};

/// Days before an event that a detection of first times needs; without them it judges nothing.
const FIRST_TIME_DAYS: i64 = 15;

/// A record that waits for the job of its account, Region and day.
#[derive(Debug)]
pub(super) struct Planted {
    pub(super) account: usize,
    pub(super) region: usize,
    pub(super) time: i64,
    pub(super) text: Text,
    pub(super) is_kms: bool,
}

/// What one detection should find.
#[derive(Debug)]
pub(super) struct Incident {
    detection: &'static str,
    title: String,
    account_id: String,
    region: &'static str,
    actor: String,
    key_arn: Option<String>,
    events: Vec<Seen>,
}

/// When and under which id an event was planted.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    time: i64,
    event_id: String,
}

/// Account and Region, by position in the estate.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) account: usize,
    pub(super) region: usize,
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
    pub(super) read_only: bool,
}

/// The incidents of a plan and the records they consist of.
pub(super) struct Stage<'a> {
    pub(super) estate: &'a Estate,
    pub(super) dice: Dice,
    start: i64,
    end: i64,
    pub(super) planted: Vec<Planted>,
    pub(super) incidents: Vec<Incident>,
}

impl<'a> Stage<'a> {
    pub(super) fn new(plan: &Plan, estate: &'a Estate, schedule: &Schedule) -> Self {
        Self {
            estate,
            dice: Dice::new(plan.seed, Purpose::Incidents, &[]),
            start: schedule.first_slot * i64::from(SLOT_SECONDS),
            end: schedule.end_slot * i64::from(SLOT_SECONDS),
            planted: Vec::new(),
            incidents: Vec::new(),
        }
    }

    pub(super) fn days(&self) -> i64 {
        (self.end - self.start) / 86_400
    }

    pub(super) fn start(&self) -> i64 {
        self.start
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
        let direct = deed.via.is_empty();
        let version = 11;
        let call = Call {
            version,
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
            request_id: Some(self.dice.uuid()),
            event_id,
            read_only: deed.read_only,
            resources: deed.key.map_or("", |key| &key.resources),
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

    /// Labels events as what a detection should find.
    pub(super) fn label(
        &mut self,
        detection: &'static str,
        title: &str,
        place: Place,
        actor: &Actor,
        key: Option<&Key>,
        events: &[Seen],
    ) {
        let first = events.iter().map(|seen| seen.time).min().unwrap_or(self.start);
        if detection == "risky_permission_used" && first - self.start < FIRST_TIME_DAYS * 86_400 {
            return;
        }
        self.incidents.push(Incident {
            detection,
            title: title.to_owned(),
            account_id: self.account(place).id.clone(),
            region: self.estate.regions[place.region].name,
            actor: actor.arn.clone(),
            key_arn: key.map(|key| key.arn.clone()),
            events: events.to_vec(),
        });
    }

    /// The labels as one document.
    pub(super) fn document(&self, plan: &Plan) -> Value {
        let clock = |time: i64| moment(time).format("%Y-%m-%dT%H:%M:%SZ").to_string();
        let incidents: Vec<Value> = self.incidents.iter().map(Incident::document).collect();
        let accounts: Vec<&String> =
            self.estate.accounts.iter().map(|account| &account.id).collect();
        json!({
            "seed": plan.seed,
            "start": clock(self.start),
            "end": clock(self.end),
            "own_accounts": accounts,
            "incidents": incidents,
        })
    }
}

impl Incident {
    fn document(&self) -> Value {
        let clock = |time: Option<i64>| {
            moment(time.unwrap_or_default()).format("%Y-%m-%dT%H:%M:%SZ").to_string()
        };
        let times = || self.events.iter().map(|seen| seen.time);
        let ids: Vec<&String> = self.events.iter().map(|seen| &seen.event_id).collect();
        json!({
            "detection": self.detection,
            "title": self.title,
            "account_id": self.account_id,
            "region": self.region,
            "actor": self.actor,
            "key_arn": self.key_arn,
            "first_time": clock(times().min()),
            "last_time": clock(times().max()),
            "event_ids": ids,
        })
    }
}
