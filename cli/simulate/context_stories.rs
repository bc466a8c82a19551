//! Context stories are incidents about what a call shows beside its key: encryption context, attestation,
//! a dry run.

use super::estate::Key;
use super::incidents::{Deed, Place, Stage};
use super::labels::FIRST_TIME_DAYS;
use super::telling::decrypt;

const DAY: i64 = 86_400;
/// Calls that make a habit.
pub(super) const HABIT: i64 = 110;

/// Plants every story of its kind that the plan has room for.
pub(super) fn plant_all(stage: &mut Stage<'_>, home: Place, last: Place) {
    context_probed(stage, home);
    debug_enclave(stage, last);
    dry_runs(stage, home);
    if stage.days() >= 5 {
        context_missing(stage, home);
    }
    if stage.days() > FIRST_TIME_DAYS + 3 {
        other_image(stage, last);
    }
}

/// Everyone names a tenant; one engineer does not.
fn context_missing(stage: &mut Stage<'_>, place: Place) {
    let time = stage.recent(0.36);
    let begin = time - 4 * DAY;
    let program = stage.machine(place, "profile-service", begin);
    let key = stage.new_key(place, "profiles");
    for call in 0..HABIT {
        let context = format!(r#""tenant":"t-{}""#, call % 17);
        stage.decrypt(place, begin + call * 3_000, &program, &key, &context);
    }
    let actor = stage.role(place, "ProfileEngineer", "ada.frost", time, true);
    let seen = [stage.decrypt(place, time, &actor, &key, "")];
    stage.label(
        "decrypt_without_context",
        "an engineer decrypted without the usual context",
        place,
        &actor,
        Some(&key),
        &seen,
    );
}

/// Somebody guesses at the context of a ciphertext.
fn context_probed(stage: &mut Stage<'_>, place: Place) {
    let time = stage.recent(0.41);
    let actor = stage.role(place, "DataAnalyst", "theo.marsh", time, true);
    let key = stage.new_key(place, "medical-records");
    let seen: Vec<_> = (0..12)
        .map(|step| {
            let context = format!(r#""patient":"{}""#, 4_000 + step * 7);
            let deed = Deed {
                additional: String::new(),
                error: Some(("InvalidCiphertextException", String::new())),
                ..decrypt(&key, &context)
            };
            stage.act(place, time + step * 70, &actor, &deed)
        })
        .collect();
    stage.label(
        "context_probing",
        "an analyst tried twelve contexts in a quarter of an hour",
        place,
        &actor,
        Some(&key),
        &seen,
    );
}

/// A `Decrypt` for an enclave whose image has this digest.
fn attested<'a>(key: &'a Key, image: &str, rest: &str) -> Deed<'a> {
    let enclave = "i-0123456789abcdef0-enc0123456789abcde0";
    Deed {
        additional: format!(
            r#"{{"recipient":{{"attestationDocumentModuleId":"{enclave}","attestationDocumentEnclaveImageDigest":"{image}","attestationDocumentEnclavePCR1":"{rest}","attestationDocumentEnclavePCR2":"{rest}"}}}}"#
        ),
        ..decrypt(key, r#""purpose":"enclave""#)
    }
}

fn digest(stage: &mut Stage<'_>) -> String {
    stage.dice.text(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", 64)
}

/// An enclave in debug mode, whose memory its host may read, decrypts.
fn debug_enclave(stage: &mut Stage<'_>, place: Place) {
    let time = stage.recent(0.27);
    let actor = stage.machine(place, "card-vault", time);
    let key = stage.new_key(place, "cards");
    let zeros = "A".repeat(64);
    let seen = [stage.act(place, time, &actor, &attested(&key, &zeros, &zeros))];
    stage.label(
        "enclave_debug_attestation",
        "an enclave in debug mode decrypted",
        place,
        &actor,
        Some(&key),
        &seen,
    );
}

/// For weeks one image decrypts, and then another.
fn other_image(stage: &mut Stage<'_>, place: Place) {
    let time = stage.recent(0.57);
    let actor = stage.machine(place, "claims-enclave", time - 17 * DAY);
    let key = stage.new_key(place, "enclave-data");
    let (usual, other, rest) = (digest(stage), digest(stage), digest(stage));
    for day in 1..=17 {
        stage.act(place, time - day * DAY, &actor, &attested(&key, &usual, &rest));
    }
    let seen = [stage.act(place, time, &actor, &attested(&key, &other, &rest))];
    stage.label(
        "enclave_image_unexpected",
        "an enclave with another image decrypted",
        place,
        &actor,
        Some(&key),
        &seen,
    );
}

/// Somebody tries what would be allowed, without doing it.
fn dry_runs(stage: &mut Stage<'_>, place: Place) {
    let time = stage.recent(0.49);
    let actor = stage.role(place, "ReviewTooling", "mika.stern", time, true);
    let seen: Vec<_> = (0..3)
        .map(|step| {
            let key = stage.new_key(place, "reviewed");
            let message = "The request would have succeeded, but the DryRun option is set.";
            let deed = Deed {
                name: "Decrypt",
                request: format!(
                    r#"{{"keyId":"{}","encryptionAlgorithm":"SYMMETRIC_DEFAULT","dryRun":true}}"#,
                    key.arn
                ),
                error: Some(("DryRunOperationException", message.to_owned())),
                key: Some(&key),
                read_only: true,
                ..Deed::default()
            };
            stage.act(place, time + step * 20, &actor, &deed)
        })
        .collect();
    stage.label(
        "dry_run_probing",
        "somebody tried permissions on three keys by dry runs",
        place,
        &actor,
        None,
        &seen,
    );
}
