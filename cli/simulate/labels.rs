//! A label says what one detection should find: when, where, by whom, and in which events.
//!
//! A story that several detections see has a label for each of them.

use serde_json::{Value, json};

use super::Plan;
use super::actors::Actor;
use super::estate::Key;
use super::incidents::{Place, Stage};
use super::roster::moment;

/// Days before an event that a detection of first times needs; without them it judges nothing.
pub(super) const FIRST_TIME_DAYS: i64 = 15;

/// The detections of first times.
const FIRST_TIMES: [&str; 9] = [
    "enclave_image_unexpected",
    "external_key_material_introduced",
    "grant_created_directly",
    "key_created_by_unexpected_actor",
    "key_enumeration",
    "kms_outside_vpc_endpoint",
    "risky_permission_used",
    "service_key_used_directly",
    "user_turned_administrator",
];

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
    pub(super) time: i64,
    pub(super) event_id: String,
}

impl Stage<'_> {
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
        let new = FIRST_TIMES.contains(&detection);
        if new && first - self.start < FIRST_TIME_DAYS * 86_400 {
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

    /// Labels the same events for every detection that should find them.
    pub(super) fn label_all(
        &mut self,
        detections: &[&'static str],
        title: &str,
        place: Place,
        actor: &Actor,
        key: Option<&Key>,
        events: &[Seen],
    ) {
        for detection in detections {
            self.label(detection, title, place, actor, key, events);
        }
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
            time.map(|time| moment(time).format("%Y-%m-%dT%H:%M:%SZ").to_string())
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
