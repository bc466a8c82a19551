//! Access stories are incidents about who calls: from which account, with which credentials, and what was
//! refused.

use super::incidents::{Deed, Place, Stage};
use super::labels::FIRST_TIME_DAYS;
use super::telling::decrypt;

const DAY: i64 = 86_400;

/// Plants every story of its kind that the plan has room for.
pub(super) fn plant_all(stage: &mut Stage<'_>, home: Place, last: Place) {
    without_mfa(stage, home);
    from_elsewhere(stage, home);
    refused_administration(stage, last);
    looked_around(stage, last);
    if stage.days() > FIRST_TIME_DAYS {
        past_the_service(stage, last);
    }
}

/// A long-term access key disables one key and has another deleted.
fn without_mfa(stage: &mut Stage<'_>, place: Place) {
    let time = stage.recent(0.07);
    let actor = stage.user(place, "ops-legacy", None);
    let (disabled, doomed) = (stage.new_key(place, "reports"), stage.new_key(place, "exports"));
    let seen = [
        stage.change(place, time, &actor, &disabled, "DisableKey", ""),
        stage.schedule_deletion(place, time + 200, &actor, &doomed),
    ];
    let title = "a long-term access key administered two keys";
    stage.label_all(
        &["administration_without_mfa", "risky_permission_used"],
        title,
        place,
        &actor,
        None,
        &seen,
    );
    let first = ["key_disabled", "long_term_key_use"];
    stage.label_all(&first, title, place, &actor, Some(&disabled), &seen[..1]);
    let second = ["key_deletion_scheduled", "long_term_key_use"];
    stage.label_all(&second, title, place, &actor, Some(&doomed), &seen[1..]);
}

/// Somebody of an unknown account decrypts; only the key's owner logs it here.
fn from_elsewhere(stage: &mut Stage<'_>, place: Place) {
    let time = stage.recent(0.2);
    let actor = stage.stranger();
    let key = stage.new_key(place, "partner-feed");
    let seen: Vec<_> = (0..3)
        .map(|step| {
            let deed = Deed {
                shared_event_id: Some(stage.dice.uuid()),
                ..decrypt(&key, r#""dataset":"feed""#)
            };
            stage.act(place, time + step * 60, &actor, &deed)
        })
        .collect();
    let title = "an unknown account decrypted with a key";
    stage.label("cross_account_use", title, place, &actor, Some(&key), &seen);
}

/// Stolen workload credentials try to take a key over.
fn refused_administration(stage: &mut Stage<'_>, place: Place) {
    let time = stage.recent(0.26);
    let actor = stage.machine(place, "thumbnailer", time);
    let key = stage.new_key(place, "pictures");
    let seen = [
        stage.refused(place, time, &actor, &key, "PutKeyPolicy"),
        stage.refused(place, time + 15, &actor, &key, "ScheduleKeyDeletion"),
    ];
    let title = "a program was refused to administer a key";
    stage.label("denied_administration", title, place, &actor, Some(&key), &seen);
}

/// Somebody who never did so looks at eleven keys in five minutes.
fn looked_around(stage: &mut Stage<'_>, place: Place) {
    let time = stage.recent(0.32);
    let actor = stage.role(place, "SupportIntern", "bea.lowry", time, true);
    let seen: Vec<_> = (0..22)
        .map(|step| {
            let key = stage.key(place, super::estate::CUSTOMER_ALIASES[step / 2]);
            let (name, rest) = if step % 2 == 0 {
                ("DescribeKey", "")
            } else {
                ("GetKeyPolicy", r#","policyName":"default""#)
            };
            let deed = Deed {
                name,
                request: format!(r#"{{"keyId":"{}"{rest}}}"#, key.id),
                key: Some(key),
                read_only: true,
                ..Deed::default()
            };
            stage.act(place, time + step as i64 * 12, &actor, &deed)
        })
        .collect();
    let title = "somebody looked at eleven keys in five minutes";
    stage.label("key_enumeration", title, place, &actor, None, &seen);
}

/// For weeks only Secrets Manager used a key, and then somebody does so directly.
fn past_the_service(stage: &mut Stage<'_>, place: Place) {
    let days = stage.days().min(21) - 1;
    let time = stage.recent(0.44);
    let program = stage.machine(place, "booking-service", time - days * DAY);
    let key = stage.new_key(place, "booking-secrets");
    let secret = format!(
        r#""SecretARN":"arn:{}:secretsmanager:{}:{}:secret:booking/database-Kt4xQz""#,
        stage.estate.partition,
        stage.estate.regions[place.region].name,
        stage.account(place).id
    );
    let calls = super::context_stories::HABIT;
    for call in 1..=calls {
        let deed = Deed { via: "secretsmanager.amazonaws.com", ..decrypt(&key, &secret) };
        stage.act(place, time - call * days * DAY / calls - 3_600, &program, &deed);
    }
    let actor = stage.role(place, "BookingEngineer", "cy.abbot", time, true);
    let seen = [stage.decrypt(place, time, &actor, &key, &secret)];
    let title = "an engineer decrypted a secret without Secrets Manager";
    stage.label("service_key_used_directly", title, place, &actor, Some(&key), &seen);
}
