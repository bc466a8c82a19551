//! Key stories are incidents about what becomes of keys: rotation, aliases, stores, and keys nobody uses.

use super::incidents::{Deed, Place, Stage};
use super::policy::default_policy;
use super::telling::Birth;

const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;
/// Days in which a key must have been silent, or unrotated, to be called so.
const UNUSED_DAYS: i64 = 92;
const UNROTATED_DAYS: i64 = 368;

/// Plants every story of its kind that the plan has room for.
pub(super) fn plant_all(stage: &mut Stage<'_>, home: Place, last: Place) {
    let others = [last, Place { account: 0, region: 1 }];
    pipeline_at_work(stage, home);
    for place in others {
        if place.account != home.account {
            pipeline_at_work(stage, place);
        }
    }
    rotation_disabled(stage, last);
    period_lengthened(stage, home);
    alias_repointed(stage, home);
    store_disconnected(stage, last);
}

/// The pipeline makes a key on the first day and puts the same policy again every ten days, so that nothing
/// it does later is new. Nobody ever uses that key.
fn pipeline_at_work(stage: &mut Stage<'_>, place: Place) {
    let actor = stage.pipeline(place);
    let key = stage.new_key(place, "spare");
    let policy = default_policy(stage.estate.partition, &stage.account(place).id);
    let birth = Birth { policy: &policy, ..Birth::default() };
    let time = stage.start + HOUR;
    let seen = [stage.create_key(place, time, &actor, &key, birth)];
    for turn in 0..=stage.days() / 10 {
        let again = time + 60 + turn * 10 * DAY;
        if again < stage.end {
            stage.put_policy(place, again, &actor, &key, &policy);
        }
    }
    if stage.days() > UNUSED_DAYS {
        let title = "a key has not been used since it was made";
        stage.label("unused_key", title, place, &actor, Some(&key), &seen);
    }
    if stage.days() > UNROTATED_DAYS {
        let title = "a key has not been rotated for a year";
        stage.label("key_not_rotated", title, place, &actor, Some(&key), &seen);
    }
}

/// An operator turns off the rotation of a key.
fn rotation_disabled(stage: &mut Stage<'_>, place: Place) {
    let time = stage.recent(0.16);
    let actor = stage.role(place, "RotationOperator", "wes.arden", time, true);
    let key = stage.new_key(place, "rotating");
    let seen = [stage.change(place, time, &actor, &key, "DisableKeyRotation", "")];
    stage.label_all(
        &["rotation_disabled", "risky_permission_used"],
        "an operator disabled rotation",
        place,
        &actor,
        Some(&key),
        &seen,
    );
}

/// A key that was rotated every 90 days is to be rotated every seven years.
fn period_lengthened(stage: &mut Stage<'_>, place: Place) {
    let actor = stage.pipeline(place);
    let key = stage.new_key(place, "often-rotated");
    let rotate = |days: u32| format!(r#","rotationPeriodInDays":{days}"#);
    let begin = stage.start + 5 * HOUR;
    stage.change(place, begin, &actor, &key, "EnableKeyRotation", &rotate(90));
    let time = stage.recent(0.53);
    let seen = [stage.change(place, time, &actor, &key, "EnableKeyRotation", &rotate(2_560))];
    stage.label(
        "rotation_period_lengthened",
        "a key's rotation period became 2560 days",
        place,
        &actor,
        Some(&key),
        &seen,
    );
}

/// An engineer makes a key and points an alias in use at it.
fn alias_repointed(stage: &mut Stage<'_>, place: Place) {
    let alias = "alias/checkout";
    let (old, new) = (stage.new_key(place, "checkout"), stage.new_key(place, "checkout-2"));
    let resources = format!(
        r#"[{{"accountId":"{0}","type":"AWS::KMS::Key","ARN":"arn:{1}:kms:{2}:{0}:{alias}"}},{3}"#,
        stage.account(place).id,
        stage.estate.partition,
        stage.estate.regions[place.region].name,
        old.resources.trim_start_matches('[')
    );
    let deed = |name, target: &str| Deed {
        name,
        request: format!(r#"{{"aliasName":"{alias}","targetKeyId":"{target}"}}"#),
        resources: resources.clone(),
        ..Deed::default()
    };
    let pipeline = stage.pipeline(place);
    let begin = stage.start + 5 * HOUR + 600;
    stage.act(place, begin, &pipeline, &deed("CreateAlias", &old.id));
    let time = stage.recent(0.81);
    let actor = stage.role(place, "CheckoutEngineer", "ren.falk", time, true);
    let title = "an engineer pointed an alias at a key of their own";
    let created = [stage.create_key(place, time - HOUR, &actor, &new, Birth::default())];
    stage.label("key_created_by_unexpected_actor", title, place, &actor, Some(&new), &created);
    let seen = [stage.act(place, time, &actor, &deed("UpdateAlias", &new.id))];
    stage.label_all(
        &["alias_repointed", "risky_permission_used"],
        title,
        place,
        &actor,
        Some(&new),
        &seen,
    );
}

/// The key store that keys live in is disconnected.
fn store_disconnected(stage: &mut Stage<'_>, place: Place) {
    let time = stage.recent(0.86);
    let actor = stage.role(place, "StoreOperator", "bo.lange", time, true);
    let deed = Deed {
        name: "DisconnectCustomKeyStore",
        request: format!(r#"{{"customKeyStoreId":"cks-{}"}}"#, stage.dice.hex(17)),
        additional: r#"{"customKeyStoreName":"hardware","clusterId":"cluster-1a23b4cdefg"}"#
            .to_owned(),
        ..Deed::default()
    };
    let seen = [stage.act(place, time, &actor, &deed)];
    stage.label_all(
        &["key_store_disrupted", "risky_permission_used"],
        "a custom key store was disconnected",
        place,
        &actor,
        None,
        &seen,
    );
}
