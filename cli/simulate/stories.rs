//! Stories are the incidents themselves: each is told by one actor, and labelled for every detection
//! that should see it.

use super::estate::Key;
use super::incidents::{Deed, Place, Stage};
use super::policy::{escaped, policy_with};
use super::roster::moment;

/// Plants every story that the plan has room for.
pub(super) fn plant_all(stage: &mut Stage<'_>) {
    let home = Place { account: 0, region: 0 };
    let last = Place { account: stage.estate.accounts.len() - 1, region: 0 };
    let away = Place { account: 0, region: 1 };
    open_policy(stage, last);
    doomed_keys(stage, away);
    super::grant_stories::plant_all(stage, home, last);
    super::identity_stories::plant_all(stage, home, last);
    denials(stage, home);
    super::policy_stories::plant_all(stage, home, last);
    super::guardrail_stories::plant_all(stage, home, away);
    super::grantee_stories::plant_all(stage, home, last);
    super::foreign_key_stories::plant_all(stage, home, last);
    super::context_stories::plant_all(stage, home, last);
    super::duty_stories::plant_all(stage, home, last);
    super::material_stories::plant_all(stage, home, last);
    super::key_stories::plant_all(stage, home, last);
    super::doom_stories::plant_all(stage, home, last, away);
    super::access_stories::plant_all(stage, home, last);
    super::path_stories::plant_all(stage, home, last);
    super::trail_stories::plant_all(stage, home, last);
}

/// A developer opens a key to the world "for a test".
fn open_policy(stage: &mut Stage<'_>, place: Place) {
    let time = stage.recent(0.2);
    let actor = stage.role(
        place,
        "aws-reserved/sso.amazonaws.com/AWSReservedSSO_PowerUser_0f1e2d3c4b5a6978",
        "robin.hale@example.com",
        time,
        false,
    );
    let key = stage.key(place, "partner-exports");
    let account = &stage.account(place).id;
    let statement = r#"{"Sid": "TemporaryPartnerTest", "Effect": "Allow", "Principal": "*", "Action": ["kms:Decrypt", "kms:DescribeKey"], "Resource": "*"}"#;
    let policy = escaped(&policy_with(stage.estate.partition, account, statement));
    let request = format!(
        r#"{{"keyId":"{}","policyName":"default","policy":"{policy}","bypassPolicyLockoutSafetyCheck":false}}"#,
        key.id
    );
    let deed = Deed { name: "PutKeyPolicy", request, key: Some(key), ..Deed::default() };
    let seen = [stage.act(place, time, &actor, &deed)];
    for (detection, title) in [
        ("risky_permission_used", "a developer put a key policy"),
        ("key_policy_changed", "a statement was added to a key policy"),
        ("key_policy_open_to_anyone", "anyone may decrypt with a key"),
        ("administration_without_mfa", "nothing shows that a developer used MFA"),
    ] {
        stage.label(detection, title, place, &actor, Some(key), &seen);
    }
}

/// Someone who leaves disables one key and has another deleted after the shortest wait.
fn doomed_keys(stage: &mut Stage<'_>, place: Place) {
    let time = stage.recent(0.35);
    let (disabled, doomed) =
        (stage.key(place, "legacy-archive"), stage.key(place, "legacy-reports"));
    earlier_use(stage, place, time, doomed);
    let actor = stage.role(place, "LegacyPlatformOperator", "casey.moss", time, true);
    let request = format!(r#"{{"keyId":"{}"}}"#, disabled.id);
    let response = format!(r#"{{"keyId":"{}"}}"#, disabled.arn);
    let disable =
        Deed { name: "DisableKey", request, response, key: Some(disabled), ..Deed::default() };
    let disable = stage.act(place, time, &actor, &disable);
    let until = moment(time + 300 + 7 * 86_400).format("%b %-d, %Y, %-I:%M:%S %p");
    let request = format!(r#"{{"keyId":"{}","pendingWindowInDays":7}}"#, doomed.id);
    let response = format!(
        r#"{{"keyId":"{}","keyState":"PendingDeletion","deletionDate":"{until}","pendingWindowInDays":7}}"#,
        doomed.arn
    );
    let schedule = Deed {
        name: "ScheduleKeyDeletion",
        request,
        response,
        key: Some(doomed),
        ..Deed::default()
    };
    let schedule = stage.act(place, time + 300, &actor, &schedule);
    stage.label(
        "key_disabled",
        "a key was disabled and stays so",
        place,
        &actor,
        Some(disabled),
        std::slice::from_ref(&disable),
    );
    stage.label(
        "key_deletion_scheduled",
        "a key in use is to be deleted in 7 days",
        place,
        &actor,
        Some(doomed),
        std::slice::from_ref(&schedule),
    );
    stage.label(
        "risky_permission_used",
        "an operator disabled a key and scheduled a deletion",
        place,
        &actor,
        None,
        &[disable, schedule],
    );
}

/// Stolen workload credentials try one key after the other.
fn denials(stage: &mut Stage<'_>, place: Place) {
    const ALIASES: [&str; 6] = [
        "orders-data",
        "payments-data",
        "customer-documents",
        "analytics-lake",
        "backup-vault",
        "logs-archive",
    ];
    let time = stage.recent(0.7);
    let (name, session) = ("image-resizer", "i-0f9e8d7c6b5a43210");
    let actor = stage.role(place, &format!("service/{name}"), session, time, false);
    let (partition, account) = (stage.estate.partition, &stage.account(place).id);
    let seen: Vec<_> = (0..42)
        .map(|step| {
            let key = stage.key(place, ALIASES[step % ALIASES.len()]);
            let message = format!(
                "User: arn:{partition}:sts::{account}:assumed-role/{name}/{session} is not authorized to perform: kms:Decrypt on resource: {} because no identity-based policy allows the kms:Decrypt action",
                key.arn
            );
            let deed = Deed { name: "Decrypt", error: Some(("AccessDenied", message)), read_only: true, ..Deed::default() };
            stage.act(place, time + step as i64 * 13, &actor, &deed)
        })
        .collect();
    stage.label(
        "denied_burst",
        "a workload was denied on six keys in nine minutes",
        place,
        &actor,
        None,
        &seen,
    );
}

/// A nightly reader shows that the key about to go is in use.
fn earlier_use(stage: &mut Stage<'_>, place: Place, time: i64, doomed: &Key) {
    let archive = stage.role(place, "service/archive-reader", "i-0a1b2c3d4e5f60718", time, false);
    for day in 1..stage.days().min(9) {
        let request = format!(
            r#"{{"encryptionAlgorithm":"SYMMETRIC_DEFAULT","encryptionContext":{{"aws:s3:arn":"arn:{}:s3:::legacy-reports-{}/{day}.bin"}}}}"#,
            stage.estate.partition,
            stage.account(place).id
        );
        let deed = Deed {
            name: "Decrypt",
            via: "AWS Internal",
            request,
            key: Some(doomed),
            read_only: true,
            ..Deed::default()
        };
        stage.act(place, time - day * 86_400, &archive, &deed);
    }
}
