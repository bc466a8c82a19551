//! Duty stories are incidents in which one actor does what two should: make, administer and use a key.

use super::incidents::{Place, Stage};
use super::policy::{allow, default_policy, policy_with};
use super::telling::Birth;

const DAY: i64 = 86_400;

/// Plants every story of its kind that the plan has room for.
pub(super) fn plant_all(stage: &mut Stage<'_>, home: Place, last: Place) {
    all_three(stage, last);
    first_key(stage, home);
    odd_key(stage, last);
    gave_itself_access(stage, last);
    if stage.days() >= 6 {
        program_administers(stage, home);
    }
}

/// A policy that lets the application decrypt.
fn with_application(stage: &Stage<'_>, place: Place) -> String {
    let app = format!(r#"{{"AWS": "{}"}}"#, stage.iam(place, "role/App"));
    let statement = allow("App", &app, r#""kms:Decrypt""#);
    policy_with(stage.estate.partition, &stage.account(place).id, &statement)
}

/// One engineer makes a key, puts its policy and decrypts with it.
fn all_three(stage: &mut Stage<'_>, place: Place) {
    let time = stage.recent(0.13);
    let actor = stage.role(place, "PrototypeEngineer", "lou.hart", time, true);
    let key = stage.new_key(place, "prototype");
    let policy = with_application(stage, place);
    let created = stage.create_key(place, time, &actor, &key, Birth::default());
    let put = stage.put_policy(place, time + 300, &actor, &key, &policy);
    let used = stage.decrypt(place, time + 900, &actor, &key, r#""purpose":"prototype""#);
    let title = "an engineer made, administers and uses a key";
    let all = [created, put, used];
    stage.label("creator_administers_and_uses", title, place, &actor, Some(&key), &all);
    stage.label("administrator_uses_key", title, place, &actor, Some(&key), &all[1..]);
    stage.label("key_created_by_unexpected_actor", title, place, &actor, Some(&key), &all[..1]);
    stage.label_all(
        &["risky_permission_used", "key_policy_changed"],
        title,
        place,
        &actor,
        Some(&key),
        &all[1..2],
    );
}

/// A program that has only ever decrypted puts a policy and disables a key.
fn program_administers(stage: &mut Stage<'_>, place: Place) {
    let time = stage.recent(0.64);
    let actor = stage.machine(place, "invoice-reader", time - 5 * DAY);
    let used = stage.new_key(place, "invoices");
    for day in 1..=5 {
        stage.decrypt(place, time - day * DAY, &actor, &used, r#""purpose":"invoice""#);
    }
    let key = stage.new_key(place, "accounting");
    let policy = with_application(stage, place);
    let seen = [
        stage.put_policy(place, time, &actor, &key, &policy),
        stage.change(place, time + 240, &actor, &key, "DisableKey", ""),
    ];
    let title = "a program that only used keys now administers one";
    stage.label_all(
        &["user_turned_administrator", "risky_permission_used"],
        title,
        place,
        &actor,
        Some(&key),
        &seen,
    );
    stage.label("key_policy_changed", title, place, &actor, Some(&key), &seen[..1]);
    stage.label("key_disabled", title, place, &actor, Some(&key), &seen[1..]);
}

/// A developer, for whom the pipeline makes keys, makes one.
fn first_key(stage: &mut Stage<'_>, place: Place) {
    let time = stage.recent(0.69);
    let path = "aws-reserved/sso.amazonaws.com/AWSReservedSSO_Experiments_1a2b3c4d5e6f7081";
    let actor = stage.role(place, path, "jo.castell@example.com", time, false);
    let key = stage.new_key(place, "experiment");
    let seen = [stage.create_key(place, time, &actor, &key, Birth::default())];
    stage.label(
        "key_created_by_unexpected_actor",
        "a developer made a key",
        place,
        &actor,
        Some(&key),
        &seen,
    );
}

/// The pipeline makes a key on a curve of cryptocurrencies.
fn odd_key(stage: &mut Stage<'_>, place: Place) {
    let time = stage.recent(0.34);
    let actor = stage.pipeline(place);
    let key = stage.new_key(place, "wallet");
    let birth = Birth { spec: "ECC_SECG_P256K1", usage: "SIGN_VERIFY", ..Birth::default() };
    let seen = [stage.create_key(place, time, &actor, &key, birth)];
    stage.label(
        "key_created_outside_conventions",
        "a key was made with a spec that few need",
        place,
        &actor,
        Some(&key),
        &seen,
    );
}

/// An engineer is refused, changes the key's policy, and is let in.
fn gave_itself_access(stage: &mut Stage<'_>, place: Place) {
    let time = stage.recent(0.77);
    let actor = stage.role(place, "ReportEngineer", "val.prior", time, true);
    let key = stage.new_key(place, "salaries");
    let (partition, account) = (stage.estate.partition, &stage.account(place).id);
    let before = default_policy(partition, account);
    let pipeline = stage.pipeline(place);
    let birth = Birth { policy: &before, ..Birth::default() };
    stage.create_key(place, time - 1_800, &pipeline, &key, birth);
    let own = format!(r#"{{"AWS": "{}"}}"#, actor.arn);
    let policy = policy_with(partition, account, &allow("Reports", &own, r#""kms:Decrypt""#));
    let refused = stage.refused(place, time, &actor, &key, "Decrypt");
    let put = stage.put_policy(place, time + 600, &actor, &key, &policy);
    let used = stage.decrypt(place, time + 1_200, &actor, &key, r#""purpose":"report""#);
    let title = "an engineer gave a role of their own what it had been refused";
    let all = [refused, put, used];
    stage.label("denied_then_allowed", title, place, &actor, Some(&key), &all);
    stage.label("administrator_uses_key", title, place, &actor, Some(&key), &all[1..]);
    stage.label_all(
        &["risky_permission_used", "key_policy_changed"],
        title,
        place,
        &actor,
        Some(&key),
        &all[1..2],
    );
}
