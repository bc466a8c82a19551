//! Material stories are incidents about key material that was made outside of KMS.

use super::actors::Actor;
use super::estate::Key;
use super::incidents::{Deed, Place, Stage};
use super::labels::Seen;
use super::telling::{Birth, clock};

const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;

/// Plants every story of its kind.
pub(super) fn plant_all(stage: &mut Stage<'_>, home: Place, last: Place) {
    deleted(stage, home);
    changed(stage, last);
    expiring(stage, home);
    introduced(stage, last);
}

fn external() -> Birth<'static> {
    Birth { origin: "EXTERNAL", ..Birth::default() }
}

/// An import; `rest` says what of it is new and when it ends.
fn import(
    stage: &mut Stage<'_>,
    place: Place,
    time: i64,
    actor: &Actor,
    key: &Key,
    rest: &str,
) -> Seen {
    let material = stage.dice.hex(64);
    let deed = Deed {
        name: "ImportKeyMaterial",
        request: format!(r#"{{"keyId":"{}"{rest}}}"#, key.arn),
        response: format!(r#"{{"keyId":"{}","keyMaterialId":"{material}"}}"#, key.arn),
        key: Some(key),
        ..Deed::default()
    };
    stage.act(place, time, actor, &deed)
}

const FOR_GOOD: &str = r#","expirationModel":"KEY_MATERIAL_DOES_NOT_EXPIRE""#;

/// The pipeline imports a key on the first day, for good.
fn imported(stage: &mut Stage<'_>, place: Place, hours: i64) -> Key {
    let pipeline = stage.pipeline(place);
    let key = stage.new_key(place, "imported");
    let time = stage.start + hours * HOUR;
    stage.create_key(place, time, &pipeline, &key, external());
    import(stage, place, time + 400, &pipeline, &key, FOR_GOOD);
    key
}

/// An operator deletes material that only its owner can bring back.
fn deleted(stage: &mut Stage<'_>, place: Place) {
    let key = imported(stage, place, 2);
    let time = stage.recent(0.21);
    let actor = stage.role(place, "MaterialOperator", "fay.winter", time, true);
    let seen = [stage.change(place, time, &actor, &key, "DeleteImportedKeyMaterial", "")];
    stage.label_all(
        &["imported_material_deleted", "risky_permission_used"],
        "an operator deleted imported material",
        place,
        &actor,
        Some(&key),
        &seen,
    );
}

/// Somebody else than usual imports other material.
fn changed(stage: &mut Stage<'_>, place: Place) {
    let key = imported(stage, place, 3);
    let time = stage.recent(0.29);
    let actor = stage.role(place, "MaterialEngineer", "gil.sommer", time, true);
    let rest = format!(r#"{FOR_GOOD},"importType":"NEW_KEY_MATERIAL""#);
    let seen = [import(stage, place, time, &actor, &key, &rest)];
    stage.label_all(
        &["imported_material_changed", "risky_permission_used"],
        "an engineer imported other material into a key",
        place,
        &actor,
        Some(&key),
        &seen,
    );
}

/// Material that was imported for a while comes to its end.
fn expiring(stage: &mut Stage<'_>, place: Place) {
    let pipeline = stage.pipeline(place);
    let key = stage.new_key(place, "seasonal");
    let time = stage.start + 4 * HOUR;
    stage.create_key(place, time, &pipeline, &key, external());
    let until = clock(stage.end + 10 * DAY);
    let rest = format!(r#","expirationModel":"KEY_MATERIAL_EXPIRES","validTo":"{until}""#);
    let seen = [import(stage, place, time + 400, &pipeline, &key, &rest)];
    stage.label(
        "imported_material_expiring",
        "imported material ends in ten days",
        place,
        &pipeline,
        Some(&key),
        &seen,
    );
}

/// An engineer makes a key for material from outside, where nobody else does.
fn introduced(stage: &mut Stage<'_>, place: Place) {
    let time = stage.recent(0.37);
    let actor = stage.role(place, "IntegrationArchitect", "ned.hollis", time, true);
    let key = stage.new_key(place, "brought-along");
    let seen = [stage.create_key(place, time, &actor, &key, external())];
    stage.label_all(
        &["external_key_material_introduced", "key_created_by_unexpected_actor"],
        "an engineer made a key for material from outside",
        place,
        &actor,
        Some(&key),
        &seen,
    );
}
