//! Doom stories are incidents in which keys become unusable, and what was encrypted under them with them.

use super::actors::service;
use super::digest::TRAIL;
use super::incidents::{Deed, Place, Stage};
use super::policy::{allow, policy_with};
use super::telling::decrypt;

const DAY: i64 = 86_400;

/// Plants every story of its kind that the plan has room for.
pub(super) fn plant_all(stage: &mut Stage<'_>, home: Place, last: Place, away: Place) {
    many_at_once(stage, last);
    still_wanted(stage, away);
    if stage.days() >= 5 {
        trail_key(stage, home);
    }
    if stage.days() >= 9 {
        deleted(stage, home);
    }
}

/// A key is scheduled for deletion, and KMS deletes it seven days later.
fn deleted(stage: &mut Stage<'_>, place: Place) {
    let time = stage.recent(0.56);
    let pipeline = stage.pipeline(place);
    let key = stage.new_key(place, "retired");
    let scheduled = stage.schedule_deletion(place, time - 7 * DAY, &pipeline, &key);
    let deed = Deed {
        name: "DeleteKey",
        via: "AWS Internal",
        response: format!(r#"{{"keyId":"{}"}}"#, key.arn),
        event_type: "AwsServiceEvent",
        key: Some(&key),
        ..Deed::default()
    };
    let itself = stage.kms_itself(place);
    let gone = stage.act(place, time, &itself, &deed);
    let title = "KMS deleted a key";
    stage.label("key_deleted", title, place, &pipeline, Some(&key), &[scheduled, gone]);
}

/// An intruder makes four keys unusable within half an hour, each in another way.
fn many_at_once(stage: &mut Stage<'_>, place: Place) {
    let time = stage.recent(0.91);
    let actor = stage.role(place, "PlatformBreakglass", "sasha.crane", time, true);
    let names = ["customers", "orders", "tickets", "mails"];
    let keys = names.map(|name| stage.new_key(place, name));
    let own = format!(r#"{{"AWS": "{}"}}"#, actor.arn);
    let statement = allow("Mine", &own, r#""kms:DescribeKey""#);
    let policy = policy_with(stage.estate.partition, &stage.account(place).id, &statement);
    let seen = [
        stage.change(place, time, &actor, &keys[0], "DisableKey", ""),
        stage.change(place, time + 200, &actor, &keys[1], "DisableKey", ""),
        stage.schedule_deletion(place, time + 500, &actor, &keys[2]),
        stage.put_policy(place, time + 900, &actor, &keys[3], &policy),
    ];
    let title = "four keys were made unusable in a quarter of an hour";
    let both = ["mass_key_disruption", "risky_permission_used"];
    stage.label_all(&both, title, place, &actor, None, &seen);
    let each = ["key_disabled", "key_disabled", "key_deletion_scheduled", "key_policy_changed"];
    for (number, detection) in each.into_iter().enumerate() {
        let event = &seen[number..=number];
        stage.label(detection, title, place, &actor, Some(&keys[number]), event);
    }
}

/// CloudTrail encrypts logs with a key for days, and then somebody disables it.
fn trail_key(stage: &mut Stage<'_>, place: Place) {
    let time = stage.recent(0.88);
    let key = stage.new_key(place, "audit-trail");
    let trail = service("cloudtrail.amazonaws.com");
    let (partition, account) = (stage.estate.partition, &stage.account(place).id);
    let region = stage.estate.regions[place.region].name;
    for turn in 1..=12 {
        let number = stage.dice.hex(16);
        let deed = Deed {
            name: "GenerateDataKey",
            via: "cloudtrail.amazonaws.com",
            request: format!(
                r#"{{"keyId":"{}","keySpec":"AES_256","encryptionContext":{{"aws:cloudtrail:arn":"arn:{partition}:cloudtrail:{region}:{account}:trail/{TRAIL}-audit","aws:s3:arn":"arn:{partition}:s3:::{TRAIL}-audit-{account}/AWSLogs/{account}/CloudTrail/{region}/{number}.json.gz"}}}}"#,
                key.arn
            ),
            key: Some(&key),
            read_only: true,
            ..Deed::default()
        };
        stage.act(place, time - turn * 8 * 3_600, &trail, &deed);
    }
    let actor = stage.role(place, "AuditOperator", "lee.thorn", time, true);
    let seen = [stage.change(place, time, &actor, &key, "DisableKey", "")];
    stage.label_all(
        &["trail_key_disrupted", "key_disabled", "risky_permission_used"],
        "the key that a trail's logs are encrypted with was disabled",
        place,
        &actor,
        Some(&key),
        &seen,
    );
}

/// A key is scheduled for deletion while a program still needs it.
fn still_wanted(stage: &mut Stage<'_>, place: Place) {
    let time = stage.recent(0.45);
    let pipeline = stage.pipeline(place);
    let key = stage.new_key(place, "old-invoices");
    let scheduled = [stage.schedule_deletion(place, time, &pipeline, &key)];
    let title = "a key that is still needed waits for its deletion";
    stage.label("key_deletion_scheduled", title, place, &pipeline, Some(&key), &scheduled);
    let actor = stage.machine(place, "invoice-archive", time);
    let seen: Vec<_> = (1..=3)
        .map(|step| {
            let deed = Deed {
                additional: String::new(),
                error: Some((
                    "KMSInvalidStateException",
                    format!("{} is pending deletion.", key.arn),
                )),
                ..decrypt(&key, r#""purpose":"invoice""#)
            };
            stage.act(place, time + step * 600, &actor, &deed)
        })
        .collect();
    stage.label("use_of_doomed_key", title, place, &actor, Some(&key), &seen);
}
