//! Foreign key stories are incidents in which data ends up under a key of an account that nobody here knows.

use super::incidents::{Deed, Place, Stage};
use super::telling::decrypt;

/// Plants every story of foreign keys.
pub(super) fn plant_all(stage: &mut Stage<'_>, home: Place, last: Place) {
    objects_taken(stage, home);
    ciphertexts_moved(stage, last);
    objects_copied(stage, home);
    default_changed(stage, last);
}

fn object_context(stage: &Stage<'_>, bucket: &str, object: usize) -> String {
    format!(r#""aws:s3:arn":"arn:{}:s3:::{bucket}/2026/{object}.csv""#, stage.estate.partition)
}

/// Objects that were under an own key are written again under a foreign one.
fn objects_taken(stage: &mut Stage<'_>, place: Place) {
    let time = stage.recent(0.45);
    let bucket = format!("claims-{}", stage.account(place).id);
    let reader = stage.machine(place, "claims-reader", time);
    let (own, foreign) = (stage.new_key(place, "claims"), stage.foreign_key(place));
    let context = object_context(stage, &bucket, 0);
    let read = Deed { via: "AWS Internal", ..decrypt(&own, &context) };
    stage.act(place, time - 1_800, &reader, &read);
    let actor = stage.role(place, "StorageMaintenance", "job-17", time, false);
    let seen: Vec<_> = (0..50)
        .map(|object| {
            let context = object_context(stage, &bucket, object);
            let deed = Deed {
                name: "GenerateDataKey",
                via: "AWS Internal",
                request: format!(
                    r#"{{"keyId":"{}","keySpec":"AES_256","encryptionContext":{{{context}}}}}"#,
                    foreign.arn
                ),
                key: Some(&foreign),
                read_only: true,
                ..Deed::default()
            };
            stage.act(place, time + object as i64 * 7, &actor, &deed)
        })
        .collect();
    stage.label(
        "data_encrypted_under_foreign_key",
        "objects of a bucket were encrypted under a foreign key",
        place,
        &actor,
        Some(&foreign),
        &seen,
    );
}

/// Ciphertexts are moved from an own key to a foreign one.
fn ciphertexts_moved(stage: &mut Stage<'_>, place: Place) {
    let time = stage.recent(0.7);
    let actor = stage.role(place, "ExportEngineer", "remy.stone", time, true);
    let (own, foreign) = (stage.new_key(place, "tokens"), stage.foreign_key(place));
    let both = format!(
        "[{},{}]",
        own.resources.trim_matches(['[', ']']),
        foreign.resources.trim_matches(['[', ']'])
    );
    let seen: Vec<_> = (0..3)
        .map(|step| {
            let deed = Deed {
                name: "ReEncrypt",
                request: format!(
                    r#"{{"sourceEncryptionAlgorithm":"SYMMETRIC_DEFAULT","sourceEncryptionContext":{{"part":"{step}"}},"destinationKeyId":"{}","destinationEncryptionAlgorithm":"SYMMETRIC_DEFAULT","destinationEncryptionContext":{{"part":"{step}"}}}}"#,
                    foreign.arn
                ),
                resources: both.clone(),
                read_only: true,
                ..Deed::default()
            };
            stage.act(place, time + step * 40, &actor, &deed)
        })
        .collect();
    stage.label_all(
        &["reencrypt_to_foreign_key", "data_encrypted_under_foreign_key"],
        "ciphertexts were moved to a foreign key",
        place,
        &actor,
        Some(&foreign),
        &seen,
    );
}

/// The objects of a bucket are copied onto themselves, naming a foreign key.
fn objects_copied(stage: &mut Stage<'_>, place: Place) {
    let time = stage.recent(0.74);
    let actor = stage.role(place, "ArchiveMaintenance", "job-4", time, false);
    let foreign = stage.foreign_key(place);
    let bucket = format!("archive-{}", stage.account(place).id);
    let region = stage.estate.regions[place.region].name;
    let domain = stage.estate.partition.domain();
    let (partition, account) = (stage.estate.partition, &stage.account(place).id);
    let encryption = format!(
        r#""x-amz-server-side-encryption":"aws:kms","x-amz-server-side-encryption-aws-kms-key-id":"{}""#,
        foreign.arn
    );
    let seen: Vec<_> = (0..20)
        .map(|number| {
            let object = format!("2026/{number}.csv");
            let deed = Deed {
                name: "CopyObject",
                source: "s3.amazonaws.com",
                request: format!(
                    r#"{{"bucketName":"{bucket}","Host":"{bucket}.s3.{region}.{domain}","key":"{object}",{encryption},"x-amz-copy-source":"/{bucket}/{object}"}}"#
                ),
                response: format!("{{{encryption}}}"),
                additional: r#"{"SignatureVersion":"SigV4","SSEApplied":"SSE_KMS"}"#.to_owned(),
                resources: format!(
                    r#"[{{"type":"AWS::S3::Object","ARN":"arn:{partition}:s3:::{bucket}/{object}"}},{{"accountId":"{account}","type":"AWS::S3::Bucket","ARN":"arn:{partition}:s3:::{bucket}"}}]"#
                ),
                category: "Data",
                ..Deed::default()
            };
            stage.act(place, time + number * 5, &actor, &deed)
        })
        .collect();
    stage.label(
        "s3_copy_under_foreign_key",
        "objects were copied onto themselves under a foreign key",
        place,
        &actor,
        Some(&foreign),
        &seen,
    );
}

/// A bucket is told to encrypt under a foreign key from now on.
fn default_changed(stage: &mut Stage<'_>, place: Place) {
    let time = stage.recent(0.79);
    let actor = stage.role(place, "StorageEngineer", "kai.moss", time, true);
    let foreign = stage.foreign_key(place);
    let (partition, account) = (stage.estate.partition, &stage.account(place).id);
    let region = stage.estate.regions[place.region].name;
    let domain = stage.estate.partition.domain();
    let bucket = format!("statements-{account}");
    let deed = Deed {
        name: "PutBucketEncryption",
        source: "s3.amazonaws.com",
        request: format!(
            r#"{{"bucketName":"{bucket}","Host":"{bucket}.s3.{region}.{domain}","encryption":"","ServerSideEncryptionConfiguration":{{"xmlns":"http://s3.amazonaws.com/doc/2006-03-01/","Rule":{{"ApplyServerSideEncryptionByDefault":{{"SSEAlgorithm":"aws:kms","KMSMasterKeyID":"{}"}},"BucketKeyEnabled":true}}}}}}"#,
            foreign.arn
        ),
        resources: format!(
            r#"[{{"accountId":"{account}","type":"AWS::S3::Bucket","ARN":"arn:{partition}:s3:::{bucket}"}}]"#
        ),
        ..Deed::default()
    };
    let seen = [stage.act(place, time, &actor, &deed)];
    stage.label(
        "default_encryption_changed",
        "a bucket encrypts under a foreign key by default",
        place,
        &actor,
        Some(&foreign),
        &seen,
    );
}
