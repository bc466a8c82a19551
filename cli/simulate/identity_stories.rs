//! Identity stories are incidents about who uses a key and what they showed.

use super::incidents::{Deed, Place, Stage};

const EXPORT: &str = r#""purpose":"export""#;

/// Plants every identity story.
pub(super) fn plant_all(stage: &mut Stage<'_>, home: Place, last: Place) {
    without_mfa(stage, home);
    long_term_key(stage, last);
    root(stage, last);
    administrator_reads(stage, home);
}

/// A person signs in to the console without MFA and decrypts.
fn without_mfa(stage: &mut Stage<'_>, place: Place) {
    let time = stage.recent(0.5);
    let actor = stage.user(place, "sam.keller", Some(time));
    let login = Deed {
        name: "ConsoleLogin",
        source: "signin.amazonaws.com",
        event_type: "AwsConsoleSignIn",
        response: r#"{"ConsoleLogin":"Success"}"#.to_owned(),
        additional: r#"{"LoginTo":"https://console.aws.amazon.com/console/home","MobileVersion":"No","MFAUsed":"No"}"#.to_owned(),
        ..Deed::default()
    };
    stage.act(place, time, &actor, &login);
    let key = stage.new_key(place, "contracts");
    let seen: Vec<_> =
        (1..=3).map(|step| stage.decrypt(place, time + step * 240, &actor, &key, EXPORT)).collect();
    stage.label(
        "decrypt_without_mfa",
        "a console user without MFA decrypted",
        place,
        &actor,
        Some(&key),
        &seen,
    );
}

/// A leaked long-term access key decrypts directly.
fn long_term_key(stage: &mut Stage<'_>, place: Place) {
    let time = stage.recent(0.56);
    let actor = stage.user(place, "report-export", None);
    let key = stage.new_key(place, "surveys");
    let seen: Vec<_> =
        (0..4).map(|step| stage.decrypt(place, time + step * 31, &actor, &key, EXPORT)).collect();
    stage.label_all(
        &["decrypt_without_mfa", "long_term_key_use"],
        "a long-term access key decrypted",
        place,
        &actor,
        Some(&key),
        &seen,
    );
}

/// The root user looks at a key and renames it.
fn root(stage: &mut Stage<'_>, place: Place) {
    let time = stage.recent(0.63);
    let actor = stage.root(place, time);
    let key = stage.key(place, "platform-config");
    let request = format!(r#"{{"keyId":"{}"}}"#, key.id);
    let look =
        Deed { name: "DescribeKey", request, key: Some(key), read_only: true, ..Deed::default() };
    let request = format!(r#"{{"keyId":"{}","description":"reviewed"}}"#, key.id);
    let change = Deed { name: "UpdateKeyDescription", request, key: Some(key), ..Deed::default() };
    let seen =
        [stage.act(place, time, &actor, &look), stage.act(place, time + 40, &actor, &change)];
    stage.label(
        "root_used_kms",
        "the root user changed a key's description",
        place,
        &actor,
        Some(key),
        &seen,
    );
}

/// One operator turns on rotation for a key, and then decrypts with it.
fn administrator_reads(stage: &mut Stage<'_>, place: Place) {
    let time = stage.recent(0.84);
    let actor = stage.role(place, "PlatformOperator", "kim.ward", time, true);
    let key = stage.new_key(place, "refunds");
    let request = format!(r#"{{"keyId":"{}","rotationPeriodInDays":365}}"#, key.id);
    let response = format!(r#"{{"keyId":"{}"}}"#, key.arn);
    let rotate =
        Deed { name: "EnableKeyRotation", request, response, key: Some(&key), ..Deed::default() };
    let mut seen = vec![stage.act(place, time, &actor, &rotate)];
    for step in 1..=2 {
        seen.push(stage.decrypt(place, time + step * 600, &actor, &key, EXPORT));
    }
    stage.label(
        "administrator_uses_key",
        "an operator administers and decrypts",
        place,
        &actor,
        Some(&key),
        &seen,
    );
}
