//! Grantee stories are incidents about who is given a grant, how many there are, and how long they stay.

use super::grant_stories::create_grant;
use super::incidents::{Deed, Place, Stage};

const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;
/// Covered days that a grant must lie unused for; below, nobody can call it so.
const SILENT_DAYS: i64 = 92;

/// Plants every story of its kind that the plan has room for.
pub(super) fn plant_all(stage: &mut Stage<'_>, home: Place, last: Place) {
    given(stage, home);
    refused_for_lack_of_room(stage, last);
    if stage.days() >= 6 {
        left_open(stage, last);
    }
    if stage.days() > SILENT_DAYS {
        never_used(stage, last);
    }
}

/// Three engineers make one grant each: to themselves, to a whole account, and without any constraint.
fn given(stage: &mut Stage<'_>, place: Place) {
    let (root, worker) = (stage.iam(place, "root"), stage.iam(place, "role/service/worker"));
    let own = stage.iam(place, "role/SupportEngineer");
    let context = r#""purpose":"support""#;
    let stories: [(f64, &str, &str, &str, &str, &str, &'static str); 3] = [
        (0.33, "SupportEngineer", &own, r#""Decrypt""#, context, "themselves", "grant_to_self"),
        (
            0.43,
            "AccountEngineer",
            &root,
            r#""Decrypt""#,
            context,
            "a whole account",
            "grant_to_account_root",
        ),
        (
            0.53,
            "WorkerEngineer",
            &worker,
            r#""Decrypt","GenerateDataKey""#,
            "",
            "a role, without a constraint",
            "unconstrained_grant",
        ),
    ];
    for (fraction, role, grantee, operations, context, whom, detection) in stories {
        let time = stage.recent(fraction);
        let actor = stage.role(place, role, "uma.lorenz", time, true);
        let key = stage.new_key(place, "granted");
        let deed = create_grant(stage, &key, grantee, operations, context);
        let seen = [stage.act(place, time, &actor, &deed)];
        stage.label_all(
            &[detection, "risky_permission_used", "grant_created_directly"],
            &format!("an engineer created a grant to {whom}"),
            place,
            &actor,
            Some(&key),
            &seen,
        );
    }
}

/// A program makes a grant for everything it starts, until KMS allows no more.
fn refused_for_lack_of_room(stage: &mut Stage<'_>, place: Place) {
    let time = stage.recent(0.62);
    let actor = stage.machine(place, "batch-launcher", time);
    let key = stage.new_key(place, "batch");
    let worker = stage.iam(place, "role/service/worker");
    let seen: Vec<_> = (0..3)
        .map(|step| {
            let context = r#""purpose":"batch""#;
            let deed = Deed {
                response: String::new(),
                error: Some((
                    "LimitExceededException",
                    format!("Grants limit exceeded for key {}", key.arn),
                )),
                ..create_grant(stage, &key, &worker, r#""Decrypt""#, context)
            };
            stage.act(place, time + step * 90, &actor, &deed)
        })
        .collect();
    stage.label(
        "grant_quota_near",
        "KMS refused grants for lack of room",
        place,
        &actor,
        Some(&key),
        &seen,
    );
}

/// EC2 retires each grant two hours later, but for one.
fn left_open(stage: &mut Stage<'_>, place: Place) {
    let key = stage.new_key(place, "volumes");
    let begin = stage.recent(0.5) - 4 * DAY;
    for number in 0..26 {
        let instance = format!("i-{}", stage.dice.hex(17));
        let actor = stage.infrastructure(place, &instance);
        let grantee = format!("{}:aws:ec2-infrastructure:{instance}", stage.account(place).id);
        let volume = format!(r#""aws:ebs:id":"vol-{}""#, stage.dice.hex(17));
        let create = Deed {
            via: "ec2.amazonaws.com",
            ..create_grant(stage, &key, &grantee, r#""Decrypt""#, &volume)
        };
        let grant_id = create.response.split('"').nth(3).unwrap_or_default().to_owned();
        let time = begin + number * 2 * HOUR;
        let seen = stage.act(place, time, &actor, &create);
        if number == 12 {
            stage.label(
                "service_grant_left_open",
                "a grant of EC2 has outlived all others",
                place,
                &actor,
                Some(&key),
                &[seen],
            );
            continue;
        }
        let retire = Deed {
            name: "RetireGrant",
            via: "AWS Internal",
            additional: format!(r#"{{"grantId":"{grant_id}"}}"#),
            key: Some(&key),
            ..Deed::default()
        };
        stage.act(place, time + 2 * HOUR, &actor, &retire);
    }
}

/// A grant that was made to be on the safe side.
fn never_used(stage: &mut Stage<'_>, place: Place) {
    let time = stage.recent(0.4) - 20 * DAY;
    let actor = stage.role(place, "BackupEngineer", "sol.vance", time, true);
    let key = stage.new_key(place, "cold-storage");
    let restore = stage.iam(place, "role/service/restore");
    let deed = create_grant(stage, &key, &restore, r#""Decrypt""#, r#""purpose":"restore""#);
    let seen = [stage.act(place, time, &actor, &deed)];
    stage.label_all(
        &["never_used_grant", "risky_permission_used", "grant_created_directly"],
        "a grant has never been used",
        place,
        &actor,
        Some(&key),
        &seen,
    );
}
