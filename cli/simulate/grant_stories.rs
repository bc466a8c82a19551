//! Grant stories are incidents about grants that people make directly.

use super::estate::{FOREIGN_ACCOUNT, Key};
use super::incidents::{Deed, Place, Stage};
use super::labels::Seen;

/// Covered days that the stale grant needs; below, nobody can call it stale.
const STALE_AFTER_DAYS: i64 = 95;

/// Plants every grant story that the plan has room for.
pub(super) fn plant_all(stage: &mut Stage<'_>, home: Place, last: Place) {
    foreign_grant(stage, last);
    double_grant(stage, home);
    if stage.days() > STALE_AFTER_DAYS {
        forgotten_grant(stage, home);
    }
}

/// A `CreateGrant`; an empty context is no constraint.
pub(super) fn create_grant<'a>(
    stage: &mut Stage<'_>,
    key: &'a Key,
    grantee: &str,
    operations: &str,
    context: &str,
) -> Deed<'a> {
    let constraint = if context.is_empty() {
        String::new()
    } else {
        format!(r#","constraints":{{"encryptionContextSubset":{{{context}}}}}"#)
    };
    let grant_id = stage.dice.hex(64);
    Deed {
        name: "CreateGrant",
        request: format!(
            r#"{{"keyId":"{}","granteePrincipal":"{grantee}","operations":[{operations}]{constraint}}}"#,
            key.id
        ),
        response: format!(r#"{{"grantId":"{grant_id}","keyId":"{}"}}"#, key.arn),
        key: Some(key),
        ..Deed::default()
    }
}

/// An integration is set up for a vendor, who may pass the grant on.
fn foreign_grant(stage: &mut Stage<'_>, place: Place) {
    let time = stage.recent(0.1);
    let actor = stage.role(place, "IntegrationEngineer", "alex.reed", time, true);
    let key = stage.key(place, "partner-exports");
    let grantee = format!("arn:{}:iam::{FOREIGN_ACCOUNT}:role/vendor-sync", stage.estate.partition);
    let deed = create_grant(
        stage,
        key,
        &grantee,
        r#""Decrypt","GenerateDataKey","CreateGrant""#,
        r#""dataset":"exports""#,
    );
    let seen = [stage.act(place, time, &actor, &deed)];
    for (detection, title) in [
        ("grant_to_external_account", "a role of a foreign account was given a key"),
        ("grant_delegates_granting", "the grantee may give the key on"),
        ("risky_permission_used", "an engineer created a grant directly"),
        ("grant_created_directly", "an engineer created a grant directly"),
    ] {
        stage.label(detection, title, place, &actor, Some(key), &seen);
    }
}

/// A script without names for its grants runs twice.
fn double_grant(stage: &mut Stage<'_>, place: Place) {
    let time = stage.recent(0.28);
    let actor = stage.role(place, "GrantScripting", "jamie.fox", time, true);
    let key = stage.key(place, "orders-data");
    let grantee = format!(
        "arn:{}:iam::{}:role/service/orders-service",
        stage.estate.partition,
        stage.account(place).id
    );
    let seen: Vec<Seen> = [0, 1_500]
        .into_iter()
        .map(|later| {
            let deed = create_grant(
                stage,
                key,
                &grantee,
                r#""Decrypt","Encrypt""#,
                r#""purpose":"orders-data""#,
            );
            stage.act(place, time + later, &actor, &deed)
        })
        .collect();
    stage.label(
        "duplicate_grant",
        "the same grant was made twice",
        place,
        &actor,
        Some(key),
        &seen,
    );
    stage.label_all(
        &["risky_permission_used", "grant_created_directly"],
        "a script created grants directly",
        place,
        &actor,
        Some(key),
        &seen,
    );
}

/// A grant of the first day is used for an hour and then never again.
fn forgotten_grant(stage: &mut Stage<'_>, place: Place) {
    let time = stage.start + 3 * 3_600;
    let actor = stage.role(place, "MigrationEngineer", "toni.berg", time, true);
    let key = stage.key(place, "backup-vault");
    let path = "service/migration-reader";
    let reader = stage.role(place, path, "i-0123456789abcdef0", time, false);
    let reader_arn = reader.arn.clone();
    let deed = create_grant(stage, key, &reader_arn, r#""Decrypt""#, r#""purpose":"migration""#);
    let seen = [stage.act(place, time, &actor, &deed)];
    for step in 1..=3 {
        let request = r#"{"encryptionAlgorithm":"SYMMETRIC_DEFAULT","encryptionContext":{"purpose":"migration"}}"#;
        let used = Deed {
            name: "Decrypt",
            request: request.to_owned(),
            key: Some(key),
            read_only: true,
            ..Deed::default()
        };
        stage.act(place, time + step * 1_100, &reader, &used);
    }
    stage.label(
        "stale_grant",
        "a grant has not been used since its first day",
        place,
        &actor,
        Some(key),
        &seen,
    );
    stage.label(
        "risky_permission_used",
        "an engineer created a grant directly",
        place,
        &actor,
        Some(key),
        &seen,
    );
}
